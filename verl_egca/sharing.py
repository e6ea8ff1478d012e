"""Results shared by key: callers with the same key share one computation, also while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

from cachetools import LRUCache

Result = TypeVar("Result")


class Shared(Generic[Result]):
    """A cache for the threads of one process; past a total weight, the least recently used results are dropped.

    ``fit`` decides whether a result may be shared. Otherwise, and on an error, callers that waited do the work
    themselves.
    """

    def __init__(self, fit: Callable[[Result], bool], weight: Callable[[Result], int], most: int) -> None:
        self._fit = fit
        self._lock = threading.Lock()
        self._kept: LRUCache[Hashable, Result] = LRUCache(most, getsizeof=weight)
        self._running: dict[Hashable, Future[tuple[Result] | None]] = {}

    def get(self, key: Hashable, work: Callable[[], Result]) -> tuple[Result, bool]:
        """The result, and whether another caller computed it, perhaps still does. Raises the errors of ``work``."""
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
                    with suppress(ValueError):  # heavier than the cache's limit
                        self._kept[key] = shared[0]
            mine.set_result(shared)
