"""One row of each data set's shape: what is read from it, and that its tests tell right programs from wrong ones."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from verl_egca.data.formats import load_problems
from verl_egca.data.row_problem import SHAPES, RowPlace, problem_of_row, reading_of_row

from .shape_rows import EXAMPLES

each = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


@each
def test_a_row_is_read_by_its_shape(example):
    problem = problem_of_row(example.row, RowPlace(task="x"))
    assert reading_of_row(example.row, RowPlace(task="x")).shape == example.shape
    assert (problem.tests.kind, problem.entry_point) == (example.kind, example.entry_point)
    assert problem.prompt
    assert (problem.reference is not None) == example.has_reference
    assert not example.has_reference or problem.reference in reading_of_row(example.row, RowPlace(task="x")).references


@each
def test_its_tests_tell_a_right_program_from_a_wrong_one(example, sandbox):
    problem = problem_of_row(example.row, RowPlace(task="x"))
    for right in {example.right, problem.reference or example.right}:
        verdict = sandbox.run(problem, right)
        assert verdict.passed, verdict
    assert not sandbox.run(problem, example.wrong).passed


@each
def test_parquet_and_json_lines_hold_the_same_row(example, tmp_path):
    """Parquet has every key of its columns in every row, with null where a row lacks it."""
    (tmp_path / "rows.jsonl").write_text(json.dumps(example.row))
    rows = [example.row, {"fn_name": "other", "difficulty": None, "metadata_": {"deep": [None]}}]
    names = dict.fromkeys(key for row in rows for key in row)
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names})[:1], tmp_path / "rows.parquet")
    (line,), (parquet,) = load_problems(tmp_path / "rows.jsonl"), load_problems(tmp_path / "rows.parquet")
    assert line.model_copy(update={"task_id": ""}) == parquet.model_copy(update={"task_id": ""})


def test_every_shape_has_a_row_here():
    assert {example.shape for example in EXAMPLES} == {*SHAPES, "egca"}
