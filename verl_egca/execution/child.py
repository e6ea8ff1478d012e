"""What runs in a program's process: loads the program and answers the judge. Not trusted once the program has started.

Requests are objects with one of these keys, answers objects with ``ok`` or ``error`` (see `Served`):

    load      a program's text; ``stdin`` true for a script, ``events`` for a trace       -> names of its callables
    call      a name of the program or a kept object, ``args``, ``kwargs``                -> value, changed ``args``
    ahead     beside ``load`` or alone: calls to answer one after the other
    next      a kept iterator, and how many items                                         -> items, whether it ended
    get, set  an attribute of a kept object     item, len, str, iter   of a kept object   -> value

While it runs, the program may call what the judge passed: the child then sends ``back`` and waits for ``returned`` or
``raised``, and serves whatever the judge asks in between.
"""

from __future__ import annotations

import builtins
import io
import os
import random
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any

from verl_egca.execution.codec import decode, dumps, encode, read_frame, write_all
from verl_egca.tracing import child as tracing
from verl_egca.tracing.steps import STEP, compile_counted, counter

PROGRAM = "<program>"
CHANNEL, TRACE, ANSWERS = 3, 4, 5
_MOST_ANSWERED = 1 << 22
_MUTABLE = (list, dict, set)


def prepare(output_bytes: int) -> Served:
    """What all children have in common, before the fork."""
    sys.argv = ["program"]
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = sys.stderr = _CappedOutput(output_bytes)
    return Served()


def serve(served: Served) -> None:
    """Answer the judge until killed."""
    while True:
        message = read_frame(CHANNEL)
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
            if written > _MOST_ANSWERED or (raised and "load" in request):
                break
        write_all(CHANNEL, dumps({"answered": answered}))

    def _payload(self, request: dict[str, Any]) -> tuple[bytes, bool]:
        raised = False
        try:
            payload = dumps(self._reply(request))
        except BaseException as error:
            raised, payload = True, dumps(_describe(error, self._source))
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
        name = "__main__" if request["script"] else "program"
        module = types.ModuleType(name)
        sys.modules[name] = module
        self._namespace, self._source = module.__dict__, request["load"]
        random.seed(0)
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
        result = function(*arguments, **keywords)
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
            return {"ok": items, "then": _describe(error, self._source)}
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
            while True:
                message = read_frame(CHANNEL)
                if "returned" in message:
                    return decode(message["returned"], self._resolve)
                if "raised" in message:
                    raise getattr(builtins, message["raised"], RuntimeError)(message["message"])
                self.answer(message)

        return passed


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "get": getattr,
    "set": setattr,
    "item": lambda kept, key: kept[key],
    "len": len,
    "str": str,
    "iter": iter,
}


def _describe(error: BaseException, source: str) -> dict[str, Any]:
    """An exception as data: type, message, and where in the program."""
    try:
        message = str(error)[:500]
    except BaseException:
        message = "?"
    described: dict[str, Any] = {"error": type(error).__name__, "message": message}
    described["ended"] = isinstance(error, SystemExit)
    if isinstance(error, SyntaxError) and error.filename == PROGRAM:
        described |= {"message": str(error.msg)[:500], "line": error.lineno, "compile": True}
        described |= {"col": error.offset, "end_line": error.end_lineno, "end_col": error.end_offset}
        return described
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == PROGRAM]
    described["line"] = lines[-1] if lines else None
    # what the compiler raises without a place: null bytes, too deep nesting, too large literals
    described["compile"] = not lines and isinstance(
        error, SyntaxError | ValueError | RecursionError | MemoryError | OverflowError
    )
    return described


class _CappedOutput(io.TextIOBase):
    """Keeps the first bytes, one more to show that there were more, and drops the rest."""

    def __init__(self, most: int) -> None:
        self._left = most + 1
        self.buffer = self

    def writable(self) -> bool:
        return True

    def write(self, text: str | bytes) -> int:
        data = text.encode("utf-8", "replace") if isinstance(text, str) else bytes(text)
        if self._left > 0:
            self._left -= os.write(1, data[: self._left])
        return len(text)
