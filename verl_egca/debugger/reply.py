"""The outcome of a question: an answer that fits its schema, or a reason for its lack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel

A = TypeVar("A", bound=BaseModel)

Missing = Literal["failed", "timeout", "skipped", "refused"]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Calls by which the reader of an answer rates it."""

    useless: Callable[[], None]
    useful: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Reply(Generic[A]):
    """An answer that fits its schema, but may be nonsense. Tokens are the server's cost: 0 if shared."""

    answer: A
    text: str  # as the server gave it
    latency_s: float  # of this call, waiting for a turn included
    tokens_in: int
    tokens_cached: int | None  # of tokens_in, from an earlier prefix; None: the server does not report it
    tokens_out: int
    shared: bool  # from the cache, or from an identical concurrent question
    attempts: int  # requests, with hedges
    _verdicts: Verdicts | None = field(default=None, repr=False, compare=False)

    def useless(self) -> None:
        """The answer was useless: the time since its question counts as lost (see `Allowance`)."""
        if self._verdicts is not None:
            self._verdicts.useless()

    def useful(self) -> None:
        """The answer led to a proof: the lost time is forgotten."""
        if self._verdicts is not None:
            self._verdicts.useful()


class NoAnswer(Exception):
    """``reason`` is one of few short texts, for counting; it never holds text of a server or a program.

    ========= ===========================================================================================
    skipped   nothing was sent: ``no server``, ``breaker open``, ``allowance used up``, ``closed``
    timeout   ``deadline`` and ``allowance used up`` while under way, ``slow``: the last attempt took too long
    failed    the last attempt's: ``connection``, ``http 500`` and others, ``too large``, ``no completion``,
              ``no model``, ``unexpected``
    refused   an answer that can't be used: ``not json``, ``schema``, ``cut off``, ``declined``
    ========= ===========================================================================================
    """

    def __init__(
        self,
        outcome: Missing,
        reason: str,
        *,
        latency_s: float = 0.0,
        tokens_in: int = 0,
        tokens_cached: int | None = None,
        tokens_out: int = 0,
        attempts: int = 0,
    ) -> None:
        super().__init__(f"{outcome}: {reason}")
        self.outcome: Missing = outcome
        self.reason = reason
        self.latency_s = latency_s
        self.tokens_in, self.tokens_cached, self.tokens_out = tokens_in, tokens_cached, tokens_out
        self.attempts = attempts
