"""Runs a program of standard input, in its own process, as ``python program.py < input > output`` would.

It has the descriptors 0, 1 and 2 and the interpreter's own streams over them, a ``__main__`` of its own with its text in a
file, and the end of an interpreter: threads are waited for, exit functions run, what is left is collected and flushed. The
judge learns the exit status from the kernel. What is reported to it only says why a status is not 0.
"""

from __future__ import annotations

import atexit
import builtins
import ctypes
import fcntl
import gc
import io
import linecache
import os
import random
import resource
import signal
import site
import sys
import types
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from typing import Any, NoReturn

from verl_egca.execution.confinement.kernel import libc
from verl_egca.execution.describe import describe
from verl_egca.tracing import child as tracing
from verl_egca.tracing.steps import STEP, compile_counted, counter
from verl_egca.values.codec import dumps

NAME = "program.py"
_ENVIRONMENT = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_DEPTH = 1000  # of recursion, as the interpreter starts with
_DEEPEST = (1 << 31) - 1
_FLUSH_FAILED, _INTERRUPTED = 120, 130  # exit statuses
_THREAD_STACK, _M_ARENA_MAX = 8 << 20, -8
_MOST_DESCRIPTORS = 1024


def start_like_python() -> None:
    """What the interpreter's start gives to every program; done once, before they are forked.

    Integers may have as many digits as they like, as in all versions of Python that data sets were written for.
    """
    sys.argv, sys.orig_argv = [NAME], [sys.executable, NAME]
    for name, value in _ENVIRONMENT.items():
        os.putenv(name, value)  # for libraries: `os.environ` is empty
    sys.stdin = _stream(0, "<stdin>", "r", "surrogateescape")
    sys.stdout = _stream(1, "<stdout>", "w", "surrogateescape")
    sys.stderr = _stream(2, "<stderr>", "w", "backslashreplace", line_buffering=True)
    vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout, __stderr__=sys.stderr)
    sys.set_int_max_str_digits(0)
    site.setquit()
    site.setcopyright()
    site.sethelper()
    libc.mallopt(_M_ARENA_MAX, 1)  # threads would reserve memory that they do not use, and which is limited
    attributes = ctypes.create_string_buffer(128)  # a thread's stack is else as large as the main one may get
    libc.pthread_attr_init(attributes)
    libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(_THREAD_STACK))
    libc.pthread_setattr_default_np(attributes)


def run(request: dict[str, Any], channel: int, trace: int, output: int) -> NoReturn:
    """Run the program of ``request`` to its end, which is this process's.

    ``channel``, ``trace`` and ``output`` are descriptors. All that the program finds of them is ``output``, as 1.
    """
    status = 1
    try:
        report, sink = _out_of_sight(channel), _out_of_sight(trace)
        os.dup2(output, 1)
        os.closerange(channel, output + 1)
        status = _run(request, report, sink)
        status = _end(status)
        tracing.flush()
    finally:  # whatever a program did to what ends it
        os._exit(status & 0xFF)


def _run(request: dict[str, Any], report: int, sink: int) -> int:
    """The exit status that the program's own text leads to."""
    source = request["script"]
    path = os.path.join(os.getcwd(), NAME)
    main = _main_module(path, source)
    random.seed(0)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a worker ignores it
    _count_depth_from_here()
    try:
        if request["preamble"]:
            exec(compile(request["preamble"], "<preamble>", "exec", dont_inherit=True), main)
    except BaseException as error:
        _report(report, error, path, preamble=True)
        return 1
    try:
        if request["events"]:
            sys.setrecursionlimit(_DEPTH + tracing.OWN_FRAMES)
            tracing.load(source.removeprefix("\ufeff"), main, sink, request["events"])
        else:
            exec(_compiled(source, path, request["steps"], main), main)
    except SystemExit as error:
        status = _status_of(error)
        if status:
            _report(report, error, path)
        return status
    except BaseException as error:
        _report(report, error, path)
        return _shown(error)
    return 0


