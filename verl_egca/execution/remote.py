"""What stands in the judge for an object that stays in the program's process.

No ``__eq__`` of the program decides a test: compared with the test's data such an object equals nothing. What a test may do
with it is what gives plain data back, which the judge compares itself, and tells the program nothing of what is expected:
read an attribute, an item, its length, its text, its truth, its items one by one; call it; compare it with another object of
the program's. A test that makes objects of a class of the program's tests that class: those it may also use operators, ``in``
and ``hash`` on, and methods that plain data has, too. With an object that a function returned a program could answer whatever
the test asks, by a ``startswith`` that says yes to everything, or a ``__sub__`` that sees the expected number.
"""

from __future__ import annotations

import operator
from collections.abc import Coroutine, Generator, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from verl_egca.execution.program import RunningProgram
    from verl_egca.execution.sitting import Sitting

_PLAIN_NAMES = {name for kind in (str, int, float, bytes, list, tuple, dict, set) for name in dir(kind)}
_SPECIAL_NAMES = frozenset(
    f"__{name}__" for name in "name qualname doc dict annotations wrapped module members".split()
)
_ONE_BY_ONE = 32  # items of an iterator that are asked for singly; past that more at once, for speed
_AT_ONCE = 1024

_within_test = False


class Unsupported(BaseException):
    """The test can't be judged without trusting the program. No Exception: no ``except`` of a test may swallow it."""


class _WithinTest:
    """Where texts and hashes of objects are asked of the program. Elsewhere, in verdicts, they are the judge's own."""

    def __enter__(self) -> None:
        global _within_test
        _within_test = True

    def __exit__(self, *error: object) -> None:
        global _within_test
        _within_test = False


within_test = _WithinTest()


def refuse_within_test(why: str) -> None:
    """Raises Unsupported where a test runs."""
    if _within_test:
        raise Unsupported(why)


class Remote:
    """An object, function or class of the program."""

    __slots__ = ("_egca_kind", "_egca_made", "_egca_number", "_egca_program", "_egca_sort")

    def __init__(self, program: RunningProgram | Sitting, number: int, kind: str, sort: str) -> None:
        for name, value in (("program", program), ("number", number), ("kind", kind), ("sort", sort), ("made", False)):
            object.__setattr__(self, f"_egca_{name}", value)

    def _egca_ask(self, operation: str, *operands: Any) -> Any:
        return self._egca_program.operate(operation, self._egca_number, *operands)

    def __repr__(self) -> str:
        return _text(self._egca_ask("repr")) if _within_test else f"<{self._egca_kind} object>"

    def __str__(self) -> str:
        return _text(self._egca_ask("str")) if _within_test else repr(self)

    def __format__(self, form: str) -> str:
        return _text(self._egca_ask("format", form)) if _within_test else repr(self)

    def __hash__(self) -> int:
        if not (self._egca_made and _within_test):
            return hash(self._egca_number)
        asked = self._egca_ask("hash")
        return asked if type(asked) is int else 0

    def __len__(self) -> int:
        length = self._egca_ask("len")
        return length if type(length) is int else 0

    def __bool__(self) -> bool:
        return self._egca_ask("bool") is True

    def __iter__(self) -> Iterator[Any]:
        iterator = self._egca_ask("iter")
        return iterator if isinstance(iterator, RemoteIterator) else iter(())

    def __reversed__(self) -> Any:
        return self._egca_ask("reversed")

    def __getitem__(self, key: Any) -> Any:
        return self._egca_ask("item", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._egca_ask("setitem", key, value)

    def __delitem__(self, key: Any) -> None:
        self._egca_ask("delitem", key)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and not (name in _SPECIAL_NAMES and _within_test):
            raise AttributeError(name)
        value = self._egca_ask("get", name)
        is_method = isinstance(value, Remote) and value._egca_sort == "callable"
        if is_method and not self._egca_made and name in _PLAIN_NAMES:
            raise Unsupported(f"the test calls {name}() of what the program returned, a {self._egca_kind}")
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        self._egca_ask("set", name, value)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        value = self._egca_program.call(self._egca_number, *arguments, **keywords)
        return made_by_test(value) if self._egca_made and self._egca_sort == "class" else value

    def __instancecheck__(self, value: Any) -> bool:
        """Of plain data only the judge decides, which can't see whether a plain value was one of the program's subclass."""
        if isinstance(value, Remote):
            return self._egca_ask("isinstance", value) is True
        if self._egca_ask("issubclass_of", type(value).__name__) is True:
            raise Unsupported(
                f"the test asks whether a {type(value).__name__} is of the program's class, a subclass of it"
            )
        return False

    def __subclasscheck__(self, value: Any) -> bool:
        return isinstance(value, Remote) and self._egca_ask("issubclass", value) is True

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        raise Unsupported(f"the test makes a subclass of a class of the program's, {self!r}")

    @property
    def __signature__(self) -> NoReturn:
        raise Unsupported(f"the test asks for the signature of what the program defines, {self!r}")

    def __enter__(self) -> Any:
        return self._egca_ask("enter")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: Any) -> bool:
        """The program may end the block's own exception, but not that an assertion in it failed."""
        answer = self._egca_ask("exit", kind, str(error) if error is not None else "")
        return answer is True and isinstance(error, Exception) and not isinstance(error, AssertionError)

    def __copy__(self) -> Any:
        return self._egca_like("copy")

    def __deepcopy__(self, _: Any) -> Any:
        return self._egca_like("deepcopy")

    def _egca_like(self, operation: str) -> Any:
        copied = self._egca_ask(operation)
        return made_by_test(copied) if self._egca_made else copied


