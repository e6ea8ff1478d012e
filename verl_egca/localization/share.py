"""The share of a failing program that a smallest repair rewrites; the repair is made from the reference."""

from __future__ import annotations

from verl_egca.localization.attempt import Attempt, Attempts
from verl_egca.localization.base import FailingSample, NotLocalized
from verl_egca.localization.options import Options
from verl_egca.localization.repair import Repair, smallest_repair
from verl_egca.localization.twins.search import Search

_REPAIR = 0.35  # of the budget


def repaired(attempt: Attempt, search: Search, enough: float) -> Repair | None:
    """A smallest repair within a part of the search's budget, or the first that rewrites at most ``enough``.

    None if the whole reference does not pass, or without a reference.
    """
    most = search.tried + int(_REPAIR * search.budget)

    def passes(text: str) -> bool | None:
        return search.passes(text) if search.tried < most else None

    return smallest_repair(attempt.patches, passes, enough)


class RepairShare:
    def __init__(self, enough: float, options: Options | None = None) -> None:
        """The search ends at a share of ``enough``."""
        self._enough, self._attempts = enough, Attempts(options or Options())

    def of(self, sample: FailingSample) -> float | None:
        """The share, in [0, 1]; None if no repair is known. Raises SandboxError, ConfinementError."""
        try:
            with self._attempts.on(sample) as attempt:
                repair = repaired(attempt, attempt.search(), self._enough)
        except NotLocalized:
            return None
        return repair.share if repair is not None else None
