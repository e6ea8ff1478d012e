"""Asks the served debugger. Every question ends by its deadline, with an answer or not, so that no step is delayed.

    with Debugger(settings) as debugger:
        reply = debugger.ask(messages, Answer, deadline=time.monotonic() + 20)

An answer fits its schema, but may be nonsense.
"""

from __future__ import annotations

import concurrent.futures
import logging
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from verl_egca.debugger.allowance import Allowance
from verl_egca.debugger.cache import AnswerCache
from verl_egca.debugger.failure import Failure, Unavailable
from verl_egca.debugger.flight import Passenger
from verl_egca.debugger.key import api_key
from verl_egca.debugger.loop_thread import LoopThread
from verl_egca.debugger.question import digest, request_body
from verl_egca.debugger.reply import A, Missing, NoAnswer, Reply, Verdicts
from verl_egca.debugger.settings import DebuggerSettings

if TYPE_CHECKING:  # imports openai, which takes seconds and is useless without a server
    from verl_egca.debugger.dispatch import Dispatch
    from verl_egca.debugger.replica import Completion

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Debugger:
    """Use one in a process, for all of its threads. Its requests run on an event loop in a thread of its own.

    ``allowance_s`` bounds the wall time of questions without a useful answer (see `Allowance`); past it every question
    is skipped at once.

    At temperature 0 identical questions share one answer: concurrent ones, and with ``settings.cache`` all later ones,
    also of other processes and runs with that folder. Above 0 each question gets its own sample.

    Raises:
        ValueError: the key in the environment is not valid (see `api_key`).
    """

    def __init__(self, settings: DebuggerSettings, *, allowance_s: float | None = None) -> None:
        api_key()
        self._settings = settings
        self._allowance = Allowance(allowance_s)
        self._shares = settings.temperature == 0
        keeps = settings.cache is not None and self._shares
        self._cache = AnswerCache(settings.cache or "", settings.cache_bytes) if keeps else None
        self._model = settings.model
        self._loop = LoopThread("egca-debugger", self._close_dispatch)
        self._dispatch: Dispatch | None = None  # used only on the loop
        self._lock = threading.Lock()
        self._faulty = False

    @property
    def settings(self) -> DebuggerSettings:
        return self._settings

    def __enter__(self) -> Debugger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @property
    def model(self) -> str | None:
        """The model's name, once it is known."""
        return self._model

    def ask(self, messages: Sequence[Mapping[str, str]], answer: type[A], *, deadline: float) -> Reply[A]:
        """The answer to ``messages`` (``role`` and ``content`` each), which fits ``answer``'s JSON schema. Blocks.

        ``deadline`` is a time of ``time.monotonic()`` and includes waiting for a turn.

        Raises:
            NoAnswer: with the reason.
        """
        if not self._settings.urls:
            raise NoAnswer("skipped", "no server")
        if self._allowance.left() <= 0:
            raise NoAnswer("skipped", "allowance used up")
        call = _Call(deadline, begun=self._allowance.begin())
        lost = True
        try:
            reply = self._answer(call, messages, answer)
            lost = False
            return reply
        finally:
            self._allowance.end(call.begun, lost=lost)

    def close(self) -> None:
        """End running questions, and skip later ones. May be called again."""
        self._loop.close()
        if self._cache is not None:
            self._cache.close()

    def _answer(self, call: _Call, messages: Sequence[Mapping[str, str]], answer: type[A]) -> Reply[A]:
        if self._model is None:
            self._model = self._wait(call, self._find_model(call))
            call.flight = None
        body = request_body(messages, answer, self._model, self._settings)
        key = digest(body)
        kept = self._cache.get(key) if self._cache is not None else None
        if kept is not None:
            try:
                return self._reply(call, answer.model_validate_json(kept), kept)
            except ValidationError:
                pass  # damaged: a new answer will replace it
        completion = self._wait(call, self._complete(call, body, key if self._shares else object()))
        if completion.text is None:
            raise self._no_answer(call, "refused", "declined", completion)
        if completion.cut_off:
            raise self._no_answer(call, "refused", "cut off", completion)
        try:
            found = answer.model_validate_json(completion.text)
        except ValidationError as error:
            broken = any(problem["type"] == "json_invalid" for problem in error.errors(include_url=False))
            raise self._no_answer(call, "refused", "not json" if broken else "schema", completion) from None
        if self._cache is not None and not call.shared:
            self._cache.put(key, completion.text)
        return self._reply(call, found, completion.text, completion)

    def _reply(self, call: _Call, answer: A, text: str, completion: Completion | None = None) -> Reply[A]:
        shared = completion is None or call.shared
        cost = call.cost(completion)
        judge = Verdicts(lambda: self._allowance.lose(call.begun), self._allowance.refill)
        return Reply(answer, text, shared=shared, _verdicts=judge, **cost)

    def _no_answer(self, call: _Call, outcome: Missing, reason: str, completion: Completion | None = None) -> NoAnswer:
        return NoAnswer(outcome, reason, **call.cost(completion))

    def _wait(self, call: _Call, work: Coroutine[Any, Any, T]) -> T:
        """``work``'s result from the loop, by the deadline and within the allowance. Raises NoAnswer."""
        future = self._loop.submit(work)
        if future is None:
            raise self._no_answer(call, "skipped", "closed")
        while True:
            left = min(call.deadline - time.monotonic(), self._allowance.left())
            try:
                return future.result(max(0.0, left))
            except concurrent.futures.CancelledError:
                raise self._no_answer(call, "skipped", "closed") from None
            except Unavailable:
                raise self._no_answer(call, "skipped", "breaker open") from None
            except Failure as failure:
                outcome: Missing = "timeout" if failure.reason == "slow" else "failed"
                raise self._no_answer(call, outcome, failure.reason) from None
            except TimeoutError:
                late = time.monotonic() >= call.deadline
                if late or self._allowance.left() <= 0:  # else other answers gave some of it back
                    future.cancel()
                    reason = "deadline" if late else "allowance used up"
                    raise self._no_answer(call, "timeout", reason) from None

            except Exception:
                with self._lock:
                    first, self._faulty = not self._faulty, True
                if first:
                    logger.exception("egca: the debugger can't be asked; logged once")
                raise self._no_answer(call, "failed", "unexpected") from None

    # ------------------------------------------------------------ on the loop

    async def _find_model(self, call: _Call) -> str:
        return await self._dispatching().model(call)

    async def _complete(self, call: _Call, body: dict[str, Any], key: object) -> Completion:
        return await self._dispatching().complete(body, key, call)

    def _dispatching(self) -> Dispatch:
        if self._dispatch is None:
            from verl_egca.debugger.dispatch import Dispatch

            self._dispatch = Dispatch(self._settings)
        return self._dispatch

    async def _close_dispatch(self) -> None:
        if self._dispatch is not None:
            await self._dispatch.close()


@dataclass(slots=True)
class _Call(Passenger):
    """One running `Debugger.ask`."""

    begun: float = 0.0

    def cost(self, completion: Completion | None) -> dict[str, Any]:
        own = completion if not self.shared else None
        return {
            "latency_s": time.monotonic() - self.begun,
            "tokens_in": own.tokens_in if own else 0,
            "tokens_cached": own.tokens_cached if own else None,
            "tokens_out": own.tokens_out if own else 0,
            "attempts": self.attempts,
        }
