"""How much wall time questions without a useful answer may cost in all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Allowance:
    """Counts the time during which at least one question was under way that came to nothing, or is not answered yet.

    Times of questions that overlap count once: it is what a caller waits for in vain. Without ``seconds`` there is no end.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._lock = threading.Lock()
        self._under_way: list[float] = []  # when they began
        self._lost: list[tuple[float, float]] = []  # apart from each other, in order
        self._lost_s = 0.0  # the sum of them

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
        """A question is asked, now; give what this returns to `end`."""
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
        """The time from ``begun`` until now was in vain."""
        if self._seconds is None:
            return
        with self._lock:
            end = self._clock()
            while self._lost and self._lost[-1][1] >= begun:  # they all end before now, so that the last ones overlap
                earlier, until = self._lost.pop()
                self._lost_s -= until - earlier
                begun = min(begun, earlier)
            self._lost.append((begun, end))
            self._lost_s += end - begun

    def refill(self) -> None:
        """What has been lost so far is forgotten."""
        with self._lock:
            self._lost.clear()
