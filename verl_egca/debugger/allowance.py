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

    def left(self) -> float:
        """Seconds."""
        if self._seconds is None:
            return float("inf")
        with self._lock:
            first = min(self._under_way, default=float("inf"))
            spent = sum(min(end, first) - begin for begin, end in self._lost if begin < first)
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
        with self._lock:
            end = self._clock()
            while self._lost and self._lost[-1][1] >= begun:  # they all end before now, so that the last ones overlap
                begun = min(begun, self._lost.pop()[0])
            self._lost.append((begun, end))

    def refill(self) -> None:
        """What has been lost so far is forgotten."""
        with self._lock:
            self._lost.clear()
