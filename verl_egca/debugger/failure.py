"""Failures of requests."""

from __future__ import annotations


class Unavailable(Exception):
    """No server can be asked now: all breakers are open."""


class Failure(Exception):
    """A request failed. ``reason`` is one of `NoAnswer`'s.

    ``passing``: the same server may answer later. ``counts``: the breaker counts it as the server's failure.
    """

    def __init__(
        self, reason: str, *, passing: bool = True, counts: bool = True, retry_after_s: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason, self.passing, self.counts, self.retry_after_s = reason, passing, counts, retry_after_s
