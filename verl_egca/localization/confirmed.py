"""The degrees of proof of a localization."""

from __future__ import annotations

from enum import StrEnum


class Confirmed(StrEnum):
    FULL = "full"  # with the edits, all tests pass
    PARTIAL = "partial"  # with the edits, the failing case passes and no passing case breaks
    NONE = "none"  # a guess, or a reported place
