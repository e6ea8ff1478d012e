"""Asks the served debugger, and is never in the way of a step: every question ends by its deadline, with an answer or not.

with Debugger(settings) as debugger:
    reply = debugger.ask(messages, Answer, deadline=time.monotonic() + 20)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType

from verl_egca.debugger.reply import A, NoAnswer, Reply
from verl_egca.debugger.settings import DebuggerSettings


class Debugger:
    """One a process, for all of its threads.

    ``allowance_s`` is the wall time that questions without a useful answer may cost in all (see `Allowance`); past it
    every question is skipped at once.
    """

    def __init__(self, settings: DebuggerSettings, *, allowance_s: float | None = None) -> None:
        self._settings, self._allowance_s = settings, allowance_s

    def __enter__(self) -> Debugger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def ask(self, messages: Sequence[Mapping[str, str]], answer: type[A], *, deadline: float) -> Reply[A]:
        """The answer to ``messages`` (``role`` and ``content`` each), which fits ``answer``'s JSON schema. Blocks.

        ``deadline`` is a time of ``time.monotonic()``; waiting for a turn counts.

        Raises:
            NoAnswer: there is none, and why.
        """
        raise NoAnswer("skipped", "no server")

    def close(self) -> None:
        """End what is under way; questions from now on are skipped. May be called again."""
