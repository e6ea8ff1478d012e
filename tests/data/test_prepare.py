"""A file of rows becomes the parquet that verl reads: what is kept, what is split, what is left out and said."""

import json
import math
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from verl_egca.cli import app
from verl_egca.data.formats import load_problems
from verl_egca.data.prepare import prepare
from verl_egca.data.reference_choice import ReferenceChoice
from verl_egca.data.row_problem import RowPlace, problem_of_row
from verl_egca.data.rows import BadInput
from verl_egca.problem import Problem

from .shape_rows import ADD, CALLS, EXAMPLES, PAIRS, WRONG_ADD, verl_row

MATHS = {**verl_row("\\frac{1}{2}", "numina_olympiads"), "ability": "math"}
APPS = {"problem_id": 1, "question": "Add.", "input_output": json.dumps(PAIRS), "solutions": json.dumps([ADD])}
STACK = {"task_id": 601, "text": "Write f.", "code": "def f(x):\n  return x", "test_list": ["assert f(1) == 1"]}


@pytest.fixture
def write(tmp_path):
    def rows(*given, name="rows.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in given))
        return path

    return rows


@pytest.fixture
def prepared(tmp_path, write):
    """Rows, prepared; those of the one file that was written."""

    def rows(*given, **options):
        prepare(write(*given), tmp_path / "out", **options)
        (file,) = (tmp_path / "out").iterdir()
        return pq.read_table(file).to_pylist()

    return rows


def problem_in(row):
    return Problem.model_validate_json(row["reward_model"]["ground_truth"])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_row_of_each_shape_is_prepared(prepared, example):
    (row,) = prepared(example.row)
    assert row.keys() >= {"data_source", "prompt", "ability", "reward_model", "extra_info"}
    assert row["prompt"][-1]["role"] == "user"
    problem = problem_in(row)
    assert problem.tests == problem_of_row(example.row, RowPlace(task="x")).tests
    assert row["extra_info"]["task_id"] == problem.task_id


def test_a_row_in_verls_columns_keeps_what_it_holds(prepared):
    chat = [
        {"role": "system", "content": "Think."},
        {"role": "user", "content": "Write f."},
        {"role": "assistant", "content": "Which one?"},
        {"role": "user", "content": "The first."},
    ]
    given = {**verl_row(PAIRS, "taco", note="n"), "prompt": chat, "agent_name": "tool_agent", "ability": "coding"}
    given["reward_model"]["weight"] = 2
    (row,) = prepared(given)
    assert (row["prompt"], row["data_source"], row["agent_name"], row["ability"]) == (
        chat,
        "taco",
        "tool_agent",
        "coding",
    )
    assert row["extra_info"] == {**given["extra_info"], "task_id": "rows.jsonl/1"}
    assert row["reward_model"]["weight"] == 2


def test_content_in_parts_is_kept(prepared):
    parts = [{"type": "text", "text": "Write f."}, {"type": "text", "text": "Now."}]
    (row,) = prepared({**verl_row(PAIRS), "prompt": [{"role": "user", "content": parts}]})
    assert row["prompt"] == [{"role": "user", "content": parts}]
    assert problem_in(row).prompt == "Write f.\nNow."


@pytest.mark.parametrize(
    "content", ["The first.", [{"type": "text", "text": "See:"}, {"type": "text", "text": "The first."}]]
)
def test_constraints_go_into_the_last_user_message(tmp_path, write, content):
    first = "Write f." if isinstance(content, str) else [{"type": "text", "text": "Write f."}]
    chat = [
        {"role": "user", "content": first},
        {"role": "user", "content": content},
        {"role": "assistant", "content": first},
    ]
    source = write({**verl_row(PAIRS, task_id="t"), "prompt": chat})
    constraints = tmp_path / "c.yaml"
    constraints.write_text("constraints: {t: [{kind: recursion, rule: forbidden}]}")
    prepare(source, tmp_path / "out", constraints=constraints)
    (row,) = pq.read_table(tmp_path / "out" / "train.parquet").to_pylist()
    last = row["prompt"][1]["content"]
    text = last if isinstance(last, str) else last[1]["text"]
    assert row["prompt"][::2] == chat[::2]
    assert text.startswith("The first.")
    assert "recursion" in text
    assert isinstance(last, str) or last[0] == content[0]


def test_rows_without_program_tests_are_kept_as_they_are_and_counted(tmp_path, write):
    found = prepare(
        write(MATHS, verl_row(PAIRS), {**MATHS, "extra_info": {"index": 3}}, name="train.jsonl"), tmp_path / "out"
    )
    rows = pq.read_table(tmp_path / "out" / "train.parquet").to_pylist()
    assert (found.written, found.problems, found.without_tests) == ({"train": 3}, 1, 2)
    assert rows[0]["reward_model"] == MATHS["reward_model"]
    assert {key: value for key, value in rows[2]["extra_info"].items() if value is not None} == {"index": 3}


def test_a_truth_that_is_no_text_can_not_stand_beside_problems(tmp_path, write):
    with pytest.raises(BadInput, match=r"row 2, key 'reward_model.ground_truth': is int .* train on the file"):
        prepare(write(verl_row(PAIRS), {**MATHS, "reward_model": {"ground_truth": 42}}), tmp_path / "out")


def test_a_chat_is_made_of_the_statement_and_the_starter_code(prepared):
    (row,) = prepared({**APPS, "input_output": json.dumps(CALLS), "starter_code": "def big_sum(nums, k):\n    "})
    (message,) = row["prompt"]
    assert message == {
        "role": "user",
        "content": "Add.\n\nBegin with this code:\n```python\ndef big_sum(nums, k):\n```\n",
    }


def test_a_chat_says_what_the_tests_call_where_the_statement_does_not(prepared):
    (row,) = prepared({**APPS, "input_output": json.dumps(CALLS)})
    assert row["prompt"][0]["content"] == "Add.\n\nThe tests call `big_sum`.\n"


@pytest.mark.parametrize(
    ("says", "file", "option", "split"),
    [
        ("train", "rows.jsonl", None, "train"),
        ("val", "rows.jsonl", None, "validation"),
        ("Validation", "rows.jsonl", "train", "validation"),
        ("dummy", "rows.jsonl", "train", "train"),
        ("dummy", "rows.jsonl", None, "test"),
        (None, "train-00000-of-00002.jsonl", None, "train"),
        ("dummy", "validation.jsonl", None, "validation"),
        ("dummy", "validation.jsonl", "test", "test"),
        ("../../etc", "rows.jsonl", None, "test"),
    ],
)
def test_a_split_is_what_the_row_says_or_the_option_or_the_files_name(tmp_path, write, says, file, option, split):
    source = write({**verl_row(PAIRS), "extra_info": {"split": says}}, name=file)
    assert prepare(source, tmp_path / "out", split=option).written == {split: 1}
    (row,) = pq.read_table(tmp_path / "out" / f"{split}.parquet").to_pylist()
    assert row["extra_info"]["split"] == (says or split)


def test_mbpp_is_split_as_by_its_authors(tmp_path, write):
    source = write(STACK, {**STACK, "task_id": 11}, {**STACK, "task_id": 3}, {**STACK, "task_id": 511})
    assert prepare(source, tmp_path / "out").written == {"train": 1, "test": 1, "validation": 1}
    (row,) = pq.read_table(tmp_path / "out" / "train.parquet").to_pylist()
    assert row["prompt"] == [{"role": "user", "content": load_problems(source)[0].prompt}]
    assert row["extra_info"] == {"index": 0, "task_id": "MBPP/601", "split": "train"}
    assert row["data_source"] == "mbpp"


def test_the_first_bad_row_ends_it_and_leaves_nothing(tmp_path, write):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "test.parquet").write_text("of an earlier run")
    source = write(*[APPS] * 1100, {**APPS, "input_output": "["}, APPS)
    with pytest.raises(BadInput, match=f"{source}, row 1101, key 'input_output': is not JSON"):
        prepare(source, tmp_path / "out")
    assert [file.read_text() for file in (tmp_path / "out").iterdir()] == ["of an earlier run"]


