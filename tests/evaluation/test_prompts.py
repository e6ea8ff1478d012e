"""What a model is asked: the wording that DeepSeek-Coder was measured with, or a problem's own."""

import json
from pathlib import Path

import pytest

from verl_egca.data.prepare import prepare
from verl_egca.data.rows import BadInput
from verl_egca.evaluation.prompts import ask

HUMANEVAL = {
    "task_id": "HumanEval/0",
    "prompt": "def f(x):\n    '''Doc {x}.'''\n",
    "entry_point": "f",
    "canonical_solution": "    return x\n",
    "test": "def check(candidate):\n    assert candidate(1) == 1\n",
}


def mbpp(number, code="def f(x):\r\n\treturn x"):
    return {
        "task_id": number,
        "text": f" Write f, {number}. ",
        "code": code,
        "test_list": ["assert f(1) == 1", "assert f(2) == 2"],
        "test_setup_code": "",
        "challenge_test_list": [],
    }


@pytest.fixture
def write(tmp_path):
    def rows(name, *given):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in given))
        return path

    return rows


def content(asked):
    (message,) = asked.chat
    assert message["role"] == "user"
    return message["content"]


def test_humaneval_is_asked_as_deepseek_coder_was(write):
    (asked,) = ask(write("h.jsonl", HUMANEVAL), "test", "auto", None)
    assert asked.form == "deepseek-coder"
    assert content(asked) == (
        "Please help me to complete the function. Use the given packages only and DO NOT refer any new package. Please "
        "return all completed function in a codeblock. \nHere is the given code to do completion:\n```python\n"
        "def f(x):\n    '''Doc {x}.'''\n\n```"
    )


def test_mbpp_is_asked_with_three_examples_and_for_its_test_split(write):
    path = write("m.jsonl", *map(mbpp, (1, 2, 3, 4, 10, 11, 510, 511, 974)))
    asked = ask(path, "test", "auto", None)
    assert [one.problem.task_id for one in asked] == ["MBPP/11", "MBPP/510"]
    tests = "assert f(1) == 1\nassert f(2) == 2"
    example = (
        "- Example {number}:\n>>> Problem:\nWrite f, {task}.\n>>> Test Cases:\n{tests}\n\n>>> Code:\n```python\n"
        "def f(x):\n    return x\n```"
    )
    examples = "\n\n".join(example.format(number=n, task=n + 1, tests=tests) for n in (1, 2, 3))
    assert content(asked[0]) == (
        "Please refer the given examples and generate a python function for my problem.\nExamples are listed as follows:\n"
        f"{examples}\n\nHere is my problem:\n>>> Problem:\nWrite f, 11.\n>>> Test Cases:\n{tests}\n"
    )


def test_examples_may_come_from_a_file_of_their_own(write):
    shots = write("prompt.jsonl", *map(mbpp, (2, 3, 4)))
    with_them = ask(write("all.jsonl", *map(mbpp, (2, 3, 4, 11))), "test", "auto", None)
    assert ask(write("test.jsonl", mbpp(11)), "test", "auto", shots)[0].chat == with_them[0].chat


def test_other_problems_are_asked_with_their_own_prompt(write):
    problem = {
        "task_id": "t",
        "prompt": "Write f.",
        "tests": {"kind": "assertions", "assertions": ["assert f(1) == 1"]},
    }
    (asked,) = ask(write("own.jsonl", problem), "test", "auto", None)
    assert (asked.form, content(asked)) == ("own", "Write f.")


def test_a_row_of_verls_parquet_is_asked_with_the_chat_that_it_brings(write, tmp_path):
    prepare(write("h.jsonl", HUMANEVAL), tmp_path)
    (asked,) = ask(tmp_path / "test.parquet", "test", "auto", None)
    assert (asked.form, content(asked)) == ("own", HUMANEVAL["prompt"])
    (asked,) = ask(tmp_path / "test.parquet", "test", "deepseek-coder", None)
    assert content(asked).startswith("Please help me")


@pytest.mark.parametrize(
    ("numbers", "split", "form", "words"),
    [
        ((11,), "test", "auto", "MBPP/2 is missing, one of the prompt's three examples; .* --examples"),
        ((2, 3, 4, 11), "all", "auto", "MBPP/2 is one of the prompt's three examples; --split test"),
        ((601,), "test", "auto", "holds 1 problems, none of the split test; see --split"),
    ],
)
def test_what_can_not_be_asked_so_is_named(write, numbers, split, form, words):
    with pytest.raises(BadInput, match=words):
        ask(write("m.jsonl", *map(mbpp, numbers)), split, form, None)


def test_all_of_mbpp_can_be_asked_without_examples(write):
    asked = ask(write("m.jsonl", *map(mbpp, (2, 11, 974))), "all", "own", None)
    assert len(asked) == 3
    assert content(asked[0]).startswith("Write f, 2.\nYour code should pass")


def test_a_format_is_for_its_problems_only(write):
    problem = {
        "task_id": "t",
        "prompt": "Write f.",
        "tests": {"kind": "assertions", "assertions": ["assert f(1) == 1"]},
    }
    with pytest.raises(BadInput, match="t is not of HumanEval or MBPP"):
        ask(write("own.jsonl", problem), "test", "deepseek-coder", None)


def test_constraints_are_asked_for_or_refused_never_lost(write, tmp_path):
    constraint = {"kind": "recursion", "rule": "forbidden"}
    source = write("h.jsonl", HUMANEVAL)
    prepare(source, tmp_path)
    problem = ask(tmp_path / "test.parquet", "test", "own", None)[0].problem
    row = {**json.loads(problem.model_dump_json()), "constraints": [constraint]}
    path = write("constrained.jsonl", row)
    assert "Do not use recursion." in content(ask(path, "test", "own", None)[0])
    with pytest.raises(BadInput, match="no place in the format"):
        ask(path, "test", "deepseek-coder", None)


def test_the_benchmarks_sizes(shared_data: Path):
    assert len(ask(shared_data / "HumanEval.jsonl.gz", "test", "auto", None)) == 164
    asked = ask(shared_data / "mbpp.jsonl", "test", "auto", None)
    assert (len(asked), asked[0].problem.task_id, asked[-1].problem.task_id) == (500, "MBPP/11", "MBPP/510")
