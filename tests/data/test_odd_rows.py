"""Any row, however odd, ends in a problem or in one line that names file, row and key."""

import copy
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verl_egca.data.prepare import prepare
from verl_egca.data.row_problem import RowPlace, problem_of_row, reading_of_row, task_id_of_row
from verl_egca.data.rows import BadInput
from verl_egca.problem import Problem

from .shape_rows import EXAMPLES

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([10**30, 10**5000, -(2**64), 0.5, math.nan, math.inf, 1e308]),
    st.sampled_from(["", " ", "\x00", "\ud800", "é漢", "nan", "null", "None", "True", "[", "{", '"', "[1]", "{}", "(1, 2)"]),
    st.sampled_from(["def f(x): return x", "print 1", "assert f(1) == 1", "```python\nx\n```", "1" * 5000, "[" * 3000, "()" * 9]),
    st.sampled_from([[], {}, [None], [[]], [{}], {"": 1}, {"a": {"b": [1]}}, ["x", 1], [["x"]], [{"input": 1, "output": 2}]]),
    st.sampled_from([b"", b"\xff", (1, 2), {1, 2}, {1: 2}, object(), 1j]),
    st.sampled_from([np.array([]), np.array([1, 2]), np.float32(1.5), np.bool_(True), np.str_("a"), np.datetime64("2024-01-01")]),
    st.builds(lambda: np.array([{"input": "1", "output": np.array(["2"])}, None], dtype=object)),
    st.text(max_size=8),
    st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=8),
)  # fmt: skip
KEYS = sorted(
    {key for example in EXAMPLES for key in example.row}
    | set(
        "fn_name checker interactive language inputs outputs metadata starter_code task_id id assert_case functional".split()
    )
    | set("pytest input_file time_limit split messages tests type testtype".split())
)
ROOT = "(the whole)"
MANY = settings.get_current_profile_name() == "search"


@st.composite
def odd_rows(draw):
    row = copy.deepcopy(draw(st.sampled_from(EXAMPLES)).row)
    for _ in range(draw(st.integers(1, 4))):
        holder = {ROOT: row}
        _change(draw, holder, ROOT)
        row = holder[ROOT] if isinstance(holder[ROOT], dict) else row
    return row


def _change(draw, holder, key):
    """Change something at a random depth below ``holder[key]``, within JSON text, too."""
    value = holder[key]
    if isinstance(value, str) and draw(st.booleans()):
        try:
            inner = {ROOT: json.loads(value)}
        except (ValueError, RecursionError):
            pass
        else:
            _change(draw, inner, ROOT)
            holder[key] = _text(inner[ROOT])
            return
    if isinstance(value, dict | list) and value and draw(st.integers(0, 4)):
        where = draw(st.sampled_from(sorted(value, key=str) if isinstance(value, dict) else range(len(value))))
        _change(draw, value, where)
        return
    match draw(st.integers(0, 5)):
        case 0 if isinstance(holder, dict) and key is not ROOT:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[draw(st.sampled_from(KEYS))] = holder[key]
        case 2:
            holder[key] = _text(value)
        case 3 if isinstance(value, dict):
            value[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(ODD))
        case 4:
            holder[key] = np.array([value], dtype=object) if draw(st.booleans()) else [value, value]
        case _:
            holder[key] = copy.deepcopy(draw(ODD))


def _text(value):
    try:
        return json.dumps(value, default=repr)
    except ValueError:
        return "?"


def outcome(call):
    """What it gives, or the error that it ends in."""
    try:
        return call(), None
    except BadInput as error:
        return None, error


@given(odd_rows())
@settings(max_examples=10_000 if MANY else 300, suppress_health_check=list(HealthCheck))
def test_an_odd_row_ends_in_a_problem_or_in_one_line(row):
    path = Path("rows.jsonl")
    assert isinstance(task_id_of_row(row), str)
    read, error = outcome(lambda: reading_of_row(row, RowPlace(path, 7)))
    if error is not None:
        assert str(error).startswith(f"{path}, row 7")
        assert "\n" not in str(error)
        assert len(str(error)) < 1500
    elif (problem := read.problem) is None:
        assert (read.shape, read.references) == ("no program tests", ())
    else:
        assert read.shape != "no program tests"
        assert all(isinstance(text, str) for text in read.references)
        assert Problem.model_validate_json(problem.model_dump_json()).model_dump_json() == problem.model_dump_json()


@given(st.lists(odd_rows(), min_size=1, max_size=4), st.booleans())
@settings(max_examples=1000 if MANY else 60, suppress_health_check=list(HealthCheck))
def test_a_file_of_odd_rows_is_prepared_or_refused(tmp_path_factory, rows, skip_bad):
    path = tmp_path_factory.mktemp("odd") / "rows.jsonl"
    path.write_text("".join(_text(row) + "\n" for row in rows))
    prepared, error = outcome(lambda: prepare(path, path.parent / "out", skip_bad=skip_bad))
    found = {file.name for file in path.parent.glob("out/*")}
    if error is not None:
        assert "\n" not in str(error)
        assert not found
    else:
        assert sum(prepared.written.values()) + sum(prepared.skipped.values()) <= len(rows)
        assert found == {f"{split}.parquet" for split in prepared.written}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_row_of_a_data_loader_is_read_as_well(example):
    """verl gives lists as arrays."""

    def loaded(value):
        if isinstance(value, list):
            array = np.empty(len(value), dtype=object)
            array[:] = [loaded(item) for item in value]
            return array
        return {key: loaded(item) for key, item in value.items()} if isinstance(value, dict) else value

    assert problem_of_row(loaded(example.row), RowPlace(task="x")) == problem_of_row(example.row, RowPlace(task="x"))
