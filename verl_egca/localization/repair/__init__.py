"""Repair from above: the whole reference as hunks on the candidate, taken away as long as the tests pass.

A Zeller, R Hildebrandt: "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002.
"""

from __future__ import annotations

from dataclasses import dataclass

from verl_egca.localization.repair.lines import lines_of
from verl_egca.localization.repair.patch import Patch
from verl_egca.localization.repair.reduce import Passes, reduced
from verl_egca.localization.repair.whole import wholes
from verl_egca.localization.twins.alignment import Alignment
from verl_egca.localization.twins.edits import Edit

WORDS = "words"  # the kind of an edit that changes words of a line
_VIEWS = 4  # of the reference, those that differ least


@dataclass(frozen=True, slots=True)
class Repair:
    """Disjoint edits in order, with which all cases pass, and the share of the program that they rewrite, in [0, 1]."""

    edits: tuple[Edit, ...]
    share: float


def smallest_repair(
    source: str, alignment: Alignment, entry_point: str | None, passes: Passes, enough: float
) -> Repair | None:
    """The repair of the least share from the nearest views; further ones are not tried once it is ``enough``.

    None if no view passes as a whole: then nothing is known of the share.
    """
    lines = lines_of(source)
    if not lines:
        return None
    patches = [Patch(source, lines, whole) for whole in wholes(alignment, entry_point)]
    patches.sort(key=lambda patch: sum(hunk.weight for hunk in patch.hunks))
    best: Repair | None = None
    for patch in patches[:_VIEWS]:
        left = reduced(patch, passes)
        if left is None:
            continue
        found = Repair(tuple(patch.edits(left)), patch.share(left))
        if best is None or found.share < best.share:
            best = found
        if best.share <= enough:
            break
    return best


def differences(source: str, target: str) -> tuple[Edit, ...]:
    """Disjoint edits in order that turn a program into another, as that is written or as `ast.unparse` may write it."""
    patch = Patch(source, lines_of(source), target)
    return tuple(patch.edits(patch.hunks))
