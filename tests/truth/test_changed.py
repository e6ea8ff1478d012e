"""Which lines of a wrong program count as wrong, given the right one."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truth.changed import changed_lines
from truth.mutate import mutants

RIGHT = dedent('''
    def f(xs):
        """Doc."""
        total = 0
        for x in xs:
            if x > 2:
                total += x
        return total
''').lstrip()


def wrong(old: str, new: str) -> str:
    assert old in RIGHT
    return RIGHT.replace(old, new)


@pytest.mark.parametrize(
    ("program", "lines"),
    [
        pytest.param(RIGHT, set(), id="nothing changed"),
        pytest.param(wrong("x > 2", "x >= 2"), {5}, id="a line"),
        pytest.param(wrong("x > 2:", "x>2 :  # two"), set(), id="layout and comments"),
        pytest.param(wrong('"""Doc."""', '"""Other."""'), set(), id="a docstring"),
        pytest.param(wrong("    total = 0\n", "    total = 0\n\n    xs = xs[1:]\n"), {5}, id="a line too many"),
        pytest.param(wrong("    total = 0\n", ""), {1, 3}, id="a missing line, docstring not counted"),
        pytest.param(
            "def f(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total\n", {3, 4}, id="a missing guard"),
        pytest.param(wrong("    return total", "        return total"), {7}, id="a return too deep"),
        pytest.param(wrong("    total = 0", "    if xs:\n        total = 0"), {3}, id="a guard too many"),
        pytest.param("def f(xs:\n    total = 0\n", {1, 2}, id="no program: line by line"),
    ],
)  # fmt: skip
def test_lines_that_differ(program: str, lines: set[int]) -> None:
    assert changed_lines(program, RIGHT) == lines


def test_statements_that_changed_places_both_count() -> None:
    right = "def f(x):\n    if x:\n        return True\n    return False\n"
    program = "def f(x):\n    if x:\n        return False\n    return True\n"
    assert changed_lines(program, right) == {3, 4}


def test_of_a_long_statement_only_the_lines_that_differ_count() -> None:
    assert changed_lines("x = [1,\n     5,\n     3]\n", "x = [1, 2,\n     3]\n") == {2}


@settings(max_examples=10)
@given(seed=st.integers(0, 100))
def test_the_changed_lines_of_a_mutant_meet_its_place(seed: int) -> None:
    for mutant in mutants(RIGHT, seed):
        (place,) = mutant.places
        lines = changed_lines(mutant.source, RIGHT)
        assert lines & set(range(place.line, place.end_line + 1)), mutant
