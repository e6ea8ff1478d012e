"""Repair from above: the whole reference as hunks on the candidate, reduced while the tests pass.

whole.py    the reference in the candidate's names, in the place of the candidate's own code
lines.py    the logical lines of both programs, and the pairs of counterparts
patch.py    one program as hunks on the other; any selection of hunks as text and as edits
reduce.py   delta debugging: a smallest selection that passes
pieces.py   single hunks, and a few neighbouring ones, for the search for one edit

A. Zeller, R. Hildebrandt: "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verl_egca.localization.repair.lines import lines_of
from verl_egca.localization.repair.patch import Patch
from verl_egca.localization.repair.reduce import Passes, reduced
from verl_egca.localization.repair.whole import wholes
from verl_egca.localization.twins.alignment import Alignment
from verl_egca.localization.twins.edits import Edit

WORDS = "words"  # the kind of an edit that changes words of a line
_VIEWS = 4  # of the reference, the most similar ones


@dataclass(frozen=True, slots=True)
class Repair:
    """Disjoint edits in order, with which all cases pass, and the share that they rewrite: in [0, 1], 3 digits."""

    edits: tuple[Edit, ...]
    share: float


def patches(source: str, alignment: Alignment, entry_point: str | None) -> list[Patch]:
    """The nearest views of the reference, each as hunks on the program, smallest change first."""
    lines = lines_of(source)
    found = [Patch(source, lines, whole) for whole in wholes(alignment, entry_point)] if lines else []
    return sorted(found, key=lambda patch: sum(hunk.weight for hunk in patch.hunks))[:_VIEWS]


def smallest_repair(found: Sequence[Patch], passes: Passes, enough: float) -> Repair | None:
    """The repair of the least share over all patches; at a share of ``enough`` or less, no further patch is tried.

    None if no whole patch passes: then the share is unknown.
    """
    best: Repair | None = None
    for patch in found:
        left = reduced(patch, passes)
        if left is not None:
            share = round(patch.share(left), 3)
            best = best if best is not None and best.share <= share else Repair(tuple(patch.edits(left)), share)
            if best.share <= enough:
                break
    return best


def patch_to(source: str, target: str) -> Patch:
    """The hunks that turn a program into another, in the other's own text or in that of `ast.unparse`."""
    return Patch(source, lines_of(source), target)


def differences(source: str, target: str) -> tuple[Edit, ...]:
    """Disjoint edits in order that turn a program into another."""
    patch = patch_to(source, target)
    return tuple(patch.edits(patch.hunks))
