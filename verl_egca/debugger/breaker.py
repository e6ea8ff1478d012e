"""A circuit breaker: a server that keeps failing is skipped for a while, then tried with a single request.

Not pybreaker: it counts a cancelled request as a success, and its pause is constant.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

_LONGEST_S = 120.0


class Breaker:
    """For one server, on one thread. Closed it admits all requests, open none, and after a pause one: the probe.

    The probe's success closes it; its failure opens it for twice as long.
    """

    def __init__(self, name: str, failures: int, pause_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._most, self._first_pause_s, self._clock = name, failures, pause_s, clock
        self._failures = 0
        self._pause_s = pause_s
        self._opened: float | None = None  # None: closed
        self._open_since = 0.0
        self._probing = False
        self._worked = float("-inf")

    def admits(self) -> bool:
        """Whether a request may be sent now."""
        if self._opened is None:
            return True
        return not self._probing and self._clock() - self._opened >= self._pause_s

    def send(self) -> bool:
        """Note that an admitted request is sent. Returns whether it is the probe, for `ended`."""
        self._probing = self._opened is not None
        return self._probing

    def ended(self, probe: bool, failure: str | None = None, *, verdict: bool = True) -> None:
        """Note a request's end; without ``verdict`` it says nothing about the server."""
        if verdict and failure is None:
            self._close()
        elif verdict and failure is not None and (probe or self._opened is None):
            self._fail(failure)  # not of requests that were under way when it opened
        if probe:
            self._probing = False

    def overtaken(self, since: float, probe: bool) -> None:
        """Another server was faster than this request, sent at ``since``: a failure, unless this one answered since."""
        if self._worked < since:
            self.ended(probe, "slow")

    def _close(self) -> None:
        self._worked = self._clock()
        self._failures, self._pause_s = 0, self._first_pause_s
        if self._opened is not None:
            self._opened = None
            logger.warning("egca: %s answers again, after %.0f s", self._name, self._worked - self._open_since)

    def _fail(self, failure: str) -> None:
        self._failures += 1
        if self._opened is not None:
            self._pause_s = min(2 * self._pause_s, max(_LONGEST_S, self._first_pause_s))
            self._opened = self._clock()
            logger.info("egca: %s still fails (%s); left alone for %g s", self._name, failure, self._pause_s)
        elif self._failures >= self._most:
            self._opened = self._open_since = self._clock()
            text = "egca: %s failed %d times in a row, at last with: %s; left alone for %g s"
            logger.warning(text, self._name, self._failures, failure, self._pause_s)
