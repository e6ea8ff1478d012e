"""The rule for a hit: the blamed place overlaps a truly wrong line, and is small."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from verl_egca.localization.base import Localization
from verl_egca.source import SourceText
from verl_egca.statements import statements

MOST_LINES = 3
Lines = tuple[int, int]  # first and last, from 1


def hit(program: str, truth: Collection[int], blamed: Iterable[Lines]) -> bool:
    """Whether the blamed lines overlap the truth and are at most MOST_LINES, or in one compound statement's header."""
    ranges = list(blamed)
    lines = {line for first, last in ranges for line in range(first, last + 1)}
    if not lines & set(truth):
        return False
    return len(lines) <= MOST_LINES or _in_a_header(program, min(lines), max(lines))


def first_hit(program: str, truth: Collection[int], found: Localization) -> bool:
    return hit(program, truth, [(place.line, place.end_line) for place in found.ranges])


def hit_among(program: str, truth: Collection[int], found: Localization, first: int = 3) -> bool:
    """Whether the blamed place or one of the ``first`` ranked places is right."""
    return first_hit(program, truth, found) or any(hit(program, truth, [place]) for place in found.ranked[:first])


def blamed_text(program: str, found: Localization) -> str:
    text = SourceText(program)
    return "".join(program[slice(*text.offsets(place))] for place in found.ranges)


def twin(program: str, evidence: Mapping[str, Any]) -> str | None:
    """The program with the edits of the evidence; None if the evidence has no applicable edit.

    ``evidence["edit"]`` is {"start", "end", "text"} in characters of the program; ``evidence["edits"]`` lists several.
    """
    told = evidence.get("edits") or ([evidence["edit"]] if evidence.get("edit") else [])
    try:
        edits = sorted(((edit["start"], edit["end"], edit["text"]) for edit in told), reverse=True)
        if not edits:
            return None
        text, beginning = program, len(program)
        for start, end, replacement in edits:
            if not 0 <= start <= end <= beginning:
                return None
            text, beginning = text[:start] + replacement + text[end:], start
    except (KeyError, TypeError):
        return None
    return text


def _in_a_header(program: str, first: int, last: int) -> bool:
    headers = (statement.place for statement in statements(program) if statement.is_header)
    return any(place.line <= first and last <= place.end_line for place in headers)