def _end(status: int) -> int:
    """What the interpreter does after a program's last statement, in its order; the exit status."""
    if "threading" in sys.modules:
        _ignoring_errors(lambda: sys.modules["threading"]._shutdown())
    _ignoring_errors(atexit._run_exitfuncs)
    for stream in (sys.stdout, sys.stderr):
        if not _flushed(stream):
            status = _FLUSH_FAILED
    sys.modules.pop("__main__", None)
    vars(sys).update({name: vars(sys).get(f"__{name}__") for name in ("stdin", "stdout", "stderr")})
    gc.collect()  # files that were left open are written, `__del__` runs
    _flushed(sys.stdout)
    return status


def _stream(fd: int, name: str, mode: str, errors: str, line_buffering: bool = False) -> io.TextIOWrapper:
    buffer: Any = open(fd, mode + "b", closefd=False)
    buffer.raw.name = name
    stream = io.TextIOWrapper(buffer, "utf-8", errors, "\n", line_buffering)
    stream.mode = mode  # type: ignore[misc]
    return stream


def _out_of_sight(fd: int) -> int:
    """The descriptor under one of the two highest numbers, where a program does not come across it."""
    most = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], _MOST_DESCRIPTORS)
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, most - 2)


def _main_module(path: str, source: str) -> dict[str, Any]:
    """The namespace of a fresh ``__main__`` whose text is in a file, where one can be written."""
    try:
        with open(path, "wb") as file:
            file.write(source.encode("utf-8", "surrogatepass"))
    except OSError:
        linecache.cache[path] = len(source), None, source.splitlines(keepends=True), path
    sys.path.insert(0, os.path.dirname(path))
    module = types.ModuleType("__main__")
    module.__dict__.update(__annotations__={}, __builtins__=builtins, __cached__=None, __file__=path)
    module.__loader__ = SourceFileLoader("__main__", path)
    sys.modules["__main__"] = module
    return module.__dict__


def _compiled(source: str, path: str, steps: int, namespace: dict[str, Any]) -> types.CodeType:
    if steps:
        namespace[STEP] = counter(steps)
        return compile_counted(source.removeprefix("\ufeff"), path)
    # bytes, as of a file: a byte order mark and a line that names an encoding count
    return compile(source.encode("utf-8", "surrogatepass"), path, "exec", dont_inherit=True)


def _count_depth_from_here() -> None:
    """The program's limit of recursion, by default and as it sets it, does not count the frames below it."""
    own, frame = 2, sys._getframe(1)  # `exec` takes two
    while frame is not None:
        own, frame = own + 1, frame.f_back  # type: ignore[assignment]
    put, get = sys.setrecursionlimit, sys.getrecursionlimit

    def setrecursionlimit(limit: int, /) -> None:
        put(min(limit + own, _DEEPEST) if 0 < limit <= _DEEPEST else limit)

    def getrecursionlimit() -> int:
        return get() - own

    sys.setrecursionlimit, sys.getrecursionlimit = setrecursionlimit, getrecursionlimit
    sys.setrecursionlimit(_DEPTH)


def _status_of(end: SystemExit) -> int:
    """As the interpreter reads what `sys.exit` was given."""
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return int(end.code) & 0xFF if -(1 << 63) <= end.code < 1 << 63 else 0xFF
    _ignoring_errors(lambda: print(end.code, file=sys.stderr))
    return 1


def _shown(error: BaseException) -> int:
    """Let the interpreter's hook show an exception that nothing caught; the exit status."""
    traceback = error.__traceback__.tb_next if error.__traceback__ is not None else None
    try:
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
    except SystemExit as end:
        return _status_of(end)
    except BaseException:
        pass
    return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def _report(report: int, error: BaseException, path: str, preamble: bool = False) -> None:
    try:
        os.write(report, dumps({**describe(error, (path, tracing.PROGRAM)), "preamble": preamble}))
    except BaseException:
        pass


def _flushed(stream: Any) -> bool:
    """Whether what is buffered could be written."""
    try:
        if stream is None or stream.closed:
            return True
    except BaseException:
        pass
    try:
        stream.flush()
    except BaseException:
        return False
    return True


def _ignoring_errors(action: Callable[[], object]) -> None:
    try:
        action()
    except BaseException:
        pass
