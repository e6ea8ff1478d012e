"""A debugger's correction becomes an edit of the statement that it named, or is refused before anything is run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verl_egca.execution.verdict import CaseVerdict, Outcome
from verl_egca.localization.dialogue.correction import Unfit, as_edit, blamed
from verl_egca.localization.dialogue.listing import Listing
from verl_egca.localization.twins.program import Program

from ...problems import SUM_ABOVE_ONE, assertion_problem

PROBLEM = assertion_problem("assert f([7, 2, 3]) == 12", reference=SUM_ABOVE_ONE)
CASES = (
    CaseVerdict(0, "assert f([7, 2, 3]) == 12", Outcome.WRONG, got="13", expected="12", call="f([7, 2, 3])"),
    CaseVerdict(1, "assert f([90]) == 4711", Outcome.PASSED, expected="4711", call="f([90])"),
)
WRONG = SUM_ABOVE_ONE.replace("x > 1", "x >= 1")


def edited(number, correction, source=WRONG):
    program = Program(source)
    statement = Listing(source, frozenset()).get(number).statement
    return program, as_edit(program, statement, correction, PROBLEM, CASES)


@pytest.mark.parametrize(
    ("number", "correction", "line"),
    [
        (3, "if x > 1:", "        if x > 1:\n            total += x"),  # a header alone
        (3, "if x > 1", "        if x > 1:\n            total += x"),
        (3, "if x > 1:\n    total += x", "        if x > 1:\n            total += x"),  # with its block
        (3, "        if x > 1:\n            total += x", "        if x > 1:\n            total += x"),  # indented
        (4, "total += x + 0", "            total += x + 0"),
        (2, "for x in sorted(xs):", "    for x in sorted(xs):\n        if x >= 1:"),
        (1, "total = 0\nseen = set()", "    total = 0\n    seen = set()\n    for"),  # two statements for one
    ],
)
def test_a_correction_takes_the_statements_place_at_its_indentation(number, correction, line):
    program, edit = edited(number, correction)
    assert line in edit.apply(program.source)


@pytest.mark.parametrize(
    ("number", "correction", "reason"),
    [
        (3, "if x >", "does_not_parse"),
        (4, "total += x\n  return", "does_not_parse"),
        (3, "if x >= 1:", "changes_nothing"),
        (3, "if (x >= 1):", "changes_nothing"),
        (5, "return " + " + ".join(f"g{i}(total)" for i in range(40)), "too_large"),
        (5, "return 12 if xs else total", "special_case"),
        (3, "if xs == [7, 2, 3]:", "special_case"),
        (5, "return 4711", "special_case"),  # of a test that it was not shown
    ],
)
def test_a_correction_that_can_be_none_is_refused_with_the_reason(number, correction, reason):
    with pytest.raises(Unfit) as refused:
        edited(number, correction)
    assert refused.value.reason == reason
    assert str(refused.value).endswith(".")


def test_what_is_blamed_is_the_smallest_expression_around_each_change():
    program, edit = edited(3, "if x > 1:\n    total += x + 1")
    places = [program.source[slice(*program.text.offsets(place))] for place in blamed(program, edit)]
    assert places[0] == "x >= 1"
    assert places[1] == "x"


@given(st.text(max_size=300), st.integers(1, 5))
def test_whatever_is_said_makes_an_edit_inside_its_statement_or_is_refused(correction, number):
    try:
        program, edit = edited(number, correction)
    except Unfit:
        return
    start, end = program.span(next(s for s in program.statements() if program.span(s)[0] == edit.start))
    assert start <= edit.start <= edit.end <= end
    assert blamed(program, edit)
