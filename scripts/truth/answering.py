"""The debuggers in measurements of localizers: servers that replay ideal answers or nonsense, and a served LLM."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from truth.ideal import Ideal, Nonsense
from truth.sets import Case
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.localization.registry import localizers

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.debugger.replay_server import ReplayServer

REPLAYED = ("ideal", "nonsense")
SERVED = "served"
_PATIENCE_S = 120.0  # generous, since no training step waits for a bench


class Answering:
    """Starts the servers that the localizers' names require, as in ``egca+ideal``; use as a context."""

    def __init__(self, localizers: Iterable[str], url: str | None, seed: int) -> None:
        self._wanted = {name.partition("+")[2] for name in localizers} - {""}
        self._url, self._seed = url, seed
        self._stack = contextlib.ExitStack()
        self._known: dict[str, Any] = {}
        self.settings: Mapping[str, DebuggerSettings] = {}

    def __enter__(self) -> Answering:
        answers: dict[str, Callable[[str], Any]] = {"ideal": self._ideal, "nonsense": Nonsense(self._seed)}
        urls = {}
        for name in self._wanted & set(REPLAYED):
            answer = answers[name]
            server = ReplayServer(
                lambda body, answer=answer: answer(body["messages"][1]["content"]) or "I do not know."
            )
            urls[name] = self._stack.enter_context(server).url
        if self._url is not None:
            urls[SERVED] = self._url
        self.settings = {
            name: DebuggerSettings(urls=(url,), deadline_s=_PATIENCE_S, timeout_s=_PATIENCE_S)
            for name, url in urls.items()
        }
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stack.close()

    def know(self, cases: Sequence[Case]) -> None:
        """Gives the ideal debugger its cases."""
        self._known["ideal"] = Ideal(cases)

    def _ideal(self, question: str) -> Any:
        return self._known["ideal"](question)


def names(url: str | None) -> list[str]:
    """The names of localizers with a debugger."""
    return [
        f"{asks}+{who}"
        for asks, kind in localizers().items()
        if kind.asks_debugger
        for who in (*REPLAYED, *([SERVED] if url else []))
    ]
