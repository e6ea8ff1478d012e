"""The warm process that every program is forked from. Started by `judge`; it never sees a test.

    python -m verl_egca.execution.zygote CONTROL_FD FOLDER LIMITS_JSON

A fresh interpreter and not a fork of the caller: nothing of a trainer's or a judge's memory is in it. One child is
always forked ahead, so that forking overlaps with the judge's work. Control protocol, over a Unix socket: ``F`` answers
with a pid and three descriptors (the child's channel, its output, its trace); ``K`` and a pid ends that child with all
that it started and answers with its wait status.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import importlib
import io
import json
import os
import random
import resource
import shutil
import signal
import socket
import struct
import sys
import traceback
import types
from pathlib import Path
from typing import Any

from verl_egca.execution.codec import decode, dumps, encode, read_frame, write_all
from verl_egca.tracing import child as tracing

PROGRAM = "<program>"
# What programs import most. One import here saves it in every child.
_WARM = [
    "array",
    "bisect",
    "cmath",
    "collections",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "math",
    "operator",
    "re",
    "statistics",
    "string",
    "typing",
]
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    folder, limits = sys.argv[2], json.loads(sys.argv[3])
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what a program daemonizes becomes our child, and ends with it
    limits["memory_bytes"] += _own_address_space()
    for name in _WARM:
        importlib.import_module(name)
    os.chdir(folder)
    null = os.open(os.devnull, os.O_RDONLY)
    gc.collect()
    gc.freeze()
    spare = _start_child(control, limits, null)
    while True:
        command = control.recv(1)
        if command == b"F":
            pid, *fds = spare
            socket.send_fds(control, [struct.pack("i", pid)], fds)
            for fd in fds:
                os.close(fd)
            spare = _start_child(control, limits, null)
        elif command == b"K":
            (pid,) = struct.unpack("i", control.recv(4))
            status = _end(pid, keep=spare[0])
            for entry in os.scandir(folder):
                _remove(entry)
            control.sendall(struct.pack("i", status))
        else:
            _end(spare[0], keep=0)
            return


def _own_address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _start_child(control: socket.socket, limits: dict[str, Any], null: int) -> tuple[int, int, int, int]:
    ours, theirs = socket.socketpair()
    output, trace = os.memfd_create("output", 0), os.memfd_create("trace", 0)
    pid = os.fork()
    if pid:
        theirs.close()
        return pid, ours.detach(), output, trace
    try:
        os.setsid()
        # 0 nothing to read, 1 and 2 the output, 3 the channel, 4 the trace; nothing else stays open
        kept = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in (null, output, output, theirs.fileno(), trace)]
        for number, fd in enumerate(kept):
            os.dup2(fd, number)
        os.closerange(len(kept), 4096)
        confine(limits)
        _serve(channel=3, trace=4, output_bytes=limits["output_bytes"])
    except (EOFError, OSError):
        pass
    finally:
        os._exit(0)


def confine(limits: dict[str, Any]) -> None:
    """Lock this process down for good, before it reads the program."""
    cpu = int(limits["program_cpu_seconds"]) + 2  # the judge ends it earlier; this holds if the judge can't
    for which, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (value, value))
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.environ.clear()


def _end(pid: int, keep: int) -> int:
    """Kill a child and everything that it started; the child's wait status."""
    status = 0
    _kill(-pid)  # its session's process group
    _kill(pid)
    while True:
        own = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        others = [int(child) for child in own if int(child) != keep]
        if not others:
            return status
        for child in others:
            _kill(child)
            ended, how = os.waitpid(child, 0)
            status = how if ended == pid else status


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _remove(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path, ignore_errors=True)
    else:
        os.unlink(entry.path)


# ------------------------------------------------------------ in the child; not trusted once the program has started


def _serve(channel: int, trace: int, output_bytes: int) -> None:
    """Load one program, then answer calls into it until killed."""
    objects: list[Any] = []

    def keep(value: Any) -> dict[str, Any]:
        objects.append(value)
        return {"o": [type(value).__name__, len(objects) - 1]}

    request = read_frame(channel)
    source = decode(request["source"])
    name = "__main__" if request["stdin"] is not None else "program"
    module = types.ModuleType(name)
    sys.modules[name] = module
    sys.argv = ["program"]
    sys.stdout = sys.stderr = _CappedOutput(output_bytes)
    if request["stdin"] is not None:
        _give_stdin(decode(request["stdin"]).encode("utf-8", "surrogatepass"))
    random.seed(0)
    reply: dict[str, Any]
    try:
        if request["max_events"]:
            tracing.load(source, module.__dict__, trace, request["max_events"])
        else:
            exec(compile(source, PROGRAM, "exec", dont_inherit=True), module.__dict__)
        names = [n for n, v in module.__dict__.items() if callable(v) and not n.startswith("__")]
        reply = {"ok": names}
    except BaseException as error:
        reply = _describe(error, source, ended=isinstance(error, SystemExit))
    tracing.flush()
    write_all(channel, dumps(reply))
    while True:
        request = read_frame(channel)
        random.seed(0)
        try:
            arguments = decode(request["args"], objects.__getitem__)
            keywords = decode(request["kwargs"], objects.__getitem__)
            reply = {"ok": encode(module.__dict__[request["name"]](*arguments, **keywords), keep)}
            after = encode(arguments, keep) if request["mutable"] else request["args"]
            if after != request["args"]:
                reply["args"] = after
            payload = dumps(reply)
        except BaseException as error:
            payload = dumps(_describe(error, source, ended=False))
        tracing.flush()
        write_all(channel, payload)


def _give_stdin(data: bytes) -> None:
    """As descriptor 0 and not only as ``sys.stdin``: programs also read ``open(0)`` and ``os.read(0, ...)``."""
    fd = os.memfd_create("stdin", 0)
    write_all(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    os.dup2(fd, 0)
    os.close(fd)
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)


def _describe(error: BaseException, source: str, ended: bool) -> dict[str, Any]:
    """An exception as data: type, message, and where in the program."""
    try:
        message = str(error)[:500]
    except BaseException:
        message = "?"
    described: dict[str, Any] = {"error": type(error).__name__, "message": message, "ended": ended}
    if isinstance(error, SyntaxError) and error.filename == PROGRAM:
        described |= {"message": str(error.msg)[:500], "line": error.lineno, "compile": True}
        described |= {"col": error.offset, "end_line": error.end_lineno, "end_col": error.end_offset}
        return described
    lines = [frame.f_lineno for frame in _frames(error) if frame.f_code.co_filename == PROGRAM]
    described["line"] = lines[-1] if lines else None
    # what the compiler raises without a place: null bytes, too deep nesting, too large literals
    described["compile"] = not lines and isinstance(
        error, SyntaxError | ValueError | RecursionError | MemoryError | OverflowError
    )
    return described


def _frames(error: BaseException) -> list[Any]:
    frames = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        frames.append(types.SimpleNamespace(f_lineno=line, f_code=frame.f_code))
    return frames


class _CappedOutput(io.TextIOBase):
    """Keeps the first bytes and drops the rest: a program that prints too much is not failed for it."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.buffer = self

    def writable(self) -> bool:
        return True

    def write(self, text: str | bytes) -> int:
        data = text.encode("utf-8", "replace") if isinstance(text, str) else bytes(text)
        if self.left > 0:
            self.left -= os.write(1, data[: self.left])
        return len(text)


if __name__ == "__main__":
    main()
