"""The judge's end of what crosses between a test and a program: arguments and results, objects, exceptions.

What comes from the program is rebuilt as plain data of exact types, or as something that stands for it (see `remote`,
`raised`); what can't be read is a forged answer.
"""

from __future__ import annotations

import builtins
import io
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from verl_egca.execution.ahead import Request, call_request
from verl_egca.execution.large import Large
from verl_egca.execution.nodes import NodeTable, blank
from verl_egca.execution.raised import Classes, Ended, Kinds, Raised
from verl_egca.execution.remote import Remote, RemoteCoroutine, RemoteIterator, Unsupported, refuse_within_test
from verl_egca.values import named_tuples
from verl_egca.values.codec import DECODE_ERRORS, NotPlain, decode, encode
from verl_egca.values.named_tuples import guarded_class

if TYPE_CHECKING:
    from verl_egca.execution.program import RunningProgram

Message = dict[str, Any]
Name = tuple[str, str]  # and what it is: function, class, exception, iterator, awaitable, object

_STDIN, _STDOUT, _INPUT = sys.stdin, sys.stdout, builtins.input
_STANDS = {"iterator": RemoteIterator, "awaitable": RemoteCoroutine}


class Exchange:
    """With one program's process. ``class_named`` is the tests' class whose objects cross by their fields, of a name."""

    def __init__(self, program: RunningProgram) -> None:
        self._program = program
        self._passed: list[Callable[..., Any]] = []
        self.misused: str | None = None  # what the test did that can't be judged, though nothing may have told it
        self.lines = 0  # of the program
        self.begin([])

    def begin(self, names: Any) -> list[Name]:
        """A text of the program was loaded: the names that it told. Raises Ended."""
        self._remotes: dict[int, Any] = {}
        self.named: dict[str, Any] = {}
        self.class_named: Callable[[str], type | None] = lambda name: None
        found: list[Name] = []
        exceptions: dict[str, Classes] = {}
        try:
            if type(names) is not list:
                raise ValueError("it is no list")
            for name, sort, *classes in names:
                if type(name) is not str or type(sort) is not str:
                    raise ValueError("a name is no text")
                found.append((name, sort))
                if sort == "exception":
                    exceptions[name] = _classes(classes[0])
        except (ValueError, TypeError, IndexError):
            raise Ended("forged", "the answer to loading is no list of names") from None
        self.kinds = Kinds(exceptions)
        return found

    # ---------------------------------------------------------------- to the program

    def calling(
        self, what: str | int, arguments: Sequence[Any], keywords: Message, seed: bool
    ) -> tuple[Request, NodeTable]:
        """The request that calls something, and the objects in it. Raises Unsupported."""
        nodes = NodeTable()
        try:
            request = call_request(what, arguments, keywords, self._stands_for, nodes, seed)
        except NotPlain as error:
            raise Unsupported(f"the program is called with {error}") from None
        around = self._around()
        return (request | {"around": around} if around else request), nodes

    def operating(self, operation: str, number: Any, operands: Sequence[Any]) -> tuple[Request, NodeTable]:
        """The request that does something with a kept object, and the objects in it. Raises Unsupported."""
        nodes = NodeTable()
        encoded = [self._encoded(operand, nodes) for operand in operands]
        rows = list(nodes.rows(lambda value: self._encoded(value, nodes)))
        return {operation: number, "with": encoded, "nodes": rows}, nodes

    def _encoded(self, value: Any, nodes: NodeTable | None) -> Any:
        try:
            return encode(value, lambda other: self._stands_for(other, nodes))
        except NotPlain as error:
            raise Unsupported(f"the program is given {error}") from None

    def _stands_for(self, value: Any, nodes: NodeTable | None) -> Any:
        """``nodes`` is None in a message that has no objects by their fields."""
        if isinstance(value, Remote | RemoteCoroutine):
            return {"h": value._egca_number}
        name = self.kinds.name_of(value)
        if name is not None:
            return {"p": name}
        if isinstance(value, type) and self.class_named(value.__name__) is value:
            return {"k": value.__name__}
        kind = type(value)
        known = self.class_named(kind.__name__)
        if known is not None and known.__module__ == kind.__module__ and nodes is not None:
            return nodes.reference(value)
        if callable(value):
            name = getattr(value, "__name__", "")
            return {"builtin": name} if getattr(builtins, name, None) is value else {"back": self._pass(value, name)}
        raise NotPlain(f"a {kind.__name__}, which is not plain data")

    def _pass(self, value: Callable[..., Any], name: str) -> Message:
        self._passed.append(value)
        doc = getattr(value, "__doc__", None)
        told = {"name": name if type(name) is str else "", "doc": doc if type(doc) is str else None}
        return {"number": len(self._passed) - 1, **told}

    def _around(self) -> Message:
        """What the test has put in the place of the standard streams and of ``input``."""
        found: Message = {}
        if sys.stdout is not _STDOUT and sys.stdout is not None:
            found["stdout"] = True
        if builtins.input is not _INPUT:
            found["input"] = self._pass(builtins.input, "input")
        if sys.stdin is not _STDIN:
            if not isinstance(sys.stdin, io.StringIO):
                raise Unsupported("the test puts something in the place of standard input that is no io.StringIO")
            found["stdin"] = sys.stdin.getvalue()[sys.stdin.tell() :]
        return found

    # ---------------------------------------------------------------- from the program

    def returned(self, reply: Message, arguments: Sequence[Any], nodes: NodeTable) -> Any:
        """The result of a call; changes that it made to its arguments are made here, too. Raises Ended."""
        if "printed" in reply and type(reply["printed"]) is str:
            sys.stdout.write(reply["printed"])
        if type(reply.get("read")) is int and isinstance(sys.stdin, io.StringIO):
            sys.stdin.read(max(0, reply["read"]))
        self._take_rows(reply, nodes)
        if "args" in reply:
            changed = self._decoded(reply["args"], nodes)
            if type(changed) is not list or len(changed) != len(arguments):
                raise Ended("forged", "the changed arguments are not as many as there were")
            for ours, theirs in zip(arguments, changed, strict=True):
                _copy_back(ours, theirs)
        if "same" in reply:
            if type(reply["same"]) is not int or not 0 <= reply["same"] < len(arguments):
                raise Ended("forged", "the answer is an argument that was not given")
            return arguments[reply["same"]]
        return self._value(reply, nodes)

    def value(self, reply: Message, nodes: NodeTable | None = None) -> Any:
        """What another answer holds. Raises Ended."""
        nodes = nodes or NodeTable()
        self._take_rows(reply, nodes)
        return self._value(reply, nodes)

    def raised(self, told: Message) -> Raised:
        """The program's exception. Raises Ended."""
        name, message, line = told.get("error"), told.get("message"), told.get("line")
        if type(name) is not str or type(message) is not str:
            raise Ended("forged", "an error without a name or a message")
        if type(line) is not int or not 0 <= line <= self.lines + 1:
            told = {key: value for key, value in told.items() if "line" not in key}
        arguments, fields = self._plain(told.get("args")), self._plain(told.get("fields"))
        try:
            told = {**told, "classes": _classes(told.get("classes", []))}
        except (ValueError, TypeError):
            raise Ended("forged", "an error's classes are no list of names") from None
        own = {k: v for k, v in fields.items() if type(k) is str and k[:2] != "__"} if type(fields) is dict else {}
        return self.kinds.raised(told, arguments if type(arguments) is list else [message], own)

    def call_back(self, request: Message) -> Message:
        """The program calls what a test passed to it: what came of that. Raises Ended, Unsupported."""
        told, arguments, keywords = (self._plain(request.get(key)) for key in ("back", "args", "kwargs"))
        if type(told) is not int or not 0 <= told < len(self._passed):
            raise Ended("forged", "a call of what was not passed")
        if type(arguments) is not list or type(keywords) is not dict or not all(type(key) is str for key in keywords):
            raise Ended("forged", "a call without arguments")
        try:
            return {"returned": self._encoded(self._passed[told](*arguments, **keywords), None)}
        except Exception as error:
            kind = type(error)
            name = self.kinds.name_of(kind)
            if name is None and not isinstance(error, Raised):
                if getattr(builtins, kind.__name__, None) is not kind:
                    raise Unsupported(f"what the test passes to the program raises {kind.__name__}") from None
                name = kind.__name__
            said = [text_of(error)] if isinstance(error, Raised) else list(error.args)
            return {"raised": name or kind.__name__, "args": self._encoded(said, None)}

    def _take_rows(self, reply: Message, nodes: NodeTable) -> None:
        """Objects of the table as they are now, and new ones."""
        if "nodes" not in reply:
            return
        rows = reply["nodes"]
        try:
            for number, name, _ in rows:
                if type(number) is not int or not 0 <= number <= len(nodes.objects):
                    raise ValueError("an object's number is none")
                if number == len(nodes.objects):
                    nodes.reference(blank(self._class(name)))
            for number, _, fields in rows:
                own = {field: self._decoded(value, nodes) for field, value in fields.items()}
                _set_fields(nodes.objects[number], own)
        except DECODE_ERRORS as error:
            raise Ended("forged", f"objects that can't be read: {error!s:.100}") from None

    def _class(self, name: str) -> type:
        found = self.class_named(name) if type(name) is str else None
        if found is None:
            raise ValueError("an object of a class that the tests do not have")
        return found

    def _value(self, reply: Message, nodes: NodeTable) -> Any:
        if "too_large" in reply:
            return Large(str(reply["too_large"])[:200])
        if "ok" not in reply:
            raise Ended("forged", "an answer without a value")
        return self._decoded(reply["ok"], nodes)

    def _decoded(self, data: Any, nodes: NodeTable) -> Any:
        try:
            return decode(
                data, lambda tag, body: nodes.objects[_number(body)] if tag == "n" else self._remote(tag, body)
            )
        except DECODE_ERRORS as error:
            raise Ended("forged", f"an answer that can't be read: {error!s:.100}") from None

    def _plain(self, data: Any) -> Any:
        return self._decoded(data, NodeTable())

    def _remote(self, tag: str, body: Any) -> Any:
        """What stands here for an object of the program's; the same for the same object."""
        if tag == "N":
            return named_tuples.made(guarded_class(*named_tuples.read(body[:3]), refuse_within_test), body[3])
        if tag != "o":
            raise ValueError(f"unknown tag {tag!r:.20}")
        number, kind, sort, name = body
        if name is not None and name in self.named:
            return self.named[name]
        if _number(number) not in self._remotes:
            stand = _STANDS.get(sort, Remote)
            self._remotes[number] = stand(self._program, number, str(kind)[:80], str(sort))
        return self._remotes[number]


