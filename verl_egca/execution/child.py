"""What runs in a program's process: loads the program and answers the judge. Not trusted once the program has started.

Requests are objects with one of these keys, answers objects with ``ok`` or ``error`` (see `Served`):

    script    a program's text, to be run as one; never answered (see `script`)
    load      a program's text, and the ``preamble`` before it; ``events`` for a trace    -> the program's names
    call      what the program defines or a kept object, ``args``, ``kwargs``             -> value, changed ``args``
    ahead     beside ``load`` or alone: calls to answer one after the other
    name      of the program                                                              -> value
    next      a kept iterator, and how many items                                         -> items, whether it ended
    get, ...  an operation on a kept object (see `calling`), and its operands             -> value

The first one has ``limits``: CPU seconds of the process, bytes of a file. An answer that can't cross is ``too_large``.
Objects that cross by their fields are in ``nodes`` (see `nodes`), of requests and answers.
While it runs, the program may call what the judge passed: the child then sends ``back`` and waits for ``returned`` or
``raised``, and serves whatever the judge asks in between.
"""

from __future__ import annotations

import builtins
import functools
import os
import random
import re
import resource
import sys
import types
from collections.abc import Callable
from types import CodeType
from typing import Any

from verl_egca.execution import script
from verl_egca.execution.calling import PROGRAM_MODULE, ProgramCalls
from verl_egca.execution.confinement.rlimits import lower
from verl_egca.execution.describe import describe
from verl_egca.execution.given import given_names
from verl_egca.tracing import child as tracing
from verl_egca.tracing.steps import STEP, compile_counted, counter
from verl_egca.values.codec import MOST_ANSWERED, NotPlain, decode, dumps, read_frame, write_all

PROGRAM = "<program>"
CHANNEL, TRACE, ANSWERS, OUTPUT = 3, 4, 5, 6
# Frames that a program may have on top of each other: in calls as many as verl's `prime_code` gives it, of those after one
# that needed more than that fewer, since each costs most of a second; in a trace as many as the interpreter starts with.
_DEPTH, _DEPTH_AFTER_RUNAWAY, _DEPTH_OF_ANSWERS, _DEPTH_OF_TRACES = 600_000, 10_000, 20_000, 1_000
_DRAWS = re.compile("rand|shuffle|choice|sample|uniform|gauss")


def prepare() -> Served:
    """What all children have in common, before the fork."""
    script.start_like_python()
    given_names()
    return Served()


def serve(served: Served) -> None:
    """Answer the judge until killed, or run a script to its end."""
    while True:
        message = read_frame(CHANNEL)
        if "limits" in message:
            cpu, file_size = message["limits"]
            lower(resource.RLIMIT_CPU, cpu)
            lower(resource.RLIMIT_FSIZE, file_size)
        if "script" in message:
            script.run(message, CHANNEL, TRACE, OUTPUT)
        ahead = message.pop("ahead", None)
        if ahead:
            served.answer_all([message, *ahead] if message else ahead)
        else:
            served.answer(message)


class Served:
    """One program, and the judge's questions to it."""

    def __init__(self) -> None:
        self._gives_names = self._draws = False
        self._depth = _DEPTH
        self._calling_back = 0
        self._calls = ProgramCalls(self._call_back)

    def answer(self, request: dict[str, Any]) -> None:
        payload, _ = self._payload(request)
        write_all(CHANNEL, payload)

    def answer_all(self, requests: list[dict[str, Any]]) -> None:
        """Answers go to a file, each as soon as it is there; the judge is told once, when all are, or no more fit."""
        written = answered = 0
        for request in requests:
            payload, raised = self._payload(request)
            written += os.pwrite(ANSWERS, payload, written)
            answered += 1
            if written > MOST_ANSWERED or (raised and "load" in request):
                break
        write_all(CHANNEL, dumps({"answered": answered}))

    def _payload(self, request: dict[str, Any]) -> tuple[bytes, bool]:
        raised = False
        try:
            payload = dumps(self._reply(request))
        except NotPlain as error:
            payload = dumps({"too_large": str(error)})
        except BaseException as error:
            if isinstance(error, RecursionError):
                self._depth = min(self._depth, _DEPTH_AFTER_RUNAWAY)
            raised, payload = True, dumps(_describe(error))
        tracing.flush()
        return payload, raised

    def _reply(self, request: dict[str, Any]) -> dict[str, Any]:
        if "call" in request:
            if request["seed"] and self._draws:
                random.seed(0)
            return self._calls.call(request, self._run)
        if "load" in request:
            return {"ok": self._load(request)}
        if "next" in request:
            return self._calls.next_items(request, _describe)
        if "name" in request:
            return self._calls.named(request["name"])
        return self._calls.operate(request)

    def _load(self, request: dict[str, Any]) -> list[list[Any]]:
        module = types.ModuleType(PROGRAM_MODULE)
        sys.modules[PROGRAM_MODULE] = module
        namespace, source = module.__dict__, request["load"]
        if request["names"] != self._gives_names:
            self._gives_names = request["names"]
            _give_names(self._gives_names)
        random.seed(0)
        self._draws = _DRAWS.search(source) is not None
        self._depth = _DEPTH_OF_TRACES + tracing.OWN_FRAMES if request["events"] else _DEPTH
        sys.setrecursionlimit(self._depth)
        if request["preamble"]:
            try:
                exec(_compiled_once(request["preamble"]), namespace)
            except BaseException as error:
                raise PreambleFailed(f"{type(error).__name__}: {error}") from None
        given = dict(namespace)
        if request["events"]:
            code = tracing.load(source, namespace, TRACE, request["events"])
        else:
            code = compile_counted(source, PROGRAM) if request["steps"] else _compiled(source, PROGRAM)
            if request["steps"]:
                namespace[STEP] = counter(request["steps"])
            exec(code, namespace)
        return self._calls.begin(namespace, given, code.co_names, request)

    def _run(self, calling: Callable[[], Any]) -> Any:
        sys.setrecursionlimit(self._depth)
        result = calling()
        if not self._calling_back:
            sys.setrecursionlimit(_DEPTH_OF_ANSWERS)  # deeper nests can't be read at the other end
        return result

    def _call_back(self, message: dict[str, Any]) -> Any:
        """Call what the judge passed, and answer what it asks before that returns."""
        write_all(CHANNEL, dumps({key: self._calls.encoded_apart(value) for key, value in message.items()}))
        self._calling_back += 1
        try:
            while True:
                message = read_frame(CHANNEL)
                if "returned" in message:
                    return decode(message["returned"], self._calls.resolve)
                if "raised" in message:
                    kind = self._calls.exception(message["raised"])
                    raise kind(*decode(message["args"], self._calls.resolve))
                self.answer(message)
        finally:
            self._calling_back -= 1


class PreambleFailed(Exception):
    """What the data set runs before programs raised."""


def _give_names(given: bool) -> None:
    """Among the built-in ones: there they shadow nothing, and are none of the program's own names."""
    if given:
        vars(builtins).update(given_names())
    else:
        for name in given_names():
            vars(builtins).pop(name, None)


def _compiled(source: str, name: str) -> CodeType:
    return compile(source, name, "exec", dont_inherit=True)


@functools.lru_cache(maxsize=2)
def _compiled_once(preamble: str) -> CodeType:
    return _compiled(preamble, "<preamble>")


def _describe(error: BaseException) -> dict[str, Any]:
    return describe(error, (PROGRAM,)) | ({"preamble": True} if isinstance(error, PreambleFailed) else {})
