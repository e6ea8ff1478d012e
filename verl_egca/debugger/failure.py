"""Why a request came to nothing, or none was sent."""

from __future__ import annotations


class Unavailable(Exception):
    """No server is to be asked now: the breakers of all of them are open."""


class Failure(Exception):
    """A request came to nothing. ``reason`` is as `NoAnswer` has it.

    ``passing``: the same server may answer it later. ``counts``: it says that something is wrong with the server.
    """

    def __init__(
        self, reason: str, *, passing: bool = True, counts: bool = True, retry_after_s: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason, self.passing, self.counts, self.retry_after_s = reason, passing, counts, retry_after_s
