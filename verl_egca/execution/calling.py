"""Calls into a program, in its own process: what is called, what the values are there, and the objects that stay there.

What a request calls is a kept object by number, or text: ``f``, ``Solution().f`` (a method of an object made for this
call), or two of them with `` or `` between, of which the first that the program defines counts.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import enum
import io
import operator
import sys
import types
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Any

from verl_egca.execution.describe import classes_of
from verl_egca.execution.given import ListNode, TreeNode
from verl_egca.execution.list_nodes import Conversion, conversion_of, nodes_as_lists
from verl_egca.execution.nodes import NodeTable, blank
from verl_egca.values import named_tuples
from verl_egca.values.codec import AS_BASE, decode, encode
from verl_egca.values.named_tuples import plain_class

Message = dict[str, Any]

PROGRAM_MODULE = "program"
_MISSING = object()
_GIVEN_NODES = (ListNode, TreeNode)
_MUTABLE = (list, dict, set)


class ProgramCalls:
    """Into one program, or one after the other into several texts of it. ``call_back`` calls what the judge passed."""

    def __init__(self, call_back: Callable[[Message], Any]) -> None:
        self._call_back = call_back
        self.begin({}, {}, (), {"classes": (), "lists": False, "keeps": False})

    def begin(
        self, namespace: dict[str, Any], given: dict[str, Any], mentioned: Collection[str], request: Message
    ) -> list[list[Any]]:
        """A text of a program was loaded. ``given`` is what its namespace held before; ``mentioned`` are the names that its
        top level mentions.

        Returns the program's own names, each with what it is (see `_sort`), and of an exception the classes that it is of.
        """
        self._namespace, self._given, self._mentioned = namespace, given, mentioned
        self._node_classes: Collection[str] = request["classes"]
        self._lists: bool = request["lists"]
        self._keeps_objects: bool = request["keeps"]
        self._conversions: dict[int, Conversion | None] = {}
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}  # by id(); kept objects are not freed before the next text
        self._table: NodeTable | None = None
        found = []
        for name, value in list(namespace.items()):
            if name.startswith("__") or isinstance(value, types.ModuleType) or not self._is_own(name, value):
                continue
            sort = _sort(value)
            found.append([name, sort, classes_of(value)] if sort == "exception" else [name, sort])
        return found

    def call(self, request: Message, run: Callable[[Callable[[], Any]], Any]) -> Message:
        """``run`` calls a function as the process has it that programs are called."""
        what = request["call"]
        with self._nodes(request) as rows:
            arguments = [self._decoded(argument) for argument in request["args"]]
            keywords = {key: self._decoded(value) for key, value in request["kwargs"].items()}

            def calling() -> Any:
                function = self._target(what) if type(what) is str else self._objects[what]
                if self._lists:
                    conversion = self._conversion(function)
                    if conversion is not None:
                        return conversion.called(function, arguments, keywords)
                return function(*arguments, **keywords)

            reply: Message = {}
            if around := request.get("around"):
                with _around(around, self._call_back, reply):
                    result = run(calling)
            else:
                result = run(calling)
            return self._answer(request, reply, rows, [*arguments, *keywords.values()], result)

    def operate(self, request: Message) -> Message:
        """Do something with a kept object (see `_OPERATIONS`)."""
        with self._nodes(request) as rows:
            ((name, number),) = ((key, request[key]) for key in _OPERATIONS if key in request)
            operands = [self._decoded(operand) for operand in request.get("with", ())]
            result = _OPERATIONS[name](self._objects[number], *operands)
            return self._with_rows({"ok": self._encoded(result)}, rows)

    def next_items(self, request: Message, describe: Callable[[BaseException], Message]) -> Message:
        iterator = self._objects[request["next"]]
        with self._nodes(request) as rows:
            items: list[Any] = []
            reply: Message = {"ok": items}
            try:
                for _ in range(request["items"]):
                    items.append(self._encoded(next(iterator)))
            except StopIteration:
                reply["ended"] = True
            except Exception as error:
                if not items:
                    raise
                reply["then"] = describe(error)
            return self._with_rows(reply, rows)

    def named(self, name: str) -> Message:
        """A name of the program, or a method of an object made anew, as a kept object; or its value."""
        with self._nodes({}) as rows:
            value = self._target(name) if "(" in name else self._namespace[name]
            return self._with_rows({"ok": self._encoded(value)}, rows)

    # ---------------------------------------------------------------- what is called

    def _target(self, what: str) -> Any:
        first, _, second = what.partition(" or ")
        found = self._found(first, only_if_defined=bool(second))
        if found is _MISSING and second:
            found = self._found(second, only_if_defined=False)
        if found is _MISSING:
            raise NameError(f"name {(second or first).partition('(')[0]!r} is not defined")
        return found

    def _found(self, what: str, only_if_defined: bool) -> Any:
        name, _, method = what.partition("().")
        value = self._namespace.get(name, _MISSING)
        if value is _MISSING or not self._is_own(name, value):
            return _MISSING
        if not method:
            return value
        if only_if_defined and not (isinstance(value, type) and hasattr(value, method)):
            return _MISSING
        return getattr(value(), method)

    def _is_own(self, name: str, value: Any) -> bool:
        return self._given.get(name, _MISSING) is not value or name in self._mentioned

    def _conversion(self, function: Any) -> Conversion | None:
        function = getattr(function, "__func__", function)
        if id(function) not in self._conversions:
            self._conversions[id(function)] = conversion_of(function, self._class)
        return self._conversions[id(function)]

    # ---------------------------------------------------------------- values

    def _answer(self, request: Message, reply: Message, rows: list[Any], arguments: list[Any], result: Any) -> Message:
        if request["mutable"]:
            before = [*request["args"], *request["kwargs"].values()]
            after = [self._encoded(argument) for argument in arguments]
            if after != before:
                reply["args"] = after
            for place, argument in enumerate(arguments):
                if result is argument and type(result) in _MUTABLE:
                    return self._with_rows(reply | {"same": place}, rows)
        reply["ok"] = self._encoded(result)
        return self._with_rows(reply, rows)

    def _nodes(self, request: Message) -> _OwnTable:
        """A table of its own for a request, with the objects that came with it; a context with their rows."""
        return _OwnTable(self, request.get("nodes", []))

    def begin_table(self, rows: list[Any]) -> NodeTable | None:
        """For `_OwnTable`. The table before."""
        outer, self._table = self._table, NodeTable([self._node(*row) for row in rows])
        try:
            for value, (_, fields) in zip(self._table.objects, rows, strict=True):
                for name, field in fields.items():
                    setattr(value, name, self._decoded(field))
        except BaseException:
            self._table = outer
            raise
        return outer

    def end_table(self, outer: NodeTable | None) -> None:
        """For `_OwnTable`."""
        self._table = outer

    def _node(self, name: str, fields: Message) -> Any:
        """An object without its fields; of a class of the program's own by its constructor, if a first value is enough."""
        kind = self._class(name)
        first = next(iter(fields.values()), None)
        if self._namespace.get(name) is kind is not self._given.get(name) and type(first) is not dict:
            with contextlib.suppress(TypeError):
                return kind(first)
        return blank(kind)

    def _class(self, name: str) -> type:
        """The program's class of a name, or the one that it is given, or one that is nothing but its name."""
        found = self._namespace.get(name, getattr(builtins, name, None))
        return found if isinstance(found, type) else type(name, (), {})

    def _with_rows(self, reply: Message, before: list[Any]) -> Message:
        """The answer with what became of the request's objects, and with new ones that it holds."""
        assert self._table is not None
        if not self._table.objects:
            return reply
        rows = [[number, *row] for number, row in enumerate(self._table.rows(self._encoded))]
        changed = [row for row in rows if row[0] >= len(before) or row[1:] != before[row[0]]]
        return reply | {"nodes": changed} if changed else reply

    def _named_tuple(self, name: str, fields: tuple[str, ...], _: tuple[str, ...], items: list[Any]) -> Any:
        """Of the program's class of this name, if that has these fields."""
        found = self._namespace.get(name)
        own = isinstance(found, type) and issubclass(found, tuple) and getattr(found, "_fields", None) == fields
        return named_tuples.made(found if own else plain_class(name, fields), items)

    def exception(self, name: str) -> type[BaseException]:
        """The program's or Python's class of this name."""
        found = self._namespace.get(name, getattr(builtins, name, None))
        return found if isinstance(found, type) and issubclass(found, BaseException) else RuntimeError

    def encoded_apart(self, value: Any) -> Any:
        """For a message of its own, within a request: objects that cross by their fields stay here."""
        outer, self._table = self._table, None
        try:
            return self._encoded(value)
        finally:
            self._table = outer

    def _encoded(self, value: Any) -> Any:
        if self._keeps_objects and type(value).__module__ == PROGRAM_MODULE and _is_more_than_data(type(value)):
            return self._keep(value)
        return encode(value, self._keep)

    def _decoded(self, value: Any) -> Any:
        return decode(value, self.resolve)

    def _keep(self, value: Any) -> Any:
        """What stands for an object that stays here: its number, its type's name, what it is, and its own name."""
        kind = type(value)
        is_node = kind.__name__ in self._node_classes or (kind in _GIVEN_NODES and not self._lists)
        if is_node and self._table is not None:
            return self._table.reference(value)
        if self._lists:
            listed = nodes_as_lists(value)
            if listed is not None:
                return self._encoded(listed)
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        name = str(getattr(value, "__name__", "")) if isinstance(value, type) else ""
        own = name if self._namespace.get(name, _MISSING) is value else None
        return {"o": [number, kind.__name__, _sort(value), own]}

    def resolve(self, tag: str, body: Any) -> Any:
        match tag:
            case "n" if self._table is not None:
                return self._table.objects[body]
            case "k":
                return self._class(body)
            case "h":
                return self._objects[body]
            case "p":
                return self._namespace[body]
            case "builtin":
                return getattr(builtins, body)
            case "back":
                return _passed(body, self._call_back)
            case "N":
                return self._named_tuple(*named_tuples.read(body[:3]), body[3])
        raise ValueError(tag)


