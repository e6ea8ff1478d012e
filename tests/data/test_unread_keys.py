"""A key that changes what tests mean is read, or the row is refused: nothing is taken for standard input by default."""

import json
import pickle
import zlib
from base64 import b64encode

import pytest

from verl_egca.data.row_problem import RowPlace, problem_of_row
from verl_egca.data.rows import BadInput
from verl_egca.data.shapes.packed import NotPacked, unpacked

from .shape_rows import ADD, ASSERTIONS, BIG_SUM, CALLS, CHECK, PAIRS, STARTER, STDIN_CASES, packed, verl_row

APPS = {"problem_id": 1, "question": "Add.", "input_output": json.dumps(PAIRS), "solutions": json.dumps([ADD])}
TRUTH = "reward_model.ground_truth"
FUNCTIONAL = {"input": "[1]\n2", "output": "5", "testtype": "functional"}


def cases(*given, **row):
    return {"problem": "Add.", "tests": json.dumps(given), **row}


@pytest.mark.parametrize(
    ("row", "key", "words"),
    [
        (verl_row({**PAIRS, "checker": "def check(a, b): ..."}), f"{TRUTH}.checker", "changes what the tests mean"),
        (verl_row(PAIRS, special_judge=True), "extra_info.special_judge", "changes what the tests mean"),
        (verl_row(PAIRS, is_interactive=True), "extra_info.is_interactive", "changes what the tests mean"),
        ({**APPS, "generated_checker": "import sys"}, "generated_checker", "changes what the tests mean"),
        ({**APPS, "input_output": json.dumps({**PAIRS, "checker": "x"})}, "input_output.checker", "changes what"),
        ({**APPS, "input_file": "a.in"}, "input_file", "changes what the tests mean"),
        ({**APPS, "input_mode": "file"}, "input_mode", "changes what the tests mean"),
        ({**APPS, "language": "cpp"}, "language", "Python alone"),
        (verl_row(PAIRS, programming_language="Java"), "extra_info.programming_language", "Python alone"),
        ({**APPS, "import_prefix": "import os"}, "import_prefix", "changes what the tests mean"),
        (verl_row({**PAIRS, "import_prefix": "import os"}), f"{TRUTH}.import_prefix", "changes what the tests mean"),
        (verl_row({**PAIRS, "seed": 3}), f"{TRUTH}.seed", "isn't known"),
        (verl_row({**PAIRS, "functional": CHECK}), f"{TRUTH}.inputs", "isn't known"),
        (verl_row({"pytest": "def test_a():\n    assert f()", "functional": CHECK}), f"{TRUTH}.pytest", "isn't known"),
        ({**APPS, "test_list": ASSERTIONS}, "input_output", "stands beside"),
        ({**APPS, "starter_code": STARTER}, "input_output.fn_name", "add the name that the tests call"),
        ({**APPS, "entry_point": "f", "input_output": json.dumps(CALLS)}, "entry_point", "one of them"),
        ({**APPS, "fn_name": "no name", "input_output": json.dumps(PAIRS)}, "fn_name", "name of a function"),
        (verl_row({**PAIRS, "testtype": "functional"}), f"{TRUTH}.fn_name", "says that its tests are calls"),
        (verl_row({**CALLS, "testtype": "stdin"}), f"{TRUTH}.fn_name", "of standard input; one is wanted"),
        (verl_row({**CALLS, "fn_name": None}), f"{TRUTH}.inputs", "fn_name, is missing"),
        (verl_row({**CALLS, "inputs": [{"nums": [1]}, {"nums": []}]}), f"{TRUTH}.inputs", "a list of arguments"),
        (
            verl_row({**CALLS, "inputs": ["[1]\n2", "[]\n2"], "outputs": ["5", "True"]}),
            f"{TRUTH}.outputs",
            "Python and not JSON",
        ),
        (verl_row({**PAIRS, "outputs": ["7", None]}), f"{TRUTH}.outputs", "text, or a list of lines"),
        (verl_row({**PAIRS, "outputs": ["7"]}), f"{TRUTH}.outputs", "holds 1 for 2 in inputs"),
        (verl_row({"inputs": [], "outputs": []}), f"{TRUTH}.outputs", "one at least"),
        (verl_row({"assert_case": ASSERTIONS, "inputs": ["1", "2"]}), f"{TRUTH}.inputs", "stands beside assert_case"),
        (cases(STDIN_CASES[0], FUNCTIONAL, metadata={"func_name": "f"}), "tests", "mixes"),
        (cases(STDIN_CASES[0], metadata={"func_name": "f"}), "tests.input", "one of them is wanted"),
        (cases(FUNCTIONAL), "metadata.func_name", "is missing"),
        (
            cases({**FUNCTIONAL, "metadata": {"func_name": "f"}}, {**FUNCTIONAL, "metadata": {"func_name": "g"}}),
            "tests",
            "f and g",
        ),
        (cases({"input": "1", "output": "1", "testtype": "interactive"}), "tests.testtype", "stdin or functional"),
        (cases({"input": "1", "output": "1"}, starter_code=STARTER), "tests.input", "says neither"),
        (
            cases({"input": "[1, 2]", "output": "3", "type": "function_call", "fn_name": "f"}),
            "tests.input",
            "one argument or all of",
        ),
        (cases({"input": "1"}), "tests", "without output"),
        ({"question": "Q", "test_cases": ["assert f(1) ==", "assert f(2) == 2"]}, "test_cases", "not Python"),
        ({"question": "Q", "test": "x = 1", "solution": BIG_SUM}, "test", "asserts nothing"),
        (
            {
                "task_id": "B/1",
                "complete_prompt": "def f():\n",
                "test": CHECK,
                "entry_point": "f",
                "libs": "['no_such_package']",
            },
            "libs",
            "no_such_package",
        ),
        ({"task_id": ["x"], **APPS}, "task_id", "a string or a whole number"),
        ({**APPS, "input_output": ""}, "input_output", "holds no tests"),
        ({**verl_row(""), "reward_model": "[1]"}, "reward_model", "an object is wanted"),
        ({**verl_row(PAIRS), "extra_info": "{"}, "extra_info", "not JSON"),
        (verl_row("{'inputs': ['1']}"), TRUTH, "not JSON"),
        (verl_row("42"), TRUTH, "holds no tests that can be read"),
        (
            {"question_content": "Q", "public_test_cases": "[]", "private_test_cases": "cGlja2xl"},
            "private_test_cases",
            "not base64 of zlib",
        ),
    ],
)
def test_what_is_not_read_is_refused(row, key, words):
    with pytest.raises(BadInput, match=words) as caught:
        problem_of_row(row, RowPlace(task="x"))
    assert caught.value.key == key


