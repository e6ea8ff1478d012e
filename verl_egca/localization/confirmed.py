"""How far a localization is proven."""

from __future__ import annotations

from enum import StrEnum


class Confirmed(StrEnum):
    FULL = "full"  # with its edits all tests pass
    PARTIAL = "partial"  # with its edits the failing case passes, and none fails that passed
    NONE = "none"  # a guess, or a reported place
