"""Problems from each format's rows, recognised by their keys; bad rows are named by file, row and key."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from verl_egca.data.formats import load_problems
from verl_egca.data.prepare import write_parquet
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
# as EvalPlus's own files with tests are made: helpers, then a loop over inputs and what its reference gives for them
PLUS_HELPERS = """import numpy as np
from math import inf

def is_floats(x) -> bool:
    if isinstance(x, float):
        return True
    return isinstance(x, (list, tuple)) and all(isinstance(i, float) for i in x)

def assertion(out, exp, atol):
    exact_match = out == exp
    if atol == 0 and is_floats(exp):
        atol = 1e-6
    if not exact_match and atol != 0:
        np.testing.assert_allclose(out, exp, atol=atol)
    else:
        assert exact_match

"""
LOOP = "for i, (inp, exp) in enumerate(zip(inputs, results)):\n"
PLUS = {**SANITIZED, "task_id": 11, "test": f"{PLUS_HELPERS}inputs = [[1], [(2, inf)]]\nresults = [1, (2, inf)]\n{LOOP}    assertion(f(*inp), exp, 0)\n"}  # fmt: skip
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


@pytest.mark.parametrize("called", ["f", "candidate"])
def test_mbpp_plus_shows_mbpps_assertions_and_is_judged_by_its_own(tmp_path, sandbox, called):
    row = {**PLUS, "test": PLUS["test"].replace("f(*inp)", f"{called}(*inp)")}
    (problem,) = load_problems(write(tmp_path / "rows.jsonl", row))
    assert (problem.task_id, problem.entry_point) == ("MBPP/11", "f")
    assert problem.prompt == "Write f.\nYour code should pass these tests:\n\nassert f(1) == 1\n"
    assert sandbox.run(problem, problem.reference).passed
    enough_for_mbpp = sandbox.run(problem, "def f(x):\n    return 1")
    assert [case.passed for case in enough_for_mbpp.cases] == [True, False]


def test_a_programs_name_that_mbpp_plus_uses_in_its_inputs_is_left_alone(tmp_path, sandbox):
    row = {**PLUS, "test": PLUS["test"].replace("[[1], ", "[['candidate(*inp)'], ").replace("[1, ", "['candidate(*inp)', ")}  # fmt: skip
    (problem,) = load_problems(write(tmp_path / "rows.jsonl", row))
    assert sandbox.run(problem, problem.reference).passed


@pytest.mark.parametrize(
    "check",
    [
        f"    inputs = [[1.0], [2.0]]\n    results = [1.00000001, 2.0]\n    {LOOP}        assertion(candidate(*inp), exp, 0)\n",
        "    for i, inp in enumerate([[1.0], [2.0]]):\n        assertion(candidate(*inp), ref_func(*inp), 0)\n",
        "    for i, inp in enumerate([[1.0], [2.0]]):\n        assert abs(ref_func(candidate(*inp)) - inp[0]) <= 0.0001\n",
    ],
    ids=["results", "crosscheck", "oracle"],
)
def test_humaneval_plus_in_its_three_layouts(tmp_path, sandbox, check):
    test = f"{PLUS_HELPERS}def ref_func(x):\n    return x\n\ndef check(candidate):\n{check}"
    (problem,) = load_problems(write(tmp_path / "rows.jsonl", {**HUMANEVAL, "test": test}))
    right = sandbox.run(problem, problem.reference)
    assert (right.passed, len(right.cases)) == (True, 2)
    near = sandbox.run(problem, problem.code_prefix + "    return 1.0\n")
    assert [case.passed for case in near.cases] == [True, False]


def test_mbpps_sanitized_file_is_one_list(tmp_path):
    path = tmp_path / "sanitized-mbpp.json"
    path.write_text(json.dumps([SANITIZED, {**SANITIZED, "task_id": 603}], indent=2))
    assert [problem.task_id for problem in load_problems(path)] == ["MBPP/602", "MBPP/603"]


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
        ([{"a": 1}], 1, None, "no known shape"),
        ([{**PLUS, "test": "assert f(1) == 1"}], 1, "test", "does not end with a loop"),
        ([{**HUMANEVAL, "base_input": [], "plus_input": []}], 1, "plus_input", "evalplus/humanevalplus"),
        ([verl_row({"inputs": ["1"], "outputs": []})], 1, "reward_model.ground_truth.outputs", "0 for 1 in inputs"),
        ([{**verl_row({}), "reward_model": {"ground_truth": "{"}}], 1, "reward_model.ground_truth", "not JSON"),
        ([verl_row({**CALLS, "inputs": ["nope"]})], 1, "reward_model.ground_truth.inputs", "JSON, a value a line"),
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
        ("rows.json", b'[{"a": 1}\n{"a": 2}\n', "is not JSON .*lines in .jsonl"),
        ("rows.json", b'[{"a": 1', "row 1: is not JSON"),
        ("rows.json", b"[", "is not JSON .the list does not end"),
        ("rows.json", b"[1]", "row 1: is a JSON int"),
        ("missing.jsonl", None, "there is no such file"),
    ],
)
def test_a_bad_file_is_named(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=words):
        load_problems(tmp_path / name)


def test_parquet_from_another_tool_is_read(tmp_path):
    pq.write_table(pa.Table.from_pylist([verl_row(CALLS)]), tmp_path / "p.parquet")
    assert load_problems(tmp_path / "p.parquet")[0].entry_point == "f"
