"""Identical work is done once: who asks for the same key shares one result, also while it is still being worked on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

from cachetools import LRUCache

Result = TypeVar("Result")


class Shared(Generic[Result]):
    """Results by key, for the threads of one process; the least recently used are forgotten past a total weight.

    ``fit`` says whether a result may be shared at all. One that may not, and an error, is its own caller's alone: whoever
    waited for it works for itself.
    """

    def __init__(self, fit: Callable[[Result], bool], weight: Callable[[Result], int], most: int) -> None:
        self._fit = fit
        self._lock = threading.Lock()
        self._kept: LRUCache[Hashable, Result] = LRUCache(most, getsizeof=weight)
        self._running: dict[Hashable, Future[tuple[Result] | None]] = {}

    def get(self, key: Hashable, work: Callable[[], Result]) -> tuple[Result, bool]:
        """The result, and whether it was another caller's. Waits if another caller is at it; raises what ``work`` raises."""
        while True:
            with self._lock:
                if key in self._kept:
                    return self._kept[key], True
                running = self._running.get(key)
                if running is None:
                    mine = self._running[key] = Future()
            if running is None:
                return self._work(key, mine, work), False
            shared = running.result()
            if shared is not None:
                return shared[0], True

    def _work(self, key: Hashable, mine: Future[tuple[Result] | None], work: Callable[[], Result]) -> Result:
        shared: tuple[Result] | None = None
        try:
            result = work()
            if self._fit(result):
                shared = (result,)
            return result
        finally:
            with self._lock:
                del self._running[key]
                if shared is not None:
                    with suppress(ValueError):  # it weighs more than all may together
                        self._kept[key] = shared[0]
            mine.set_result(shared)
