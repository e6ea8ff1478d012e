"""The judge's end of one program's process: load it, call into it, and notice when it cheats, hangs or dies."""

from __future__ import annotations

import json
import math
import os
import select
import signal
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from verl_egca.execution.ahead import Ahead, Request
from verl_egca.execution.death import Pollable, death_of
from verl_egca.execution.exchange import Exchange, Name
from verl_egca.execution.given import Given
from verl_egca.execution.limit_names import setting
from verl_egca.execution.nodes import Table
from verl_egca.execution.raised import Ended, Raised
from verl_egca.execution.remote import Unsupported
from verl_egca.execution.warm_process import Zygote
from verl_egca.values import named_tuples
from verl_egca.values.codec import MAX_FRAME, MOST_ANSWERED, NotPlain, decode, dumps, frame

_POLL_MS, _LATE_POLL_MS = 50, 2
_NAPS = 10  # how often it is seen asleep past its wall time; once may be a coincidence
_PATIENCE = 10  # times the wall time, for what neither sleeps nor gets its CPU time
_READ = 1 << 16
_MOST_DIGITS = 640  # of an integer in an answer: larger ones are written otherwise (see `codec`)
_ANSWERS = MOST_ANSWERED + MAX_FRAME + _READ  # bytes that answers to calls sent ahead may have
# The kernel's limit of CPU time, which holds should this process not. A case is ended by this process long before.
_MOST_CASES, _SPARE_S, _MOST_CPU_S = 1000, 2, 1 << 40
_WHY: dict[int, str] = {signal.SIGSEGV: ", as where recursion is deeper than its stack or its memory"}


