"""Constraints by a served model: what its answer must stand up to, and what stands in where there is none."""

import json

import pytest
from rich.console import Console

from verl_egca.constraints import Comprehension, LoopNesting, TimeComplexity
from verl_egca.data.constraint_file import read_constraints
from verl_egca.evaluation.extract_constraints import extract_file
from verl_egca.gates.extraction import questions
from verl_egca.gates.static_extraction import static_constraints

from ..debugger.replay_server import Fault, ReplayServer
from .constrained_problems import constrained_problem

PROBLEM = constrained_problem()
GOOD = {"constraints": [{"kind": "comprehension", "rule": "required"}, {"kind": "loop_nesting", "at_most": 1}]}


@pytest.fixture
def problems(tmp_path):
    path = tmp_path / "problems.jsonl"
    path.write_text(PROBLEM.model_dump_json() + "\n")
    return path


def extracted(problems, server):
    out = problems.with_name("constraints.yaml")
    summary = extract_file(problems, out, server.url, console=Console(quiet=True))
    return summary, read_constraints(out)["task"], out.read_text()


def test_an_answer_that_the_reference_keeps_is_taken(problems):
    with ReplayServer(lambda request: GOOD) as server:
        summary, found, _ = extracted(problems, server)
    assert found == (Comprehension(rule="required"), LoopNesting(at_most=1))
    assert (summary.made_by, summary.dropped, summary.notes) == ("debugger", 0, {})


def test_what_the_reference_itself_breaks_is_dropped_and_stands_in_the_file_as_a_comment(problems):
    wrong = {"kind": "recursion", "rule": "required"}
    slow = {"kind": "complexity", "at_most": "constant"}
    right = {"kind": "complexity", "at_most": "linear"}
    with ReplayServer(lambda request: {"constraints": [wrong, slow, right, right]}) as server:
        summary, found, text = extracted(problems, server)
    assert found == (TimeComplexity(at_most="linear"),)
    assert summary.dropped == 2
    assert "# dropped, as the reference breaks it: {kind: recursion, rule: required}" in text


def test_where_nothing_holds_the_static_constraints_stand_in_and_the_file_says_so(problems):
    with ReplayServer(lambda request: {"constraints": [{"kind": "recursion", "rule": "required"}]}) as server:
        summary, found, text = extracted(problems, server)
    assert found == static_constraints(PROBLEM)
    assert "  # static, as the reference breaks all that the debugger said\n" in text
    assert list(summary.notes.values()) == [["task"]]


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.WRONG_SCHEMA, Fault.TRUNCATED, Fault.REDIRECT])
def test_a_server_that_fails_costs_the_model_and_nothing_else(problems, fault):
    with ReplayServer(lambda request: GOOD, fault=fault) as server:
        summary, found, text = extracted(problems, server)
    assert found == static_constraints(PROBLEM)
    assert "static, as the debugger gave no answer (" in text
    assert "notes:" in text
    assert list(summary.notes.values()) == [["task"]]


def test_questions_share_all_but_the_problem_and_hold_it_as_data():
    first, second = questions(PROBLEM), questions(constrained_problem(reference="def f(x):\n    return x\n"))
    assert first[0] == second[0]
    assert first[1]["content"].startswith("<problem>\nWrite f.\n</problem>\n<reference>\ndef f(xs):")
    assert len(json.dumps(questions(constrained_problem(reference="x" * 10**6)))) < 20_000
