"""A bound on the wall time that questions without a useful answer cost in all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Allowance:
    """Counts the time of questions that are unanswered, or whose answer was useless.

    Overlapping times count once. Without ``seconds`` there is no bound.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._lock = threading.Lock()
        self._under_way: list[float] = []  # start times
        self._lost: list[tuple[float, float]] = []  # disjoint, in order
        self._lost_s = 0.0  # their sum

    def left(self) -> float:
        """Seconds."""
        if self._seconds is None:
            return float("inf")
        with self._lock:
            first, spent = min(self._under_way, default=float("inf")), self._lost_s
            for begin, end in reversed(self._lost):
                if end <= first:
                    break
                spent -= end - max(begin, first)
            return self._seconds - spent - max(0.0, self._clock() - first)

    def begin(self) -> float:
        """Start a question now. Returns the argument of `end`."""
        with self._lock:
            begun = self._clock()
            self._under_way.append(begun)
            return begun

    def end(self, begun: float, *, lost: bool) -> None:
        with self._lock:
            self._under_way.remove(begun)
        if lost:
            self.lose(begun)

    def lose(self, begun: float) -> None:
        """Count the time from ``begun`` until now as lost."""
        if self._seconds is None:
            return
        with self._lock:
            end = self._clock()
            while self._lost and self._lost[-1][1] >= begun:  # all end before now: only the last ones overlap
                earlier, until = self._lost.pop()
                self._lost_s -= until - earlier
                begun = min(begun, earlier)
            self._lost.append((begun, end))
            self._lost_s += end - begun

    def refill(self) -> None:
        """Forget the lost time."""
        with self._lock:
            self._lost.clear()
