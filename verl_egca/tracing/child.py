"""Runs an instrumented program inside the sandbox, and writes its events to a descriptor as they happen.

The format is JSON lines. The first is the list of program points; then ``[point]`` for a statement's first run,
``[point, kind, name, key, text]`` for an event, with the value's fingerprint as key and its shown form as text, and
``["cut"]`` at the end of the budget. A killed process leaves a prefix. The first part of the file is mapped as shared
memory, which needs no system call; its unused rest is cut off at the end, or stays as zeros in a killed process.

The budget is of work, not of time, so that a trace does not depend on the machine: an event costs one, and one more for
each `_ITEMS_AN_EVENT` items of its value.
"""

from __future__ import annotations

import ast
import builtins
import functools
import json
import mmap
import os
import sys
from itertools import islice
from json.encoder import encode_basestring_ascii as quoted
from types import CodeType, FrameType
from typing import Any

from verl_egca.source import SourceText
from verl_egca.tracing.fingerprint import fingerprint, measured
from verl_egca.tracing.instrument import PROBE, Probes, instrument

PROGRAM = "<program>"
_AT_ONCE = 1 << 16  # bytes that are written without a buffer, in case the program ends early
_BUFFER = 64  # records that are written together after that
_ITEMS_AN_EVENT = 64
_MORE = 10_000  # events that are not recorded
_FLAT = frozenset(map(id, (int, float, complex, bool, str, bytes, type(None))))
OWN_FRAMES = 40  # deeper than any probe goes
_FUNCTION = 1  # CO_OPTIMIZED: no module's and no class's code

_recorder: Recorder | None = None


def load(source: str, namespace: dict[str, Any], sink: int, max_events: int) -> CodeType:
    """Compile ``source`` with probes, run it in ``namespace``, and return its code. Events go to descriptor ``sink``.

    Past the budget of ``max_events``, only first runs of statements are recorded; after as much again and `_MORE` the
    process ends. Probes need OWN_FRAMES of recursion, which the caller adds to the program's limit; an endless
    recursion gets that much deeper. Raises the errors of compiling and running the program.
    """
    global _recorder
    code, probes = _compiled(source)
    if _recorder is None:
        _watch(sys.stdout)
    _recorder = Recorder(sink, probes, max_events)
    setattr(builtins, PROBE, _recorder)
    exec(code, namespace)
    return code


@functools.lru_cache(maxsize=2)
def _compiled(source: str) -> tuple[CodeType, Probes]:
    """Cached, as a program is loaded for each traced case."""
    compile(source, PROGRAM, "exec", dont_inherit=True)  # for the errors of the program's own compilation
    tree, probes = instrument(ast.parse(source, PROGRAM), SourceText(source))
    return compile(tree, PROGRAM, "exec", dont_inherit=True), probes


def _watch(stream: Any) -> None:
    """Record writes to a text stream or its buffer, by replacing their methods only."""
    buffer = getattr(stream, "buffer", None)
    write, flush = stream.write, stream.flush
    write_bytes: Any = getattr(buffer, "write", None)
    passing_on = 0  # while the stream writes recorded text to its buffer

    def write_recorded(text: Any) -> Any:
        nonlocal passing_on
        passing_on += 1
        try:
            count = write(text)
        finally:
            passing_on -= 1
        if _recorder is not None:
            _recorder.printed(text)
        return count

    def flushed() -> None:
        nonlocal passing_on
        passing_on += 1
        try:
            flush()
        finally:
            passing_on -= 1

    def write_bytes_recorded(data: Any) -> Any:
        count = write_bytes(data)
        if _recorder is not None and not passing_on:
            _recorder.printed(data)
        return count

    stream.write, stream.flush = write_recorded, flushed
    if buffer is not None:
        buffer.write = write_bytes_recorded


def flush() -> None:
    """Write buffered records, if a program was loaded."""
    if _recorder is not None:
        _recorder.flush()