def test_bad_rows_are_left_out_and_counted_by_reason(tmp_path, write):
    source = write(
        *(
            APPS,
            {**APPS, "input_output": "["},
            {**APPS, "input_output": "[1"},
            {"a": 1},
            {**APPS, "checker": "def c(): 1"},
        ),
        *(
            verl_row({"inputs": ["1"], "outputs": []}),
            verl_row({"inputs": ["1", "2"], "outputs": ["3"]}),
            verl_row(PAIRS),
        ),
    )
    source.write_text(source.read_text() + "[1]\nnope\n")
    done = CliRunner().invoke(app, ["prepare", "--source", str(source), "--out", str(tmp_path / "out"), "--skip-bad"])
    assert done.exit_code == 0
    assert f"1 rows: {tmp_path / 'out' / 'train.parquet'}" in done.stdout
    assert "2 rows left out: reward_model.ground_truth.outputs: holds … for … in inputs" in done.stdout
    assert f"(the first: {source}, row 6, key" in done.stdout
    assert done.stdout.count(" rows left out: ") == 7
    assert prepare(source, tmp_path / "out", skip_bad=True).skipped.total() == 8


def test_without_leave_a_bad_row_is_status_2(tmp_path, write):
    source = write(APPS, {"a": 1})
    done = CliRunner().invoke(app, ["prepare", "--source", str(source), "--out", str(tmp_path / "out")])
    assert (done.exit_code, (tmp_path / "out").exists()) == (2, False)
    assert f"{source}, row 2" in done.stderr


