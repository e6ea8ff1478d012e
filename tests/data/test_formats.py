"""Problems from each format's rows, recognised by their keys; bad rows are named by file, row and key."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from verl_egca.data.formats import load_problems
from verl_egca.data.prepare import prepare, write_parquet
from verl_egca.data.rows import BadInput
from verl_egca.problem import CallTests, StdioTests

HUMANEVAL = {
    "task_id": "HumanEval/0",
    "prompt": "import math\n\ndef helper(x):\n    return x\n\ndef f(x):\n    '''Doc.'''\n",
    "entry_point": "f",
    "canonical_solution": "    return helper(x)\n",
    "test": "METADATA = {}\n\ndef check(candidate):\n    assert candidate(1) == helper(1)\n",
}
MBPP = {
    "task_id": 601,
    "text": "Write f.",
    "code": "def f(x):\r\n  return x",
    "test_list": ["assert f(1) == 1"],
    "test_setup_code": "",
    "challenge_test_list": [],
}
SANITIZED = {"task_id": 602, "prompt": "Write f.", "code": "def f(x):\n  return x", "test_list": ["assert f(1) == 1"], "test_imports": ["import math"]}  # fmt: skip
CALLS = {"inputs": ["[1, 2]\n3"], "outputs": ["[1, 2, 3]"], "fn_name": "f"}
STDIO = {"inputs": ["1\n"], "outputs": ["2\n"]}


def write(path, *rows):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def verl_row(truth):
    return {
        "data_source": "taco",
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Write f."}],
        "reward_model": {"style": "rule", "ground_truth": json.dumps(truth)},
        "extra_info": {"split": "train", "index": 0},
    }


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_humaneval(tmp_path, sandbox, name):
    (problem,) = load_problems(write(tmp_path / name, HUMANEVAL))
    assert (problem.task_id, problem.entry_point, problem.code_prefix) == ("HumanEval/0", "f", HUMANEVAL["prompt"])
    assert problem.reference == HUMANEVAL["prompt"] + HUMANEVAL["canonical_solution"]
    assert sandbox.run(problem, problem.reference).passed


def test_tests_may_be_long(tmp_path):
    """As HumanEval+ has them."""
    test = f"def check(candidate):\n    inputs = {list(range(100_000))}\n    assert candidate(1) == 1\n"
    (problem,) = load_problems(write(tmp_path / "rows.jsonl", {**HUMANEVAL, "test": test}))
    assert len(problem.tests.setup) > 500_000


def test_mbpp_in_both_shapes(tmp_path, sandbox):
    for problem in load_problems(write(tmp_path / "rows.jsonl", MBPP, SANITIZED)):
        assert problem.entry_point == "f"
        assert "assert f(1) == 1" in problem.prompt
        assert "\r" not in problem.reference
        assert sandbox.run(problem, problem.reference).passed


def test_the_benchmarks_own_files(shared_data):
    sizes = {"HumanEval.jsonl.gz": 164, "humanevalfix_python_even.jsonl": 82, "mbpp.jsonl": 974}
    for name, size in sizes.items():
        problems = load_problems(shared_data / name)
        assert len(problems) == size
        assert all(problem.entry_point and problem.reference for problem in problems)


def test_verls_rows_with_calls_and_with_standard_input(tmp_path, sandbox):
    calls, stdio = load_problems(write(tmp_path / "rows.jsonl", verl_row(CALLS), verl_row(STDIO)))
    assert calls.tests == CallTests(arguments=(([1, 2], 3),), expected=([1, 2, 3],))
    assert calls.prompt == "Write f."
    assert sandbox.run(calls, "def f(a, b):\n    return [*a, b]\n").passed
    assert stdio.tests == StdioTests(inputs=("1\n",), outputs=("2\n",))
    assert stdio.entry_point is None
    assert sandbox.run(stdio, "print(int(input()) + 1)").passed


def test_bare_input_output_rows(tmp_path):
    (problem,) = load_problems(write(tmp_path / "rows.jsonl", {"task_id": "t", "question": "Q?", **STDIO}))
    assert (problem.task_id, problem.prompt) == ("t", "Q?")


def test_own_rows_survive_the_way_through_parquet(tmp_path):
    problems = load_problems(write(tmp_path / "rows.jsonl", HUMANEVAL))
    own = write(tmp_path / "own.jsonl", *(problem.model_dump(mode="json") for problem in problems))
    assert load_problems(own) == problems
    write_parquet(problems, tmp_path / "p.parquet", source="x", split="train")
    assert load_problems(tmp_path / "p.parquet") == problems


@pytest.mark.parametrize(
    ("rows", "row", "key", "words"),
    [
        ([HUMANEVAL, {**HUMANEVAL, "task_id": "b", "entry_point": 5}], 2, "entry_point", "a string is wanted"),
        ([{**HUMANEVAL, "test": "x = 1"}], 1, "test", "no function 'check'"),
        ([{**MBPP, "test_list": "assert 1"}], 1, "test_list", "a list is wanted"),
        ([{**MBPP, "test_list": []}], 1, "test_list", "no assertions"),
        ([{**MBPP, "test_list": ["assert f(1) =="]}], 1, "test_list", "not Python: 'assert f"),
        ([MBPP, MBPP], 2, "task_id", "row 1's already"),
        ([{"a": 1}], 1, None, "no known format"),
        ([verl_row({"inputs": ["1"], "outputs": []})], 1, "outputs", "0 for 1 inputs"),
        ([{**verl_row({}), "reward_model": {"ground_truth": "{"}}], 1, "reward_model.ground_truth", "not JSON"),
        ([verl_row({**CALLS, "inputs": ["nope"]})], 1, "inputs", "JSON, a value a line"),
        ([{"task_id": "t", "prompt": "p", "tests": {"kind": "x"}}], 1, "tests", "kind"),
        ([], None, None, "no problems"),
    ],
)
def test_a_bad_row_is_named(tmp_path, rows, row, key, words):
    path = write(tmp_path / "rows.jsonl", *rows)
    with pytest.raises(BadInput, match=words) as caught:
        load_problems(path)
    assert (caught.value.path, caught.value.row, caught.value.key) == (path, row, key)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.jsonl", b'\n{"a": \n', "row 2: is not JSON"),
        ("rows.jsonl", b"[1]\n", "an object is wanted"),
        ("rows.jsonl", b"\xff\xfe", "can't be read"),
        ("rows.jsonl.gz", b"not gzip", "can't be read"),
        ("rows.parquet", b"not parquet", "is not parquet"),
        ("missing.jsonl", None, "there is no such file"),
    ],
)
def test_a_bad_file_is_named(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=words):
        load_problems(tmp_path / name)


def test_prepare_writes_the_columns_that_verl_reads(tmp_path):
    source = write(tmp_path / "rows.jsonl", MBPP, {**MBPP, "task_id": 11}, {**MBPP, "task_id": 3})
    assert prepare(source, tmp_path / "out") == {"train": 1, "test": 1}
    (row,) = pq.read_table(tmp_path / "out" / "train.parquet").to_pylist()
    assert row["prompt"] == [{"role": "user", "content": load_problems(source)[0].prompt}]
    assert row["reward_model"]["style"] == "rule"
    assert row["extra_info"] == {"index": 0, "task_id": "MBPP/601", "split": "train"}
    assert not list((tmp_path / "out").glob("*.partial"))


def test_prepare_keeps_the_split_that_a_row_names(tmp_path):
    assert prepare(write(tmp_path / "rows.jsonl", verl_row(STDIO)), tmp_path / "out") == {"train": 1}


def test_parquet_from_another_tool_is_read(tmp_path):
    pq.write_table(pa.Table.from_pylist([verl_row(CALLS)]), tmp_path / "p.parquet")
    assert load_problems(tmp_path / "p.parquet")[0].entry_point == "f"
