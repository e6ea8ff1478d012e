"""The check of verdicts beside other judges: what it counts as a fault, and that it judges for real."""

import pytest

import check_verdicts
from check_verdicts import BARE, OURS, Judged, judge_all, show_disagreements, table
from verdicts.corpora import Trial, answers, rows, styles
from verl_egca.execution.sandbox import Sandbox

from ..execution.script_styles import DIFFERENT
from ..problems import stdio_problem

DOUBLE = stdio_problem(("3\n", "6\n"))


def trial(program, **fields):
    return Trial("programs", "double", DOUBLE, program, **fields)


@pytest.fixture
def told(monkeypatch):
    lines = []
    monkeypatch.setattr(check_verdicts, "_tell", lines.append)
    return lines


def test_every_judge_runs_the_program(sandbox):
    found = judge_all([trial("print(2 * int(input()))"), trial("print(int(input()))")], sandbox, 2)
    assert [one.verdicts for one in found] == [
        {OURS: right, BARE: right, "prime_code": right} for right in (True, False)
    ]
    assert "1 of 1" in str(list(table(found).columns[2].cells))


@pytest.mark.parametrize(
    ("verdicts", "right", "faults"),
    [
        ({OURS: True, BARE: True}, None, 0),
        ({OURS: False, BARE: True}, None, 2),  # right, and judged wrong; and no reason for it is known
        ({OURS: True, BARE: False}, None, 2),
        ({OURS: True, "prime_code": False}, True, 1),
        ({BARE: True}, None, 0),  # no verdict: uniform
    ],
)
def test_faults_are_counted(told, verdicts, right, faults):
    assert show_disagreements([Judged(trial("", right=right), verdicts)]) == faults
    assert len(told) >= faults


def test_answers_are_judged_by_what_each_extraction_finds(sandbox, told):
    found = judge_all(list(answers())[:12], sandbox, 2)
    assert all(one.verdicts[OURS] for one in found)
    assert show_disagreements(found) == 0
    assert told  # the others miss some of them


def test_a_meant_difference_is_no_fault(told):
    style = next(one for one in styles() if one.name == "the environment")
    assert show_disagreements([Judged(style, {OURS: False, BARE: True})]) == 0
    assert DIFFERENT["the environment"] in told[0]


def test_rows_of_every_shape_are_among_the_corpora():
    with Sandbox() as sandbox:
        found = judge_all([one for one in rows() if one.name in ("KodCode", "CodeContests")], sandbox, 2)
    assert [one.verdicts[OURS] for one in found] == [True, False] * 2