def test_of_several_references_the_first_that_passes_is_taken(tmp_path, write, sandbox):
    rows = [
        {**APPS, "solutions": json.dumps(["print 1", WRONG_ADD, ADD])},
        {**APPS, "problem_id": 2, "solutions": json.dumps([WRONG_ADD, WRONG_ADD + "\n"])},
        {**APPS, "problem_id": 3, "solutions": json.dumps([WRONG_ADD])},
        {**APPS, "problem_id": 4, "solutions": '["print 1"]'},
    ]
    choice = ReferenceChoice(sandbox, 60)
    prepare(write(*rows), tmp_path / "out", choose=choice.choose)
    written = [problem_in(row).reference for row in pq.read_table(tmp_path / "out" / "test.parquet").to_pylist()]
    assert written == [ADD, None, WRONG_ADD, None]
    assert (choice.none_pass, choice.not_python, choice.unchecked) == (1, 1, 0)
    later = ReferenceChoice(sandbox, 0)
    prepare(write(*rows), tmp_path / "out", choose=later.choose)
    assert later.unchecked == 2


def test_rows_may_lack_what_others_have(tmp_path, write):
    """Each of the rows fills a row group, so that the columns grow between them."""
    extra = [
        {"split": "train", f"only_{n}": {"deep": [{f"k{n}": n}]}, "empty": {}, "text": "x" * 9_000_000}
        for n in range(3)
    ]
    source = write(*({**verl_row(PAIRS), "extra_info": one} for one in extra))
    assert prepare(source, tmp_path / "out").written == {"train": 3}
    (file,) = (tmp_path / "out").iterdir()
    found = [row["extra_info"] for row in pq.read_table(file).to_pylist()]
    assert [found[0]["only_0"], found[2]["only_2"]] == [{"deep": [{"k0": 0}]}, {"deep": [{"k2": 2}]}]
    assert (found[0]["only_2"], found[2]["empty"]) == (None, None)


def test_a_value_of_another_type_than_in_the_rows_before_is_named(tmp_path, write):
    source = write(verl_row(PAIRS, note="text"), verl_row(PAIRS, note={"of": "another type"}), verl_row(PAIRS))
    with pytest.raises(BadInput, match=f"{source}, row 2, key 'extra_info': can't be written as parquet"):
        prepare(source, tmp_path / "out")
    assert prepare(source, tmp_path / "out", skip_bad=True).written == {"train": 2}


def test_values_survive_the_way_through_parquet(prepared):
    values = [[math.inf, -math.inf, 10**30, 10**5000, "5", "[1]", 1.0, 1, True, None, {"1": [2]}], [math.nan]]
    sys.set_int_max_str_digits(0)
    try:
        text = json.dumps({"fn_name": "f", "inputs": [values], "outputs": ["5"]})
    finally:
        sys.set_int_max_str_digits(4300)
    (row,) = prepared(verl_row(text))
    tests = problem_in(row).tests
    assert repr(tests.arguments[0][0][:3]) == repr(values[0][:3])
    assert tests.arguments[0][0][3] == 10**5000
    assert [(type(value), value) for value in tests.arguments[0][0][4:]] == [
        (type(value), value) for value in values[0][4:]
    ]
    assert math.isnan(tests.arguments[0][1][0])
    assert tests.expected == ("5",)


def test_two_rows_of_one_weak_name_get_names_of_their_own(prepared):
    assert [problem_in(row).task_id for row in prepared(APPS, APPS, {**APPS, "problem_id": 2})] == [
        "1",
        "rows.jsonl/2",
        "2",
    ]


@pytest.mark.parametrize("name", ["rows.parquet", "rows.jsonl"])
def test_many_rows_take_little_memory(tmp_path, name):
    """50 MB of rows: all of them at once would take 400 MB and more."""
    row = verl_row({"inputs": ["1 2 3 4 5\n" * 1000] * 2, "outputs": ["6 7 8\n"] * 2})
    rows = [{**row, "extra_info": {"split": "train", "index": index}} for index in range(2500)]
    if name == "rows.parquet":
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name, use_dictionary=False)
    else:
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    code = (
        "import resource, sys; from pathlib import Path; from verl_egca.data.prepare import prepare\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "prepare(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, tmp_path / name, tmp_path / "out"], capture_output=True, check=True
    )
    assert int(ran.stdout) < 180
