"""What runs in a program's process: loads the program and answers the judge. Not trusted once the program has started.

Requests are objects with one of these keys, answers objects with ``ok`` or ``error`` (see `Served`):

    script    a program's text, to be run as one; never answered (see `script`)
    load      a program's text; ``events`` for a trace                                    -> names of its callables
    call      a name of the program or a kept object, ``args``, ``kwargs``                -> value, changed ``args``
    ahead     beside ``load`` or alone: calls to answer one after the other
    next      a kept iterator, and how many items                                         -> items, whether it ended
    get, set  an attribute of a kept object     item, len, str, iter   of a kept object   -> value

The first one has ``limits``: CPU seconds of the process, bytes of a file. An answer that can't cross is ``too_large``.
While it runs, the program may call what the judge passed: the child then sends ``back`` and waits for ``returned`` or
``raised``, and serves whatever the judge asks in between.
"""

from __future__ import annotations

import builtins
import os
import random
import resource
import sys
import types
from collections.abc import Callable
from typing import Any

from verl_egca.execution import script
from verl_egca.execution.codec import MOST_ANSWERED, NotPlain, decode, dumps, encode, read_frame, write_all
from verl_egca.execution.confinement.rlimits import lower
from verl_egca.execution.describe import describe
from verl_egca.tracing import child as tracing
from verl_egca.tracing.steps import STEP, compile_counted, counter

PROGRAM = "<program>"
CHANNEL, TRACE, ANSWERS, OUTPUT = 3, 4, 5, 6
# Frames that a program may have on top of each other: in calls as many as verl's `prime_code` gives it, of those after one
# that needed more than that fewer, since each costs most of a second; in a trace as many as the interpreter starts with.
_DEPTH, _DEPTH_AFTER_RUNAWAY, _DEPTH_OF_ANSWERS, _DEPTH_OF_TRACES = 600_000, 10_000, 1_000, 1_000
_MUTABLE = (list, dict, set)


def prepare() -> Served:
    """What all children have in common, before the fork."""
    script.start_like_python()
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
    """One program and the objects of it that the judge knows by number."""

    def __init__(self) -> None:
        self._namespace: dict[str, Any] = {}
        self._source = ""
        self._depth = _DEPTH
        self._calling_back = 0
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}  # by id(); kept objects are never freed

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
            return self._call(request)
        if "load" in request:
            return {"ok": self._load(request)}
        if "next" in request:
            return self._next(self._objects[request["next"]], request["items"])
        ((operation, number),) = ((key, request[key]) for key in _OPERATIONS if key in request)
        arguments = [decode(argument, self._resolve) for argument in request.get("with", ())]
        return {"ok": encode(_OPERATIONS[operation](self._objects[number], *arguments), self._keep)}

    def _load(self, request: dict[str, Any]) -> list[str]:
        module = types.ModuleType("program")
        sys.modules["program"] = module
        self._namespace, self._source = module.__dict__, request["load"]
        random.seed(0)
        self._depth = _DEPTH_OF_TRACES + tracing.OWN_FRAMES if request["events"] else _DEPTH
        sys.setrecursionlimit(self._depth)
        if request["steps"]:
            code = compile_counted(self._source, PROGRAM)
            self._namespace[STEP] = counter(request["steps"])
            exec(code, self._namespace)
        elif request["events"]:
            tracing.load(self._source, self._namespace, TRACE, request["events"])
        else:
            exec(compile(self._source, PROGRAM, "exec", dont_inherit=True), self._namespace)
        return [n for n, v in self._namespace.items() if callable(v) and not n.startswith("__")]

    def _call(self, request: dict[str, Any]) -> dict[str, Any]:
        what = request["call"]
        function = self._namespace[what] if type(what) is str else self._objects[what]
        if request["seed"] and "random" in self._source:
            random.seed(0)
        arguments = [decode(argument, self._resolve) for argument in request["args"]]
        keywords = {key: decode(value, self._resolve) for key, value in request["kwargs"].items()}
        sys.setrecursionlimit(self._depth)
        result = function(*arguments, **keywords)
        if not self._calling_back:
            sys.setrecursionlimit(_DEPTH_OF_ANSWERS)  # deeper nests can't be read at the other end
        reply: dict[str, Any] = {}
        if request["mutable"]:
            after = [encode(argument, self._keep) for argument in arguments]
            if after != request["args"]:
                reply["args"] = after
            for place, argument in enumerate(arguments):
                if result is argument and type(result) in _MUTABLE:
                    return reply | {"same": place}
        reply["ok"] = encode(result, self._keep)
        return reply

    def _next(self, iterator: Any, count: int) -> dict[str, Any]:
        items: list[Any] = []
        try:
            for _ in range(count):
                items.append(encode(next(iterator), self._keep))
        except StopIteration:
            return {"ok": items, "ended": True}
        except Exception as error:
            if not items:
                raise
            return {"ok": items, "then": _describe(error)}
        return {"ok": items}

    def _keep(self, value: Any) -> dict[str, Any]:
        """What stands for an object that stays here: its number, its type's name, and what can be done with it."""
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        sort = "iterator" if hasattr(type(value), "__next__") else "callable" if callable(value) else "object"
        return {"o": [number, type(value).__name__, sort]}

    def _resolve(self, tag: str, body: Any) -> Any:
        if tag == "h":
            return self._objects[body]
        if tag == "builtin":
            return getattr(builtins, body)
        if tag == "back":
            return self._callback(body)
        raise ValueError(tag)

    def _callback(self, number: int) -> Callable[..., Any]:
        def passed(*arguments: Any) -> Any:
            write_all(CHANNEL, dumps({"back": number, "args": [encode(a, self._keep) for a in arguments]}))
            self._calling_back += 1
            try:
                while True:
                    message = read_frame(CHANNEL)
                    if "returned" in message:
                        return decode(message["returned"], self._resolve)
                    if "raised" in message:
                        raise getattr(builtins, message["raised"], RuntimeError)(message["message"])
                    self.answer(message)
            finally:
                self._calling_back -= 1

        return passed


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "get": getattr,
    "set": setattr,
    "item": lambda kept, key: kept[key],
    "len": len,
    "str": str,
    "iter": iter,
}


def _describe(error: BaseException) -> dict[str, Any]:
    return describe(error, (PROGRAM,))
