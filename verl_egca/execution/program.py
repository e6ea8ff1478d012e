"""The judge's end of one program's process: load it, call into it, and notice when it cheats, hangs or dies."""

from __future__ import annotations

import builtins
import json
import os
import select
import socket
import struct
import time
from typing import Any

from verl_egca.execution.codec import MAX_FRAME, NotPlain, decode, dumps, encode

_POLL_S = 0.05


class Ended(BaseException):
    """The program's process can't answer any more. Not an Exception: no ``except`` of a test may swallow it."""

    def __init__(self, outcome: str, message: str = "") -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message


class Unsupported(BaseException):
    """The test asks for something that can't cross to the program's process."""


class Raised(Exception):
    """The program raised; ``error`` is the child's description of it."""

    error: dict[str, Any]


class Zygote:
    """The judge's control of the process that children are forked from."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control

    def start(self) -> tuple[int, int, int, int]:
        """A confined child: its pid, and the descriptors of its channel, output and trace."""
        self._control.sendall(b"F")
        data, fds, _, _ = socket.recv_fds(self._control, 4, 3)
        if len(data) != 4 or len(fds) != 3:
            raise EOFError("the zygote is gone")
        return struct.unpack("i", data)[0], *fds

    def end(self, pid: int) -> int:
        """Kill a child with all that it started; its wait status."""
        self._control.sendall(b"K" + struct.pack("i", pid))
        data = self._control.recv(4)
        if len(data) != 4:
            raise EOFError("the zygote is gone")
        return int(struct.unpack("i", data)[0])


class Program:
    """One process with one program in it."""

    def __init__(self, zygote: Zygote, limits: dict[str, Any]) -> None:
        self._zygote, self._limits = zygote, limits
        self.pid, self._channel, self._output, self._trace = zygote.start()
        os.set_blocking(self._channel, False)
        self._cpu_clock = ((~self.pid) << 3) | 2  # the kernel's clock of another process (see clock_getcpuclockid)
        self._alive = True
        self.cpu_seconds = 0.0
        self.new_case(limits["program_cpu_seconds"])

    def new_case(self, cpu_left: float) -> None:
        """Start a case's budget: its own CPU time, or what the program as a whole has left."""
        self._started = time.monotonic()
        self._cpu_end = self._cpu() + min(self._limits["cpu_seconds"], cpu_left)

    def load(self, source: str, *, stdin: str | None = None, max_events: int = 0) -> list[str]:
        """Run the program's top level; the names of its callables. Raises Raised, Ended."""
        request = {"source": source, "stdin": stdin, "max_events": max_events}
        reply = self._ask(request)
        names = reply.get("ok")
        if not isinstance(names, list):
            raise Ended("forged", "the answer to loading is no list of names")
        return [name for name in names if isinstance(name, str)]

    def call(self, name: str, /, *arguments: Any, **keywords: Any) -> Any:
        """Call one of its functions with plain data; mutated arguments are copied back.

        Raises Raised, Ended, Unsupported.
        """
        try:
            args, kwargs = encode(list(arguments), _refuse), encode(keywords, _refuse)
            mutable = any(not isinstance(a, int | float | str | bytes | None | complex) for a in arguments)
            reply = self._ask({"name": name, "args": args, "kwargs": kwargs, "mutable": mutable})
        except NotPlain as error:
            raise Unsupported(f"{name} is called with {error}") from None
        try:
            if "args" in reply:
                for ours, theirs in zip(arguments, decode(reply["args"]), strict=True):
                    _copy_back(ours, theirs)
            return decode(reply["ok"])
        except (KeyError, TypeError, ValueError, RecursionError, ArithmeticError, AttributeError) as error:
            raise Ended("forged", f"the answer of {name} can't be read: {error!s:.100}") from None

    def end(self) -> str:
        """Kill the process; what it printed (as far as kept)."""
        if not self._alive:
            return ""
        self._alive = False
        self.cpu_seconds = self._cpu()
        self.status = self._zygote.end(self.pid)
        printed = self._read_file(self._output, self._limits["output_bytes"]).decode("utf-8", "replace")
        self.trace_data = self._read_file(self._trace, MAX_FRAME // 2)
        for fd in (self._channel, self._output, self._trace):
            os.close(fd)
        return printed

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if select.select([self._channel], [], [], 0)[0]:
            if self._peek_end():
                raise Ended("crashed", "the process ended")
            raise Ended("forged", "an answer came before its question")
        self._write(dumps(request))
        (size,) = struct.unpack("I", self._read(4))
        if size > MAX_FRAME:
            raise Ended("forged", f"an answer of {size} bytes")
        try:
            reply = json.loads(self._read(size))
        except (ValueError, RecursionError) as error:
            raise Ended("forged", f"an answer that is not JSON: {error!s:.100}") from None
        if type(reply) is not dict:
            raise Ended("forged", "an answer that is no object")
        if "error" in reply:
            raise _raised(reply)
        return reply

    def _peek_end(self) -> bool:
        with socket.socket(fileno=os.dup(self._channel)) as channel:
            try:
                return not channel.recv(1, socket.MSG_PEEK)
            except OSError:
                return True

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = os.read(self._channel, min(size, 1 << 20))
            except BlockingIOError:
                self._wait(select.POLLIN)
                continue
            except OSError:
                part = b""
            if not part:
                raise Ended("crashed", "the process ended without an answer")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _write(self, payload: bytes) -> None:
        view = memoryview(payload)
        while view:
            try:
                view = view[os.write(self._channel, view) :]
            except BlockingIOError:
                self._wait(select.POLLOUT)
            except OSError:
                raise Ended("crashed", "the process ended") from None

    def _wait(self, event: int) -> None:
        """Until the channel is ready. CPU time decides; wall time only for what sleeps (see `limits.Limits`)."""
        poller = select.poll()
        poller.register(self._channel, event)
        while not poller.poll(_POLL_S * 1000):
            if self._cpu() >= self._cpu_end:
                raise Ended("timeout", "its CPU time is used up")
            waited = time.monotonic() - self._started
            if waited > self._limits["wall_seconds"] and (self._sleeps() or waited > 10 * self._limits["wall_seconds"]):
                raise Ended("timeout", f"no answer after {waited:.1f} s, most of them asleep")

    def _sleeps(self) -> bool:
        try:
            with open(f"/proc/{self.pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] in "STtD"
        except OSError:
            return True

    def _cpu(self) -> float:
        try:
            return time.clock_gettime(self._cpu_clock)
        except OSError:
            return self.cpu_seconds

    @staticmethod
    def _read_file(fd: int, limit: int) -> bytes:
        return os.pread(fd, limit, 0)


def _refuse(value: Any) -> Any:
    raise NotPlain(f"a {type(value).__name__}, which is not plain data")


def _copy_back(ours: Any, theirs: Any) -> None:
    if type(ours) is not type(theirs):
        return
    if type(ours) is list:
        ours[:] = theirs
    elif type(ours) in (dict, set):
        ours.clear()
        ours.update(theirs)


def _raised(reply: dict[str, Any]) -> Raised:
    """The program's exception as one that tests may expect: of the same built-in kind, but never an AssertionError."""
    kind = getattr(builtins, str(reply["error"]), None)
    bases: tuple[type[BaseException], ...] = (Raised,)
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, AssertionError | SyntaxError):
        bases = (Raised, kind)
    try:
        error = type(str(reply["error"])[:80], bases, {})(str(reply.get("message"))[:500])
    except (TypeError, ValueError):  # kinds that want more arguments, names that no type can have
        error = Raised(str(reply.get("message"))[:500])
    assert isinstance(error, Raised)
    error.error = reply
    return error