@pytest.mark.parametrize(
    "row",
    [
        {
            **APPS,
            "checker": "",
            "is_interactive": False,
            "interaction_format": None,
            "spj": "none",
            "input_mode": "stdio",
        },
        {**APPS, "language": "python3", "difficulty": 1, "starter_code": "def main():\n    pass\n"},
        {**APPS, "language": "en", "lang": "Python"},
        verl_row({**PAIRS, "fn_name": None, "functional": None, "difficulty": "easy", "time_limit": 1, "checker": ""}),
    ],
)
def test_keys_that_say_nothing_are_no_matter(row):
    assert problem_of_row(row, RowPlace(task="x")).tests.inputs == ("3 4\n", "1 -1\n")


@pytest.mark.parametrize(
    ("truth", "source", "ability"),
    [
        ("\\frac{1}{2}", "numina_olympiads", "math"),
        ("42", "openai/gsm8k", "math"),
        ('["42"]', "skywork", "math"),
        ("{1, 2}", "math_dapo", "math"),
        ({"target": 98, "numbers": [1, 2]}, "countdown", "math"),
        (42, "own", None),
        (None, "own", None),
        ("x = 1", "own", None),
    ],
)
def test_rows_of_something_else_hold_no_tests(truth, source, ability):
    row = {**verl_row("", source), "ability": ability, "reward_model": {"style": "rule", "ground_truth": truth}}
    assert problem_of_row(row, RowPlace(task="x")) is None


def test_nothing_but_text_is_ever_unpacked():
    assert unpacked(packed(STDIN_CASES)) == json.dumps(STDIN_CASES)
    for protocol in range(6):
        assert unpacked(_packed(pickle.dumps("é" * 70_000, protocol))) == "é" * 70_000

    class Attack:
        def __reduce__(self):
            return (print, ("never",))

    for content in (Attack(), ["text"], b"bytes", 1, {"a": "text"}, ("text", "text")):
        with pytest.raises(NotPacked, match="something else than text"):
            unpacked(_packed(pickle.dumps(content)))
    for broken in (b"", b"\x80\x04", b"no pickle"):
        with pytest.raises(NotPacked):
            unpacked(_packed(broken))
    with pytest.raises(NotPacked, match="cut off"):
        unpacked(b64encode(zlib.compress(pickle.dumps("text" * 1000))[:-20]).decode())


def _packed(pickled):
    return b64encode(zlib.compress(pickled)).decode()