class Recorder:
    """The probes, under `instrument`'s names."""

    Unbound = NameError

    def __init__(self, sink: int, probes: Probes, max_events: int) -> None:
        self._sink, self._left, self._more = sink, max_events, max_events + _MORE
        self._is_cut = False
        self.new = [True] * len(probes.points)
        self._spans = probes.spans
        self._starts = [f"[{point},{quoted(kind)},{quoted(name)}," for point, kind, name in probes.sites]
        self._points: dict[tuple[int, int], int | None] = {}
        self._codes: list[CodeType] = []  # kept, so that their ids stay unique
        self._printed: list[str] = []
        self._printed_at: int | None = None
        os.ftruncate(sink, _AT_ONCE)
        self._start, self._extended = mmap.mmap(sink, _AT_ONCE), True
        self._lines = [json.dumps(probes.points, separators=(",", ":"))]
        self._written, self._batch = 0, 1
        self._send()

    def step(self, point: int) -> None:
        self.new[point] = False
        self._record(f"[{point}]", 0)

    def event(self, site: int, value: Any) -> Any:
        if self._is_cut:
            self._record("", 1)
            return value
        kind = type(value)
        if kind is int and -1_000_000_000 < value < 1_000_000_000:
            self._record(f'{self._starts[site]}"{value}","{value}"]', 1)
        else:
            key, text, items = measured(value)
            self._record(f"{self._starts[site]}{quoted(key)},{quoted(text)}]", 1 + items // _ITEMS_AN_EVENT)
        return value

    def mutated(self, site: int, value: Any) -> None:
        if id(type(value)) not in _FLAT and not callable(value):
            self.event(site, value)

    def branch(self, site: int, value: Any) -> bool:
        truth = bool(value)
        self._record(self._starts[site] + ('"1","True"]' if truth else '"0","False"]'), 1)
        return truth

    # ------------------------------------------------------------ exceptions

    def raised(self) -> None:
        """Record the handled exception, unless a function that it passed through has done so."""
        kind, _, traceback = sys.exc_info()
        if kind is None or kind is GeneratorExit or traceback is None:
            return
        frame, last = traceback.tb_frame, traceback.tb_lasti
        inner = traceback.tb_next
        while inner is not None:
            code = inner.tb_frame.f_code
            if code.co_filename == PROGRAM:
                if code.co_flags & _FUNCTION and not code.co_name.startswith("<"):
                    return
                frame, last = inner.tb_frame, inner.tb_lasti
            inner = inner.tb_next
        point = self._point(frame.f_code, last)
        if point is not None:
            name = type.__dict__["__name__"].__get__(kind)
            self._record(f'[{point},"raise","",{quoted(fingerprint(name))},{quoted(name)}]', 1)

    def _point(self, code: CodeType, last: int) -> int | None:
        """The innermost statement that covers an instruction."""
        key = id(code), last
        if key not in self._points:
            self._codes.append(code)
            line, end_line, col, end_col = next(islice(code.co_positions(), last // 2, None), (None,) * 4)
            start, end = (line or 0, col or 0), (end_line or line or 0, end_col or 0)
            around = [
                (span[:2], point)
                for point, span in enumerate(self._spans)
                if span[:2] <= start and (end <= span[2:] or end[1] == 0)
            ]
            self._points[key] = max(around)[1] if around else None
        return self._points[key]

    # ------------------------------------------------------------ printed output

    def printed(self, text: Any) -> None:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename != PROGRAM:
            frame = frame.f_back
        point = self._point(frame.f_code, frame.f_lasti) if frame is not None else None
        if point is None:
            return
        if point != self._printed_at:
            self._record_printed()
            self._printed_at = point
        is_text = issubclass(type(text), str)
        self._printed.append(str.__str__(text) if is_text else bytes(text).decode("utf-8", "replace"))

    def _record_printed(self) -> None:
        text = "".join(self._printed)
        self._printed.clear()
        if text:
            key, _, items = measured(text)
            line = f'[{self._printed_at},"print","",{quoted(key)},{quoted(text[:_PRINTED])}]'
            self._printed_at = None
            self._record(line, 1 + items // _ITEMS_AN_EVENT)

    # ------------------------------------------------------------ writing

    def _record(self, line: str, cost: int) -> None:
        if self._is_cut and cost:
            self._left -= 1
            if self._left < -self._more:
                self.flush()
                os._exit(0)
            return
        if self._printed:
            self._record_printed()
        self._lines.append(line)
        if len(self._lines) >= self._batch:
            self._send()
        self._left -= cost
        if self._left <= 0 and not self._is_cut:
            self._is_cut = True
            self._lines.append('["cut"]')

    def flush(self) -> None:
        if self._printed:
            self._record_printed()
        if self._lines:
            self._send()
        if self._extended:
            os.ftruncate(self._sink, self._written)
            self._extended = False

    def _send(self) -> None:
        data = ("\n".join(self._lines) + "\n").encode("ascii")
        end = self._written + len(data)
        if end <= _AT_ONCE:
            if not self._extended:
                os.ftruncate(self._sink, _AT_ONCE)
                self._extended = True
            self._start[self._written : end] = data
        else:
            self._batch, self._extended = _BUFFER, False
            try:
                os.pwrite(self._sink, data, self._written)
            except OSError:  # the file may grow no further
                os._exit(0)
        self._written = end
        self._lines.clear()


_PRINTED = 200
