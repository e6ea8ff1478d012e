"""How calls end other than with a value. A program's exceptions, as ones that tests may expect: of the same kinds, with what
they say and hold.

A class of the program's has a stand-in of its name here, below those of its bases; what Python or its library defines is the
judge's own class. None is of a kind that would end a test's loops (`StopIteration`).
"""

from __future__ import annotations

import builtins
import contextlib
import sys
from collections.abc import Sequence
from typing import Any

from verl_egca.execution.remote import Unsupported

Classes = Sequence[tuple[str, str]]  # module and name of a class and its bases, in the order of resolution

_NEVER = (StopIteration, StopAsyncIteration, GeneratorExit)


class Ended(BaseException):
    """The program's process can't answer any more. Not an Exception: no ``except`` of a test may swallow it."""

    def __init__(self, outcome: str, message: str = "") -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message


class Raised(Exception):
    """The program raised. ``error`` is what its process told: type, message, line."""

    error: dict[str, Any]

    def __str__(self) -> str:
        return str(self.error["message"])


class _Kind(type):
    """Of stand-ins: what a test asks of a class of the program's, and only the program knows."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unsupported(f"the test uses {cls.__name__}.{name}, of an exception of the program's")


class StandIn(metaclass=_Kind):
    """An exception of a class of the program's. What the test itself makes of the class has no more than its arguments."""

    def __init__(self, *_: Any, **__: Any) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unsupported(
            f"the test uses the attribute {name} of an exception of the program's class {type(self).__name__}"
        )

    def __str__(self) -> str:
        raise Unsupported(
            f"the test uses the text of an exception that it made, of the program's class {type(self).__name__}"
        )


class Kinds:
    """The exceptions that one program defines, by name."""

    def __init__(self, defined: dict[str, Classes]) -> None:
        self._defined = defined
        self._stand_ins: dict[str, type[BaseException]] = {}

    def stand_in(self, name: str) -> type[BaseException]:
        if name not in self._stand_ins:
            own, *bases = self._defined[name]
            if own[1] != name and self._defined.get(own[1], [None])[0] == own:  # another name of it
                return self.stand_in(own[1])
            above = self._known(bases)
            above = above if any(issubclass(base, StandIn) for base in above) else [StandIn, *above]
            self._stand_ins[name] = type(own[1][:80], tuple(above), {})
        return self._stand_ins[name]

    def name_of(self, kind: Any) -> str | None:
        """The name by which the program knows a stand-in; None of anything else."""
        return next((name for name, stand_in in self._stand_ins.items() if stand_in is kind), None)

    def raised(self, told: dict[str, Any], arguments: Sequence[Any], fields: dict[str, Any]) -> Raised:
        """``told`` has the type's name, the message and the classes; ``arguments`` and ``fields`` are plain data."""
        kinds = [kind for kind in self._known(told["classes"]) if kind is not Exception]
        try:
            error = _made(type(told["error"][:80], (Raised, *kinds), {}), kinds, arguments)
        except (TypeError, ValueError):  # kinds that want other arguments, names that no type can have
            error = Raised(*arguments)
        for name, value in fields.items():
            with contextlib.suppress(AttributeError, TypeError):
                setattr(error, name, value)
        error.error = told
        return error

    def _known(self, classes: Classes) -> list[Any]:
        """Those that there are here, without those that are bases of others."""
        found: list[type] = []
        for module, name in classes:
            if name in self._defined and self._defined[name][0] == (module, name):
                kind: type | None = self.stand_in(name)
            else:
                kind = _of_python(module, name)
            if kind is not None and not any(issubclass(one, kind) for one in found):
                found.append(kind)
        return found or [Exception]


def _of_python(module: str, name: str) -> type[BaseException] | None:
    """An exception class of Python's library that this process has imported, too."""
    if module.partition(".")[0] not in sys.stdlib_module_names or module.startswith("unittest"):
        return None
    kind = getattr(builtins if module == "builtins" else sys.modules.get(module), name, None)
    if isinstance(kind, type) and issubclass(kind, BaseException) and not issubclass(kind, _NEVER):
        return kind
    return None


def _made(kind: type[Raised], kinds: Sequence[type], arguments: Sequence[Any]) -> Raised:
    error: Raised = kind.__new__(kind, *arguments)
    for one in kinds:
        if not issubclass(one, StandIn):
            with contextlib.suppress(Exception):  # it has then what the program's own has in its fields
                one.__init__(error, *arguments)
    return error
