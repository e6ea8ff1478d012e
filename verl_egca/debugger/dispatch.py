"""Which server gets a question, when, and how often: on one event loop.

A question waits for one of ``concurrency`` slots, which it holds while a request of its is under way, and goes to the
replica with the fewest requests under way among those whose breaker admits it. A replica that is slow is joined by another one
(a hedge, in a slot of its own). Attempts that come to nothing are repeated after a back-off, the servers' Retry-After
respected, but only where the next one would begin before the deadline.

sglang-router, whose address is as good as a server's, balances, repeats and breaks too (0.3.2). It does not take the place of
this: it knows no question's deadline, asks no second server beside a slow one, and is one more process, whose end takes all
servers away.
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
        self._turns = itertools.count(os.getpid())  # reward workers do not all begin with the first one
        self._questions: Flights[Completion] = Flights()
        self._models: Flights[str] = Flights()
        self._back_off = wait_random_exponential(_BACK_OFF_S, _LONGEST_BACK_OFF_S)

    async def complete(self, body: dict[str, Any], key: Hashable, who: Passenger) -> Completion:
        """The answer to a request; those with the same key share one. Raises Failure, Unavailable."""
        return await self._questions.join(
            key, who, lambda flight: self._persist(flight, lambda sent: sent.replica.complete(body, sent))
        )

    async def model(self, who: Passenger) -> str:
        """The name of the model that is served. Raises Failure, Unavailable."""
        return await self._models.join(
            "model", who, lambda flight: self._persist(flight, lambda sent: sent.replica.model(sent))
        )

    async def close(self) -> None:
        for replica in self._replicas:
            await replica.close()

    async def _persist(self, flight: Flight[T], send: Send[T]) -> T:
        """Attempts, until one succeeds or no other can help."""

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
            except Unavailable:  # the breaker opened on the way: what opened it is the reason
                if last:
                    raise last[0] from None
                raise

        return await attempts(attempt)

    async def _attempt(self, flight: Flight[T], send: Send[T]) -> T:
        """One request, and if it is slow another server's beside it: the first answer counts."""
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
                ended = [(task, task.exception()) for task in done]  # of all, or asyncio reports those not looked at
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
