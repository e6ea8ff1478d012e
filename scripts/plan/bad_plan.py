"""The error for bad input of a plan."""

from __future__ import annotations


class BadPlan(ValueError):
    """The message names the option, or the file and key, and the remedy."""