def text_of(error: BaseException) -> str:
    """What an error of the tests says. Asks the program nothing, as ``str`` of one of its objects would."""
    try:
        if any(isinstance(argument, Remote | RemoteCoroutine) for argument in error.args):
            return repr(error)[:500]
        return str(error)[:500]
    except (ValueError, RecursionError, MemoryError, Unsupported):  # an integer of too many digits, for one
        return "(no text)"


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("an object's number is none")
    return value


def _classes(told: Any) -> list[tuple[str, str]]:
    """Raises ValueError, TypeError."""
    found = [(module, name) for module, name in told]
    if not all(type(text) is str for pair in found for text in pair):
        raise ValueError("a class has no name")
    return found


def _set_fields(value: Any, fields: Message) -> None:
    """Past what the tests' class makes of it. Raises AttributeError, TypeError."""
    own = getattr(value, "__dict__", None)
    if type(own) is dict:
        own.clear()
        own.update(fields)
        return
    for name, field in fields.items():
        object.__setattr__(value, name, field)


def _copy_back(ours: Any, theirs: Any) -> None:
    """Make an argument what the program made of it, in place as far down as the types agree."""
    if type(ours) is not type(theirs):
        return
    if type(ours) is list:
        for old, new in zip(ours, theirs, strict=False):
            _copy_back(old, new)
        ours[:] = [old if _updated(old, new) else new for old, new in zip(ours, theirs, strict=False)] + theirs[
            len(ours) :
        ]
    elif isinstance(ours, dict):
        for key, new in theirs.items():
            _copy_back(ours.get(key), new)
        kept = {key: ours[key] if _updated(ours.get(key), new) else new for key, new in theirs.items()}
        ours.clear()
        ours.update(kept)
    elif type(ours) is set:
        ours.clear()
        ours.update(theirs)
    elif type(ours) is tuple:
        for old, new in zip(ours, theirs, strict=False):
            _copy_back(old, new)


def _updated(ours: Any, theirs: Any) -> bool:
    return type(ours) is type(theirs) and isinstance(ours, list | dict | set)
