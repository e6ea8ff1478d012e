"""Sends questions to servers, on one event loop.

A question waits for one of ``concurrency`` slots, which it holds during its request. It goes to the replica with the
fewest running requests among those whose breaker admits it. If that replica is slow, another one is asked as well (a
hedge, in a slot of its own). Failed attempts are repeated after a back-off, or the server's Retry-After, if that ends
before the deadline.

sglang-router, which may be given as a server, balances, repeats and breaks, too (0.3.2). It can't replace this: it
knows no deadlines and no hedges, and its end would take all servers away.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from verl_egca.debugger.failure import Failure, Unavailable
from verl_egca.debugger.flight import Flight, Flights, Passenger, Sent
from verl_egca.debugger.replica import Completion, Replica
from verl_egca.debugger.settings import DebuggerSettings

T = TypeVar("T")
Send = Callable[[Sent], Coroutine[Any, Any, T]]

_BACK_OFF_S = 0.5
_LONGEST_BACK_OFF_S = 8.0


class Dispatch:
    def __init__(self, settings: DebuggerSettings) -> None:
        self._settings = settings
        self._replicas = [Replica(url, settings) for url in settings.urls]
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._turns = itertools.count(os.getpid())  # so that reward workers begin with different servers
        self._questions: Flights[Completion] = Flights()
        self._models: Flights[str] = Flights()
        self._back_off = wait_random_exponential(_BACK_OFF_S, _LONGEST_BACK_OFF_S)

    async def complete(self, body: dict[str, Any], key: Hashable, who: Passenger) -> Completion:
        """The answer to a request; those with the same key share one. Raises Failure, Unavailable."""
        return await self._questions.join(
            key, who, lambda flight: self._persist(flight, lambda sent: sent.replica.complete(body, sent))
        )

    async def model(self, who: Passenger) -> str:
        """The name of the served model. Raises Failure, Unavailable."""
        return await self._models.join(
            "model", who, lambda flight: self._persist(flight, lambda sent: sent.replica.model(sent))
        )

    async def close(self) -> None:
        for replica in self._replicas:
            await replica.close()

    async def _persist(self, flight: Flight[T], send: Send[T]) -> T:
        """Attempt until one succeeds or no other can help."""

        def another_may_help(error: BaseException) -> bool:
            if not isinstance(error, Failure):
                return False
            untried = len({id(sent.replica) for sent in flight.sent}) < len(self._replicas)
            return error.passing or (error.counts and untried)

        def pause(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            wanted = error.retry_after_s if isinstance(error, Failure) else None
            return max(self._back_off(state), wanted or 0.0)

        def enough(state: RetryCallState) -> bool:
            late = time.monotonic() + state.upcoming_sleep >= flight.deadline
            return late or state.attempt_number >= self._settings.attempts

        attempts = AsyncRetrying(retry=retry_if_exception(another_may_help), wait=pause, stop=enough, reraise=True)
        last: list[Failure] = []

        async def attempt() -> T:
            try:
                return await self._attempt(flight, send)
            except Failure as failure:
                last[:] = [failure]
                raise
            except Unavailable:  # the breaker opened meanwhile: the last failure is the reason
                if last:
                    raise last[0] from None
                raise

        return await attempts(attempt)

    async def _attempt(self, flight: Flight[T], send: Send[T]) -> T:
        """One request, and if it is slow another one to a second server: the first answer counts."""
        begun: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        first = asyncio.create_task(self._request(flight, send, begun))
        racing = {first}
        try:
            either: list[asyncio.Future[Any]] = [first, begun]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            patience = self._settings.hedge_s if len(self._replicas) > 1 else None
            failure: BaseException = Unavailable()
            while racing:
                done, racing = await asyncio.wait(racing, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    racing.add(asyncio.create_task(self._request(flight, send, besides=begun.result().replica)))
                patience = None
                ended = [(task, task.exception()) for task in done]  # all: asyncio reports unread exceptions
                for task, error in ended:
                    if error is None:
                        if task is not first:
                            begun.result().overtaken = True
                        return task.result()
                    if not isinstance(error, Unavailable) or isinstance(failure, Unavailable):
                        failure = error
            raise failure
        finally:
            for task in racing:
                task.cancel()
            await asyncio.gather(*racing, return_exceptions=True)

    async def _request(
        self,
        flight: Flight[T],
        send: Send[T],
        begun: asyncio.Future[Sent] | None = None,
        besides: Replica | None = None,
    ) -> T:
        async with self._slots:
            replica = self._choose([sent.replica for sent in flight.sent], besides)
            sent = Sent(replica)
            flight.sent.append(sent)
            if begun is not None:
                begun.set_result(sent)
            return await send(sent)

    def _choose(self, tried: list[Replica], besides: Replica | None) -> Replica:
        ready = [replica for replica in self._replicas if replica is not besides and replica.breaker.admits()]
        if not ready:
            raise Unavailable
        turn = next(self._turns)
        ready = [*ready[turn % len(ready) :], *ready[: turn % len(ready)]]
        return min(ready, key=lambda replica: (tried.count(replica), replica.under_way))