def _text(value: Any) -> str:
    return value if type(value) is str else ""


def _comparing(name: str, otherwise: bool | None) -> Any:
    """``otherwise`` is the answer where an object that a function returned is compared with the test's data."""

    def compare(self: Remote, other: Any) -> Any:
        if isinstance(other, Remote):
            return self._egca_ask(name, other)
        match self._egca_ask("as_base", name) if _within_test else None:
            case [plain]:  # what the judge compares itself
                return getattr(operator, name)(plain, other)
        if self._egca_made or otherwise is None:
            raise Unsupported(f"the test compares an object of the program's class {self._egca_kind} with its own data")
        return otherwise

    return compare


def _operating(name: str) -> Any:
    def operate(self: Remote, *operands: Any) -> Any:
        if not self._egca_made and not all(isinstance(operand, Remote) for operand in operands):
            raise Unsupported(f"the test uses {name} on what the program returned, a {self._egca_kind}")
        return self._egca_ask(name, *operands)

    return operate


def _asking(name: str) -> Any:
    return lambda self, *operands: self._egca_ask(name, *operands)


for _name, _otherwise in {"eq": False, "ne": True, "lt": None, "le": None, "gt": None, "ge": None}.items():
    setattr(Remote, f"__{_name}__", _comparing(_name, _otherwise))
for _name in "add sub mul matmul truediv floordiv mod pow lshift rshift and or xor".split():
    for _way in ("", "r"):
        setattr(Remote, f"__{_way}{_name}__", _operating(f"{_way}{_name}"))
for _name in "iadd isub imul itruediv iand ior contains".split():
    setattr(Remote, f"__{_name}__", _operating(_name))
for _name in "neg pos abs invert int float complex index round".split():
    setattr(Remote, f"__{_name}__", _asking(_name))


def made_by_test(value: Any) -> Any:
    """Mark what a test got by calling a class of the program."""
    if isinstance(value, Remote):
        object.__setattr__(value, "_egca_made", True)
    return value


class Named(Remote):
    """What the program defines by a name, to the tests: asked for by that name, and kept only if more than called.

    ``is_class`` is whether the tests know it as a class, whatever the program says.
    """

    __slots__ = ("_egca_known", "_egca_name")

    def __init__(self, sitting: Sitting, name: str, sort: str, is_class: bool) -> None:
        super().__init__(sitting, -1, "type" if sort == "class" else "function", sort)
        for slot, value in (("name", name), ("known", None), ("made", is_class)):
            object.__setattr__(self, f"_egca_{slot}", value)

    @property
    def _egca_number(self) -> Any:
        if self._egca_known is None:
            object.__setattr__(self, "_egca_known", self._egca_program.number_of(self._egca_name))
        return self._egca_known

    @_egca_number.setter
    def _egca_number(self, _: int) -> None:
        return None

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        value = self._egca_program.call(self._egca_name, *arguments, **keywords)
        return made_by_test(value) if self._egca_made else value

    def __repr__(self) -> str:
        return f"<{self._egca_kind} {self._egca_name}>"

    def __hash__(self) -> int:
        return hash(self._egca_name)

    def __eq__(self, other: Any) -> bool:
        return self is other


class RemoteIterator(Remote):
    """A generator or iterator of the program, asked for its items as the test asks for them."""

    __slots__ = ("_egca_asked", "_egca_ended", "_egca_items", "_egca_then")

    def __init__(self, program: RunningProgram, number: int, kind: str, sort: str) -> None:
        super().__init__(program, number, kind, sort)
        self._egca_keep([], 0, False, None)

    def _egca_keep(self, items: list[Any], asked: int, ended: bool, then: Exception | None) -> None:
        for slot, value in (("items", items), ("asked", asked), ("ended", ended), ("then", then)):
            object.__setattr__(self, f"_egca_{slot}", value)

    def __iter__(self) -> RemoteIterator:
        return self

    def __next__(self) -> Any:
        if not self._egca_items:
            if self._egca_then is not None:
                raise self._egca_then
            if self._egca_ended:
                raise StopIteration
            count = 1 if self._egca_made or self._egca_asked < _ONE_BY_ONE else _AT_ONCE
            items, ended, then = self._egca_program.next_items(self._egca_number, count)
            if self._egca_made and ended:  # it may begin again
                raise StopIteration
            self._egca_keep(items[::-1], self._egca_asked + count, ended, then)
            return next(self)
        return self._egca_items.pop()


class RemoteCoroutine(Coroutine[Any, Any, Any]):
    """A coroutine of the program, which runs there to its end when the test waits for it."""

    def __init__(self, program: RunningProgram, number: int, kind: str, _: str) -> None:
        self._egca_program, self._egca_number, self._egca_kind = program, number, kind

    def send(self, _: Any) -> NoReturn:
        raise StopIteration(self._egca_program.operate("await", self._egca_number))

    def throw(self, *error: Any) -> NoReturn:
        raise error[0]

    def close(self) -> None:
        return None

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._egca_program.operate("await", self._egca_number)
        yield  # a generator, which ends at once

    def __repr__(self) -> str:
        return f"<{self._egca_kind} object>"


def _documented(self: Remote) -> Any:
    return self._egca_ask("get", "__doc__") if _within_test else None


for _kind in (Remote, Named, RemoteIterator):  # theirs are not the program's
    _kind.__doc__ = property(_documented)  # type: ignore[assignment]