class _OwnTable:
    """A class, and no generator: it is entered once for every call of a program."""

    __slots__ = ("_calls", "_outer", "_rows")

    def __init__(self, calls: ProgramCalls, rows: list[Any]) -> None:
        self._calls, self._rows = calls, rows

    def __enter__(self) -> list[Any]:
        self._outer = self._calls.begin_table(self._rows)
        return self._rows

    def __exit__(self, *error: object) -> None:
        self._calls.end_table(self._outer)


def _passed(told: Message, call_back: Callable[[Message], Any]) -> Callable[..., Any]:
    """What a test passed, to be called from here; with the name and text that it has there."""

    def passed(*arguments: Any, **keywords: Any) -> Any:
        return call_back({"back": told["number"], "args": list(arguments), "kwargs": keywords})

    passed.__name__ = passed.__qualname__ = told["name"]
    passed.__doc__ = told["doc"]
    return passed


@contextlib.contextmanager
def _around(wanted: Message, call_back: Callable[[Message], Any], reply: Message) -> Iterator[None]:
    """What a test has put in the place of the standard streams and of ``input``, in this process, too."""
    before = sys.stdin, sys.stdout, builtins.input
    if "stdin" in wanted:
        sys.stdin = given = io.StringIO(wanted["stdin"])
    if "input" in wanted:
        builtins.input = _passed(wanted["input"], call_back)
    if "stdout" in wanted:
        sys.stdout = printed = io.StringIO()
    try:
        yield
    finally:
        sys.stdin, sys.stdout, builtins.input = before
        if "stdin" in wanted:
            reply["read"] = given.tell()
        if "stdout" in wanted:
            reply["printed"] = printed.getvalue()


