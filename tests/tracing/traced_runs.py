"""Runs a program in this process, plain or with probes."""

from __future__ import annotations

import builtins
import gc
import io
import os
import sys
import traceback
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from verl_egca.tracing import child
from verl_egca.tracing.trace import Trace, decode

PROGRAM = child.PROGRAM


@dataclass(frozen=True)
class Outcome:
    """What can be seen of a run: output, the global ``result``, the exception and the program's lines it came through."""

    printed: str
    result: str
    error: str | None
    lines: tuple[int, ...]


def plain(source: str) -> Outcome:
    return _outcome(lambda namespace: exec(compile(source, PROGRAM, "exec", dont_inherit=True), namespace))


def traced(source: str, max_events: int = 100_000) -> tuple[Outcome, Trace]:
    sink, limit = os.memfd_create("trace"), sys.getrecursionlimit()
    sys.setrecursionlimit(limit + child.OWN_FRAMES)
    try:
        outcome = _outcome(lambda namespace: child.load(source, namespace, sink, max_events))
        child.flush()
        return outcome, decode(os.pread(sink, 1 << 24, 0))
    finally:
        gc.collect()  # generators of the program that still wait tell of their end
        os.close(sink)
        child._recorder = None
        builtins.__dict__.pop(child.PROBE, None)
        sys.setrecursionlimit(limit)


def _outcome(run: Any) -> Outcome:
    printed, error, lines = io.StringIO(), None, ()
    namespace: dict[str, Any] = {"__name__": "program"}
    with redirect_stdout(printed):
        try:
            run(namespace)
        except BaseException as caught:
            error = f"{type(caught).__name__}: {caught}"
            walked = traceback.walk_tb(caught.__traceback__)
            lines = tuple(line for frame, line in walked if frame.f_code.co_filename == PROGRAM)
    return Outcome(printed.getvalue(), repr(namespace.get("result")), error, lines)