class Program:
    """One process with one program in it (or, one after the other, several texts of the same program)."""

    def __init__(self, zygote: Zygote, limits: dict[str, Any]) -> None:
        self._zygote, self._limits = zygote, limits
        self._zygote_pid, self.pid, self._channel = zygote.start()
        os.set_blocking(self._channel, False)
        self._poll = select.poll()
        self._poll.register(self._channel, select.POLLIN)
        self._cpu_clock = ((~self.pid) << 3) | 2  # the kernel's clock of another process (see clock_getcpuclockid)
        self._alive = True
        self._writes = self._is_script = False
        self._report: dict[str, Any] | None = None
        self.status = 0  # of a script, once it has ended
        self.trace_data = b""
        self._ahead: deque[Request] = deque()  # sent and not called yet
        self._answers: deque[bytes] = deque()  # of the first of those, as far as they have come
        self._end_of_answers: Ended | None = None
        self._cases_to_start = 0  # of those that were sent ahead, as far as was seen
        self.exchange = Exchange(self)
        self._is_limited = False
        self.is_inside = False  # of a call of what a test passed, which the program made
        self._thread = threading.get_ident()
        self.last_call: Request | None = None
        self.cpu_seconds = 0.0
        self.new_case()

    def new_case(self) -> None:
        """Start a case's budget."""
        self._seed = True
        self.last_call = None
        self._naps = 0
        self._started = time.monotonic()
        self._cpu_end = self.cpu_now() + self._limits["cpu_seconds"]

    def forget_ahead(self) -> bool:
        """Don't make the other calls that were sent ahead; whether it has answered them all, and waits."""
        if self._end_of_answers is not None or len(self._answers) != len(self._ahead):
            return False
        self._ahead.clear()
        self._answers.clear()
        return True

    def run_ahead(self, calls: Callable[[], Ahead]) -> None:
        """Send calls ahead, unless some still are; each is made by `call` later, in the same order."""
        if not self._ahead:
            ahead = calls()
            if len(ahead.requests) > 1:
                os.ftruncate(self._zygote.answers, 0)
                self._write(frame(f'{{"ahead":{ahead.text}}}'))
                self._ahead.extend(ahead.requests)
                self._cases_to_start = len(self._ahead)

    def load(
        self,
        source: str,
        given: Given,
        *,
        max_events: int = 0,
        max_steps: int = 0,
        ahead: Ahead | None = None,
    ) -> list[Name]:
        """Run the program's top level; the names that it defines. Raises Raised, Ended."""
        self._writes = bool(max_events)
        self.exchange.begin([])
        ahead = ahead or Ahead()
        os.ftruncate(self._zygote.answers, 0)
        request: dict[str, Any] = {"load": source, "events": max_events, "steps": max_steps}
        request |= {"preamble": given.preamble, "classes": given.classes, "lists": given.lists}
        request |= {"names": given.names, "keeps": given.keeps}
        if not self._is_limited:
            self._is_limited = True
            request["limits"] = self._kernels(_MOST_CASES, _ANSWERS)
        payload = self._loading(request, f',"ahead":{ahead.text}')
        names = (self._load_ahead(payload, ahead) if ahead.requests else self._ask(payload)).get("ok")
        return self.exchange.begin(names)

    def run_script(
        self, source: str, preamble: str, stdin: str, most_output: int, max_events: int = 0, max_steps: int = 0
    ) -> None:
        """Run the program as a script until it ended, by itself or for what it used. Raises Ended."""
        _rewrite(self._zygote.stdin, stdin.encode("utf-8", "surrogatepass"))
        self._writes = True
        self._is_script = True
        request: dict[str, Any] = {"script": source, "preamble": preamble, "events": max_events, "steps": max_steps}
        request["limits"] = self._kernels(1, most_output + 1)
        self._write(self._loading(request))
        with death_of(self.pid) as death:
            self._wait(death)

    def failure(self, status: int) -> Raised | Ended:
        """Why a script ended with a status, as `os.waitstatus_to_exitcode` has it, that is not 0."""
        if -status == signal.SIGXCPU:
            return self._out_of_time()
        if status < 0:
            name = signal.strsignal(-status) or f"signal {-status}"
            return Ended("crashed", f"the process was ended: {name}{_WHY.get(-status, '')}")
        return self.exchange.raised(self._report or {"error": "SystemExit", "message": f"exit status {status}"})

    def call(self, what: str | int, /, *arguments: Any, **keywords: Any) -> Any:
        """Call one of its functions or kept objects; mutated arguments are copied back.

        Raises Raised, Ended, Unsupported.
        """
        self._check_thread()
        request, nodes = self.exchange.calling(what, arguments, keywords, self._seed)
        self._seed = False
        self.last_call = request
        reply = self._answer_ahead(request) if self._ahead else None
        if reply is None:
            reply = self._ask(_payload(request), serving=True)
        return self.exchange.returned(reply, [*arguments, *keywords.values()], nodes)

    def operate(self, operation: str, number: Any, *operands: Any) -> Any:
        """Get or set an attribute of a kept object, or the like (see `calling`). Raises as `call`."""
        self._check_thread()
        request, nodes = self.exchange.operating(operation, number, operands)
        return self.exchange.value(self._ask(_payload(request), serving=True), nodes)

    def named(self, name: str) -> Any:
        """What the program defines by a name: its value, or what stands for it. Raises as `call`."""
        return self.exchange.value(self._ask(_payload({"name": name}), serving=True))

    def number_of(self, name: str) -> Any:
        """That of the object which the program keeps by a name. Raises as `call`."""
        told = self._ask(_payload({"name": name}), serving=True).get("ok")
        match told:
            case {"o": [int(number), *_]}:
                return number
        raise Ended("forged", "a name of what is no object")

    def next_items(self, number: int, count: int) -> tuple[list[Any], bool, Exception | None]:
        """The next items of a kept iterator, whether it ended, and what it raised after them."""
        self._check_thread()
        reply = self._ask(_payload({"next": number, "items": count}), serving=True)
        items = self.exchange.value(reply)
        if type(items) is not list or len(items) > count:
            raise Ended("forged", f"{count} items were asked for")
        then = reply.get("then")
        return items, reply.get("ended") is True, self.exchange.raised(then) if type(then) is dict else None

    def shown_call(self, show: Callable[[Any], str]) -> str | None:
        """The last call of this case as source, with the arguments as they were."""
        if self.last_call is None or type(self.last_call["call"]) is not str:
            return None
        nodes = Table([type(name, (), {})() for name, _ in self.last_call.get("nodes", ())])

        def shown(data: Any) -> Any:
            return decode(data, lambda tag, body: _unshown(tag, body, nodes))

        for node, (_, fields) in zip(nodes.objects, self.last_call.get("nodes", ()), strict=True):
            vars(node).update({name: shown(field) for name, field in fields.items()})
        args = [show(shown(argument)) for argument in self.last_call["args"]]
        args += [f"{name}={show(shown(argument))}" for name, argument in self.last_call["kwargs"].items()]
        return f"{self.last_call['call'].partition(' or ')[0]}({', '.join(args)})"

    def _check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            self.exchange.misused = "the test calls the program in a thread of its own"
            raise Unsupported(self.exchange.misused)

    def take_trace(self) -> bytes:
        """What it has traced since it was last taken; to be asked while it waits."""
        return _take(self._zygote.trace, MAX_FRAME // 2)

    def end(self, most_output: int = 0) -> bytes:
        """Kill the process, if it still lives; what it printed as a script, at most a byte more than ``most_output``."""
        if not self._alive:
            return b""
        self._alive = False
        self.cpu_seconds = self.cpu_now()
        self._report = self._last_words() if self._is_script else None
        os.close(self._channel)
        self._zygote.end(self._zygote_pid)
        if not self._writes:
            return b""
        self._zygote.wait()
        self.status = os.waitstatus_to_exitcode(self._zygote.status)
        self.trace_data = _take(self._zygote.trace, MAX_FRAME // 2)
        return _take(self._zygote.output, most_output + 1)

    # ---------------------------------------------------------------- frames

    def _answer_ahead(self, request: Request) -> dict[str, Any] | None:
        """The answer to a call that was sent ahead; None if it was not."""
        while self._ahead:
            reply = self._next_answer()
            if self._ahead and self._ahead.popleft() == request:
                return self._checked(reply)
        return None

    def _load_ahead(self, payload: bytes, ahead: Ahead) -> dict[str, Any]:
        """The answer to loading, which comes as those to the calls that were sent with it do."""
        self._write(payload)
        self._ahead.extend([{}, *ahead.requests])
        self._cases_to_start = len(self._ahead)
        reply = self._next_answer()
        if self._ahead:
            self._ahead.popleft()
        if "error" in reply:
            if self._ahead:
                raise Ended("forged", "it went on after an error")
            raise self.exchange.raised(reply)
        return reply

    def _loading(self, request: dict[str, Any], more: str = "") -> bytes:
        """The frame of a request with a program's text in it."""
        text = request["script"] if self._is_script else request["load"]
        self.exchange.lines = len(text.splitlines())
        try:
            return frame(f"{json.dumps(request)[:-1]}{more}}}")
        except NotPlain as error:
            raise Ended("out_of_memory", f"the program is {error}") from None

    def _kernels(self, cases: int, file_bytes: int) -> list[int]:
        """CPU seconds and size of a file, for the kernel to limit."""
        cpu = cases * (math.ceil(self._limits["cpu_seconds"]) + _SPARE_S)
        return [min(cpu, _MOST_CPU_S), max(self._limits["file_bytes"], file_bytes)]

    def _last_words(self) -> dict[str, Any] | None:
        """What a script's process said of the exception that ended it, if it can be read."""
        try:
            data = os.read(self._channel, _READ)
            (size,) = struct.unpack_from("I", data)
            told = _parsed(data[4 : 4 + size])
            return told if type(told.get("error")) is str and type(told.get("message")) is str else None
        except (OSError, struct.error, Ended):
            return None

    def _ask(self, payload: bytes, serving: bool = False) -> dict[str, Any]:
        """The answer to a request; while ``serving``, the program may call what the test passed to it."""
        if not self._alive:
            raise Ended("crashed", "the process ended")
        while self._ahead:  # of cases that did not come to their calls
            self._next_answer()
            if self._ahead:
                self._ahead.popleft()
        self._write(payload)
        while True:
            reply = self._read()
            if "back" not in reply:
                break
            if not serving:
                raise Ended("forged", "a call of what was not passed")
            self.is_inside = True
            self._write(_payload(self.exchange.call_back(reply)))
            self.is_inside = False
        return self._checked(reply)

    def _checked(self, reply: dict[str, Any]) -> dict[str, Any]:
        if "error" in reply:
            raise self.exchange.raised(reply)
        return reply

    def _next_answer(self) -> dict[str, Any]:
        """The answer to the first call that was sent ahead. Raises Ended if the process ended before it came to that."""
        if not self._answers and self._end_of_answers is None:
            answered = 0
            try:
                told = self._read().get("answered")
                answered = told if type(told) is int else 0
            except Ended as ended:
                if ended.outcome == "forged":
                    raise
                self._end_of_answers = ended
            data, place = _take(self._zygote.answers, _ANSWERS), 0
            while place + 4 <= len(data):
                (size,) = struct.unpack_from("I", data, place)
                if place + 4 + size > len(data):
                    break
                self._answers.append(data[place + 4 : place + 4 + size])
                place += 4 + size
            if self._end_of_answers is None:
                if len(self._answers) != answered or not 0 < answered <= len(self._ahead):
                    raise Ended("forged", "not as many answers as it says")
                while len(self._ahead) > answered:
                    self._ahead.pop()
        if not self._answers:
            assert self._end_of_answers is not None
            raise self._end_of_answers
        return _parsed(self._answers.popleft())

    def _read(self) -> dict[str, Any]:
        data = self._receive()
        while len(data) < 4:
            data += self._receive()
        (size,) = struct.unpack_from("I", data)
        if size > MAX_FRAME:
            raise Ended("forged", f"an answer of {size} bytes")
        end = size + 4
        if len(data) < end:
            parts, missing = [data], end - len(data)
            while missing > 0:
                parts.append(self._receive())
                missing -= len(parts[-1])
            data = b"".join(parts)
        if len(data) > end:
            raise Ended("forged", "more than one answer")
        return _parsed(data[4:end])

    def _receive(self) -> bytes:
        while True:
            self._wait(self._poll)
            try:
                data = os.read(self._channel, _READ)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                raise Ended("crashed", "the process ended without an answer")
            return data

    def _write(self, payload: bytes) -> None:
        if not self._ahead and self._poll.poll(0):
            self._receive()  # raises if the process is gone
            raise Ended("forged", "an answer came before its question")
        view = memoryview(payload)
        while view:
            try:
                view = view[os.write(self._channel, view) :]
            except BlockingIOError:
                writable = select.poll()
                writable.register(self._channel, select.POLLOUT)
                self._wait(writable)
            except OSError:
                raise Ended("crashed", "the process ended") from None

    def _wait(self, poller: Pollable) -> None:
        """Until the channel is ready. CPU time decides; wall time only for what sleeps (see `limits.Limits`)."""
        wall = self._limits["wall_seconds"]
        ready = False
        answered = 0
        while not ready:
            late = time.monotonic() - self._started > wall
            ready = bool(poller.poll(_LATE_POLL_MS if late else _POLL_MS))
            if self._ahead and os.fstat(self._zygote.answers).st_size > answered:  # it goes on to the next case
                answered = os.fstat(self._zygote.answers).st_size
                self._cases_to_start -= 1
                if self._cases_to_start >= 0:
                    self._started = time.monotonic()
                    self._naps = 0
                    self._cpu_end = self.cpu_now() + self._limits["cpu_seconds"]
            if self.cpu_now() >= self._cpu_end:  # asked even when it is ready, which it may be again and again
                raise self._out_of_time()
            if late and not ready and self._sleeps():
                self._naps += 1
            if self._naps >= _NAPS:
                raise Ended("timeout", f"it slept through its {wall:g} s for a case ({setting('wall_seconds')})")
            if time.monotonic() - self._started > _PATIENCE * wall:
                what = f"{_PATIENCE} times {wall:g} s for a case ({setting('wall_seconds')})"
                raise Ended("timeout", f"it neither ended nor used its CPU time in {what}")

    def _out_of_time(self) -> Ended:
        cpu = self._limits["cpu_seconds"]
        return Ended("timeout", f"its CPU time of {cpu:g} s for a case is used up ({setting('cpu_seconds')})")

    def _sleeps(self) -> bool:
        try:
            with open(f"/proc/{self.pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] in "STtDZ"  # Z: its main thread ended, others did not
        except OSError:
            return True

    def cpu_now(self) -> float:
        try:
            return time.clock_gettime(self._cpu_clock)
        except OSError:
            return self.cpu_seconds


def _parsed(data: bytes) -> dict[str, Any]:
    most = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(_MOST_DIGITS)
    try:
        reply = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Ended("forged", f"an answer that is not JSON: {error!s:.100}") from None
    finally:
        sys.set_int_max_str_digits(most)
    if type(reply) is not dict:
        raise Ended("forged", "an answer that is no object")
    return reply


class _Shown:
    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _unshown(tag: str, body: Any, nodes: Table) -> Any:
    if tag == "n":
        return nodes.objects[body]
    if tag == "N":
        name, fields, _ = named_tuples.read(body[:3])
        return named_tuples.made(named_tuples.plain_class(name, fields), body[3])
    return _Shown(body if tag in ("builtin", "p", "k") else "<function>" if tag == "back" else "<object>")


def _rewrite(fd: int, data: bytes) -> None:
    os.ftruncate(fd, 0)
    os.lseek(fd, 0, os.SEEK_SET)
    while data:
        data = data[os.write(fd, data) :]
    os.lseek(fd, 0, os.SEEK_SET)


def _take(fd: int, most: int) -> bytes:
    """What a shared file holds, at most so many bytes; it is empty afterwards. No program may run meanwhile."""
    os.lseek(fd, 0, os.SEEK_SET)  # the position is shared, too
    size = os.fstat(fd).st_size
    if not size:
        return b""
    data = os.pread(fd, min(size, most), 0)  # room for the most there may be takes longer than reading
    os.ftruncate(fd, 0)
    return data


def _payload(message: dict[str, Any]) -> bytes:
    try:
        return dumps(message)
    except NotPlain as error:
        raise Unsupported(f"the program is called with {error}") from None
