"""Runs an instrumented program inside the sandbox, and writes what it does to a descriptor as it happens.

The format is JSON lines. The first is the list of program points; then ``[point]`` for a statement that runs for the
first time, and ``[point, kind, name, key, text]`` for an event: kind is ``argument, let, item, mutated, branch, return``,
key the value's fingerprint, text what to show of it. A process that is killed leaves a prefix.
"""

from __future__ import annotations

import ast
import functools
import json
import os
from types import CodeType
from typing import Any

from verl_egca.source import SourceText
from verl_egca.tracing.fingerprint import fingerprint, shown
from verl_egca.tracing.instrument import PROBE, Point, instrument

PROGRAM = "<program>"
_UNBUFFERED = 200  # the first events are written at once, in case the program ends here
_BUFFER = 64
_MORE_STEPS = 20_000  # past the last event, each a statement that runs
_FLAT = (int, float, complex, bool, str, bytes, type(None))

_recorder: Recorder | None = None


def load(source: str, namespace: dict[str, Any], sink: int, max_events: int) -> None:
    """Compile ``source`` with probes and run its top level in ``namespace``; events go to descriptor ``sink``.

    Past ``max_events`` events only statements that run for the first time are written, and after some more steps the
    process ends: a loop that never ends is worth no more time. Raises what compiling and running the program raises.
    """
    global _recorder
    code, points = _compiled(source)
    _recorder = Recorder(sink, len(points), max_events)
    _recorder.write(points)
    namespace[PROBE] = _recorder
    exec(code, namespace)


@functools.lru_cache(maxsize=2)
def _compiled(source: str) -> tuple[CodeType, list[Point]]:
    """A program is loaded anew for each case that is traced."""
    compile(source, PROGRAM, "exec", dont_inherit=True)  # errors as the program's own compilation has them
    tree, points = instrument(ast.parse(source, PROGRAM), SourceText(source))
    return compile(tree, PROGRAM, "exec", dont_inherit=True), points


def flush() -> None:
    """Write what is still buffered; nothing to do if no program was loaded here."""
    if _recorder is not None:
        _recorder.flush()


class Recorder:
    """The probes, by the names that `instrument` gives them."""

    def __init__(self, sink: int, points: int, max_events: int) -> None:
        self._sink, self._left, self._left_steps = sink, max_events, _MORE_STEPS
        self._seen = bytearray(points)
        self._lines: list[str] = []
        self._written = 0

    def step(self, point: int) -> None:
        if not self._seen[point]:
            self._seen[point] = 1
            self.write([point])
        if self._left <= 0:
            self._left_steps -= 1
            if self._left_steps < 0:
                self.flush()
                os._exit(0)

    def let(self, point: int, name: str, value: Any) -> None:
        self._event(point, "let", name, value)

    def item(self, point: int, name: str, value: Any) -> None:
        self._event(point, "item", name, value)

    def argument(self, point: int, name: str, value: Any) -> None:
        self._event(point, "argument", name, value)

    def mutated(self, point: int, name: str, value: Any) -> None:
        if type(value) not in _FLAT and not callable(value):
            self._event(point, "mutated", name, value)

    def named(self, point: int, name: str, value: Any) -> Any:
        self._event(point, "let", name, value)
        return value

    def branch(self, point: int, value: Any) -> bool:
        truth = bool(value)
        self._event(point, "branch", "", truth)
        return truth

    def returned(self, point: int, value: Any) -> Any:
        self._event(point, "return", "", value)
        return value

    def _event(self, point: int, kind: str, name: str, value: Any) -> None:
        if self._left > 0:
            self._left -= 1
            self.write([point, kind, name, fingerprint(value), shown(value)])

    def write(self, record: Any) -> None:
        self._lines.append(json.dumps(record, separators=(",", ":")))
        self._written += 1
        if self._written <= _UNBUFFERED or len(self._lines) >= _BUFFER:
            self.flush()

    def flush(self) -> None:
        if self._lines:
            data = ("\n".join(self._lines) + "\n").encode("ascii")
            self._lines.clear()
            while data:
                data = data[os.write(self._sink, data) :]
