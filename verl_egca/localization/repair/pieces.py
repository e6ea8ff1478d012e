"""Single edits out of patches: what the reference has otherwise in a row or in a few that follow each other.

The cost of an edit is a guess at how surprising it is in bits: a few words in a line that is otherwise alike are cheap, new
lines dear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verl_egca.localization.repair.patch import Hunk, Kind, Patch
from verl_egca.localization.twins.edits import Edit, applied

SEVERAL = "several"  # the kind of an edit that brings in several pieces at once
_MOST = 200
_HUNK: dict[Kind, float] = {"words": 1.0, "statement": 3.0, "insert": 2.5, "remove": 3.0, "depth": 2.0}
_WORD: dict[Kind, float] = {"words": 0.35, "statement": 0.35, "insert": 0.3, "remove": 0.0, "depth": 0.0}
_BESIDE = 1.0  # bits that a row costs less which follows another one
_STRANGE = 4.0  # times how much of the program a patch would rewrite
_RUN, _TOGETHER = 5, 5  # rows that are changed at once: of those that follow each other, and of all


def pieces(source: str, patches: Sequence[Patch]) -> list[Edit]:
    """By rising cost, each way to a text once."""
    found: dict[str, Edit] = {}
    for patch in patches:
        strange = _STRANGE * patch.share(patch.hunks)
        for selected, cost in _selections(patch):
            edits = patch.edits(selected)
            if not edits:  # a depth that is the same where nothing else changes
                continue
            edit = _as_one(source, edits, cost + strange)
            text = edit.apply(source)
            if text not in found or edit.cost < found[text].cost:
                found[text] = edit
    found.pop(source, None)
    return sorted(found.values(), key=lambda edit: (edit.cost, edit.size, edit.start, edit.text))[:_MOST]


def _selections(patch: Patch) -> Iterator[tuple[Sequence[Hunk], float]]:
    """Each hunk, each row, neighbouring rows, and all if they are few; with the cost."""
    rows: dict[int, list[Hunk]] = {}
    for hunk in patch.hunks:
        rows.setdefault(hunk.row, []).append(hunk)
        yield [hunk], _cost([hunk])
    yield from ((hunks, _cost(hunks)) for hunks in rows.values() if len(hunks) > 1)
    for first in rows:
        for count in range(2, _RUN + 1):
            run = range(first, first + count)
            if all(row in rows for row in run):
                hunks = [hunk for row in run for hunk in rows[row]]
                yield hunks, _cost(hunks) - _BESIDE * (count - 1)
    if 1 < len(rows) <= _TOGETHER:
        yield patch.hunks, _cost(patch.hunks)


def _cost(hunks: Sequence[Hunk]) -> float:
    return sum(_HUNK[hunk.kind] + _WORD[hunk.kind] * hunk.weight for hunk in hunks)


def _as_one(source: str, edits: Sequence[Edit], cost: float) -> Edit:
    first, last = edits[0], edits[-1]
    text = applied(source[: last.end], edits)[first.start :]
    return Edit(first.start, last.end, text, first.kind if first is last else SEVERAL, first.blame, cost)