def _sort(value: Any) -> str:
    """What the judge has to know of an object to stand for it."""
    kind = type(value)
    if isinstance(value, type):
        return "exception" if issubclass(value, BaseException) else "class"
    if hasattr(kind, "__next__"):
        return "iterator"
    if hasattr(kind, "__await__"):
        return "awaitable"
    return "callable" if callable(value) else "object"


def _awaited(kept: Awaitable[Any]) -> Any:
    import asyncio  # few programs need it

    async def wait() -> Any:
        return await kept

    return asyncio.run(wait())


def _left(kept: Any, kind: type[BaseException] | None, message: str) -> bool:
    """The end of a ``with`` block, by an exception if a kind of one is given."""
    if kind is None:
        return bool(type(kept).__exit__(kept, None, None, None))
    try:
        raise kind(message)
    except BaseException as error:
        return bool(type(kept).__exit__(kept, type(error), error, error.__traceback__))


def _is_more_than_data(kind: type) -> bool:
    """Whether a class of the program's, which may be one of plain data, is more than another name for that."""
    return not (hasattr(kind, "_fields") or issubclass(kind, enum.Enum))


def _as_base(kept: Any, comparison: str) -> list[Any] | None:
    """The plain data that an object is, if it is and compares as that."""
    for base, as_base in AS_BASE.items():
        if isinstance(kept, base):
            own, plain = (getattr(kind, f"__{comparison}__", None) for kind in (type(kept), base))
            return [as_base(kept)] if own is plain else None
    return None


def _is_of(kept: type, name: str) -> bool:
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and kind is not object and issubclass(kept, kind)


def _reflected(of: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda kept, other: of(other, kept)


_ARITHMETIC = {
    name: getattr(operator, f"__{name}__")
    for name in "add sub mul matmul truediv floordiv mod pow lshift rshift and or xor".split()
}
_OTHERS = "eq ne lt le gt ge iadd isub imul itruediv iand ior contains neg pos abs invert index setitem delitem".split()
_OPERATIONS: dict[str, Callable[..., Any]] = {
    **_ARITHMETIC,
    **{f"r{name}": _reflected(of) for name, of in _ARITHMETIC.items()},
    **{name: getattr(operator, f"__{name}__") for name in _OTHERS},
    "get": getattr,
    "set": setattr,
    "item": operator.getitem,
    **{
        kind.__name__: kind for kind in (len, str, repr, hash, bool, int, float, complex, iter, reversed, round, format)
    },
    **{function.__name__: function for function in (copy.copy, copy.deepcopy)},
    "kind": type,
    "isinstance": lambda kept, other: isinstance(other, kept),
    "issubclass": lambda kept, other: issubclass(other, kept),
    "issubclass_of": _is_of,
    "as_base": _as_base,
    "enter": lambda kept: type(kept).__enter__(kept),
    "exit": _left,
    "await": _awaited,
}
