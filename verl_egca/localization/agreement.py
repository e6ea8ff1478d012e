"""How an edited program does beside the reference on further inputs (see `further`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """On how many further inputs an edited program does what the reference does, beside the program without the edit.

    ``mended`` inputs are those that only the edited one has right, ``broken`` those that only the other has; ``left`` are
    right in neither.
    """

    mended: int = 0
    broken: int = 0
    left: int = 0

    @classmethod
    def of(cls, before: Sequence[bool], after: Sequence[bool]) -> Agreement:
        pairs = list(zip(before, after, strict=True))
        return cls(pairs.count((False, True)), pairs.count((True, False)), pairs.count((False, False)))

    @property
    def sound(self) -> bool:
        """Whether the edit does not break what was right: an input may be one that nobody means, so that a few may."""
        return self.broken <= max(1.0, self.mended / 3)
