"""What stands in the judge for an object that stays in the program's process.

It equals nothing, so that no ``__eq__`` of the program decides a test. What a test may do with it is what gives plain data
back, which the judge compares itself: read an attribute, an item, its length, its text, its items one by one, call it.
A method is called if the test made the object itself, by calling a class of the program, or if plain data has no method
of that name: else a program could answer with an object whose ``startswith`` says yes to everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from verl_egca.execution.program import Program

_PLAIN_NAMES = {name for kind in (str, int, float, bytes, list, tuple, dict, set) for name in dir(kind)}
_ONE_BY_ONE = 32  # items of an iterator that are asked for singly; past that more at once, for speed
_AT_ONCE = 1024


class Unsupported(BaseException):
    """The test can't be judged without trusting the program. No Exception: no ``except`` of a test may swallow it."""


class Remote:
    """An object, function or class of the program."""

    __slots__ = ("_egca_callable", "_egca_kind", "_egca_made", "_egca_number", "_egca_program")

    def __init__(self, program: Program, number: int, kind: str, callable_: bool) -> None:
        for name, value in (("program", program), ("number", number), ("kind", kind), ("callable", callable_)):
            object.__setattr__(self, f"_egca_{name}", value)
        object.__setattr__(self, "_egca_made", False)

    def __eq__(self, other: object) -> bool:
        if self._egca_made:
            raise Unsupported(f"the test compares an object of the program's class {self._egca_kind}")
        return False

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._egca_kind} object>"

    def __str__(self) -> str:
        text = self._egca_program.operate("str", self._egca_number)
        return text if type(text) is str else ""

    def __len__(self) -> int:
        length = self._egca_program.operate("len", self._egca_number)
        return length if type(length) is int else 0

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        iterator = self._egca_program.operate("iter", self._egca_number)
        return iterator if isinstance(iterator, RemoteIterator) else iter(())

    def __getitem__(self, key: Any) -> Any:
        return self._egca_program.operate("item", self._egca_number, key)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self._egca_program.operate("get", self._egca_number, name)
        if isinstance(value, Remote) and value._egca_callable and not self._egca_made and name in _PLAIN_NAMES:
            raise Unsupported(f"the test calls {name}() of what the program returned, a {self._egca_kind}")
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        self._egca_program.operate("set", self._egca_number, name, value)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._egca_program.call(self._egca_number, *arguments, **keywords)


def _refused(operator: str) -> Any:
    def refuse(self: Remote, *_: Any) -> NoReturn:
        raise Unsupported(f"the test uses {operator} of what stays with the program, a {self._egca_kind}")

    return refuse


for _name in ("lt", "le", "gt", "ge", "contains", "setitem", "add", "radd", "sub", "mul", "truediv", "enter", "await"):
    setattr(Remote, f"__{_name}__", _refused(f"__{_name}__"))


def made_by_test(value: Any) -> Any:
    """Mark what a test got by calling a class of the program."""
    if isinstance(value, Remote):
        object.__setattr__(value, "_egca_made", True)
    return value


class RemoteIterator:
    """A generator or iterator of the program, asked for its items as the test asks for them."""

    def __init__(self, program: Program, number: int, kind: str, _: bool) -> None:
        self._egca_program, self._egca_number, self._egca_kind = program, number, kind
        self._items: list[Any] = []
        self._asked = 0
        self._ended = False
        self._then: Exception | None = None

    def __iter__(self) -> RemoteIterator:
        return self

    def __next__(self) -> Any:
        if not self._items:
            if self._then is not None:
                raise self._then
            if self._ended:
                raise StopIteration
            count = 1 if self._asked < _ONE_BY_ONE else _AT_ONCE
            items, self._ended, self._then = self._egca_program.next_items(self._egca_number, count)
            self._asked += count
            self._items = items[::-1]
            return next(self)
        return self._items.pop()

    def __repr__(self) -> str:
        return f"<{self._egca_kind} object>"
