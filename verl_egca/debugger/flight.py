"""Identical concurrent work is done once, on one event loop, and cancelled when its last waiter leaves.

Not cachetools or functools: they share finished results, not running work.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from verl_egca.debugger.replica import Replica

T = TypeVar("T")


@dataclass(slots=True)
class Sent:
    """One request to one replica."""

    replica: Replica
    at: float = field(default_factory=time.monotonic)
    overtaken: bool = False  # another replica answered first


class Flight(Generic[T]):
    """One piece of work. ``deadline`` is the latest of its waiters, ``sent`` its requests so far."""

    def __init__(self, work: Callable[[Flight[T]], Coroutine[Any, Any, T]]) -> None:
        self.deadline = float("-inf")
        self.sent: list[Sent] = []
        self.waiting = 0
        self.task: asyncio.Task[T] = asyncio.get_running_loop().create_task(work(self))


@dataclass(slots=True)
class Passenger:
    """A waiter and its deadline. ``shared``: another one began the flight."""

    deadline: float
    flight: Flight[Any] | None = None
    shared: bool = False

    @property
    def attempts(self) -> int:
        """The number of requests that were sent for this waiter alone."""
        return len(self.flight.sent) if self.flight is not None and not self.shared else 0


class Flights(Generic[T]):
    """Running work, by key."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, Flight[T]] = {}

    async def join(self, key: Hashable, who: Passenger, work: Callable[[Flight[T]], Coroutine[Any, Any, T]]) -> T:
        """The result of ``work``, or of running work with that key, which ends when its last waiter is cancelled."""
        found = self._under_way.get(key)
        flight = found or self._begin(key, work)
        who.flight, who.shared = flight, found is not None
        flight.deadline = max(flight.deadline, who.deadline)
        flight.waiting += 1
        try:
            await asyncio.wait([flight.task])
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._forget(key, flight)
                flight.task.cancel()
        return flight.task.result()

    def _begin(self, key: Hashable, work: Callable[[Flight[T]], Coroutine[Any, Any, T]]) -> Flight[T]:
        flight = self._under_way[key] = Flight(work)

        def ended(task: asyncio.Task[T]) -> None:
            self._forget(key, flight)
            if not task.cancelled():
                task.exception()  # read it: asyncio reports unread exceptions

        flight.task.add_done_callback(ended)
        return flight

    def _forget(self, key: Hashable, flight: Flight[T]) -> None:
        if self._under_way.get(key) is flight:
            del self._under_way[key]
