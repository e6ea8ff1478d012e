"""What a plan can't be made from."""

from __future__ import annotations


class BadPlan(ValueError):
    """The message names the option or the file and key, and what to give instead."""
