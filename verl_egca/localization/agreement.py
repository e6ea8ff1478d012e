"""Counts the further inputs on which an edited program agrees with the reference (see `further`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """Numbers of further inputs: the edited program and the unedited one, each against the reference.

    ``mended``: only the edited program is right. ``broken``: only the unedited one is right. ``left``: neither is.
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
        """Whether the edit breaks few inputs or none. A few may break, since a varied input can be meaningless."""
        return self.broken <= max(1.0, self.mended / 3)
