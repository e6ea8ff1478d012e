"""Single edits from patches: differences from the reference in one row or in a few consecutive rows.

The cost of an edit depends on its number of hunks of each kind, of changed words and of consecutive changed rows, and
on the share of the program that the whole patch would rewrite.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from verl_egca.localization.repair.patch import Hunk, Patch
from verl_egca.localization.twins.costs import Amounts
from verl_egca.localization.twins.edits import Edit, applied

SEVERAL = "several"  # the kind of an edit of several pieces
_MOST = 200
_RUN, _TOGETHER = 5, 5  # limits of rows changed at once: consecutive rows, and all rows of the patch


def pieces(source: str, patches: Sequence[Patch], alike: float = 0.0) -> list[Edit]:
    """Edits by rising cost, each text once. ``alike``: the reference's likeness to the program, in excess of a half."""
    found: dict[str, Edit] = {}
    for patch in patches:
        rewritten = patch.share(patch.hunks)
        of_patch = (("rewritten by the patch", rewritten), ("reference alike", alike))
        for selected, beside in _selections(patch):
            edits = patch.edits(selected)
            if not edits:  # a change of depth that has no effect alone
                continue
            edit = _as_one(source, edits, (*_amounts(selected, rewritten), ("hunks beside", beside), *of_patch))
            text = edit.apply(source)
            if text not in found or edit.cost < found[text].cost:
                found[text] = edit
    found.pop(source, None)
    return sorted(found.values(), key=lambda edit: (edit.cost, edit.size, edit.start, edit.text))[:_MOST]


def _selections(patch: Patch) -> Iterator[tuple[Sequence[Hunk], int]]:
    """Each hunk, each row, consecutive rows, and all rows if few; each with its number of rows that follow another."""
    rows: dict[int, list[Hunk]] = {}
    for hunk in patch.hunks:
        rows.setdefault(hunk.row, []).append(hunk)
        yield [hunk], 0
    yield from ((hunks, 0) for hunks in rows.values() if len(hunks) > 1)
    for first in rows:
        for count in range(2, _RUN + 1):
            run = range(first, first + count)
            if all(row in rows for row in run):
                yield [hunk for row in run for hunk in rows[row]], count - 1
    if 1 < len(rows) <= _TOGETHER:
        yield patch.hunks, 0


def _amounts(hunks: Sequence[Hunk], rewritten: float) -> Iterator[tuple[str, float]]:
    yield "hunks of much", len(hunks) * rewritten
    yield "weight of much", sum(hunk.weight for hunk in hunks) * rewritten
    for kind, some in itertools.groupby(sorted(hunks, key=lambda hunk: hunk.kind), lambda hunk: hunk.kind):
        weights = [hunk.weight for hunk in some]
        yield f"hunks of {kind}", len(weights)
        yield f"weight of {kind}", sum(weights)


def _as_one(source: str, edits: Sequence[Edit], amounts: Amounts) -> Edit:
    first, last = edits[0], edits[-1]
    text = applied(source[: last.end], edits)[first.start :]
    kind = first.kind if first is last else SEVERAL
    return Edit(first.start, last.end, text, kind, first.blame, "of the reference", amounts=amounts)
