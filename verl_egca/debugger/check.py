"""Whether a server can be the debugger: it must answer under a schema, and may report its cached tokens."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from verl_egca.debugger.client import Debugger
from verl_egca.debugger.reply import NoAnswer, Reply
from verl_egca.debugger.settings import DebuggerSettings

# without a schema no model answers this in JSON
_PREFIX = "You are a poet. You write plain prose and verse, and never JSON. " * 16
_QUESTIONS = ("Write two lines about spring.", "Write two lines about autumn.")


class Verse(BaseModel):
    """The wanted answer, which only the schema describes."""

    model_config = ConfigDict(extra="forbid")

    statement: int = Field(ge=1, le=9)
    reason: str = Field(max_length=40)


@dataclass(frozen=True, slots=True)
class CheckedServer:
    """``schema``: whether the server keeps to one; None without any answer, for the reason in ``problem``."""

    model: str | None
    schema: bool | None
    problem: str | None
    latency_s: tuple[float, ...]
    tokens_in: int
    tokens_cached: int | None  # of the second question, which begins like the first one


def check(url: str, model: str | None = None, timeout_s: float = 60.0) -> CheckedServer:
    """Ask ``url`` two short questions that begin alike.

    Raises:
        ValidationError: the settings refuse ``url``.
        ValueError: the key in the environment is not valid.
    """
    settings = DebuggerSettings(urls=(url,), model=model, attempts=1, timeout_s=timeout_s, answer_tokens=100)
    latency_s: list[float] = []
    reply: Reply[Verse] | None = None
    with Debugger(settings) as debugger:
        for question in _QUESTIONS:
            messages = [{"role": "system", "content": _PREFIX}, {"role": "user", "content": question}]
            try:
                reply = debugger.ask(messages, Verse, deadline=time.monotonic() + timeout_s)
            except NoAnswer as error:
                schema = False if error.outcome == "refused" else None
                return CheckedServer(
                    debugger.model, schema, str(error), (*latency_s, error.latency_s), error.tokens_in, None
                )
            latency_s.append(reply.latency_s)
        assert reply is not None
        return CheckedServer(debugger.model, True, None, tuple(latency_s), reply.tokens_in, reply.tokens_cached)
