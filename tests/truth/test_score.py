"""When a localizer counts as right."""

from __future__ import annotations

import pytest

from truth.score import blamed_text, first_hit, hit, hit_among, twin
from verl_egca.localization.base import Localization
from verl_egca.source import SourceRange

PROGRAM = "def f(a):\n    if (a\n        and a > 1\n        and a > 2\n        and a > 3):\n        a = 1\n    b = 2\n    return b\n"


@pytest.mark.parametrize(
    ("blamed", "right"),
    [
        pytest.param([(6, 6)], True, id="the line"),
        pytest.param([(7, 7)], False, id="another line"),
        pytest.param([(6, 8)], True, id="three lines with it"),
        pytest.param([(5, 8)], False, id="four lines with it"),
        pytest.param([(6, 6), (8, 8)], True, id="parts that are few lines together"),
        pytest.param([(6, 6), (1, 3)], False, id="parts that are many lines together"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_blamed_lines_hit_if_they_meet_the_truth_and_are_few(blamed: list[tuple[int, int]], right: bool) -> None:
    assert hit(PROGRAM, {6}, blamed) is right


def test_the_header_of_a_compound_statement_may_be_long() -> None:
    assert hit(PROGRAM, {3}, [(2, 5)])
    assert not hit(PROGRAM, {3}, [(2, 6)])


def test_ranked_places_count_for_top_three_only() -> None:
    found = Localization((SourceRange(8, 4, 8, 12),), "x", ranked=((8, 8), (7, 7), (6, 6), (1, 1)))
    assert not first_hit(PROGRAM, {6}, found)
    assert hit_among(PROGRAM, {6}, found)
    assert not hit_among(PROGRAM, {1}, found)
    assert blamed_text(PROGRAM, found) == "return b"


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        ({"edit": {"start": 4, "end": 5, "text": "2"}}, "a = 2\nb = 3\n"),
        ({"edits": [{"start": 4, "end": 5, "text": "20"}, {"start": 10, "end": 11, "text": ""}]}, "a = 20\nb = \n"),
        ({"edits": [{"start": 10, "end": 11, "text": ""}, {"start": 4, "end": 5, "text": "20"}]}, "a = 20\nb = \n"),
        ({"edits": [{"start": 4, "end": 6, "text": ""}, {"start": 5, "end": 7, "text": ""}]}, None),
        ({"edit": {"start": 4, "end": 500, "text": ""}}, None),
        ({"edit": {"start": 4}}, None),
        ({"edit": None}, None),
        ({}, None),
    ],
)
def test_a_twin_is_the_program_with_the_edits_that_are_told(evidence: dict[str, object], text: str | None) -> None:
    assert twin("a = 1\nb = 3\n", evidence) == text
