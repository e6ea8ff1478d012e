"""Loops and tables of tests, unrolled: a case for each time that a statement which decides something is reached.

A dry run, without a program, goes through the tests' own code. What a program would answer is `Unknown` there, and a loop
or branch that depends on it can't be unrolled. Each deciding statement that is reached is left out and recorded as a
`Turn`, with the values of the names that it uses. A case is then that statement alone with those values.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import random
import reprlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any, NoReturn

TURN = "__egca_turn__"
_MOST_TURNS = 20_000

_shown = reprlib.Repr()
_shown.maxlevel, _shown.maxstring, _shown.maxother = 3, 80, 80


@dataclass(frozen=True, slots=True)
class ProgramName:
    """Stands for what the program defines by this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A deciding statement (with the calls of the program just before it), and the names that it uses with their values."""

    text: str
    body: list[ast.stmt]
    values: dict[str, Any]


class Deciding:
    """Which statements of the tests can fail a program: they assert, raise, or call a helper that does."""

    def __init__(self, defined: Iterable[ast.stmt]) -> None:
        self._helpers = {node.name: node for node in defined if isinstance(node, ast.FunctionDef)}
        self._asserting = self._reaching(lambda node: isinstance(node, ast.Assert | ast.Raise))
        self._looping = {name for name, helper in self._helpers.items() if self._loops_over_decisions(helper)}

    def decides(self, statement: ast.stmt) -> bool:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return False
        return any(
            isinstance(n, ast.Assert | ast.Raise) or self._helper(n) in self._asserting for n in ast.walk(statement)
        )

    def loops(self, statement: ast.stmt) -> bool:
        """Whether decisions are inside a loop of the statement, or of a helper that it calls."""
        return self.calls_table(statement) or self._loops_over_decisions(statement)

    def calls_table(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Expr(value=ast.Call() as call):
                return self._helper(call) in self._looping
        return False

    def is_program_s(self, name: str, bound: set[str]) -> bool:
        """Whether neither the tests nor Python define it."""
        return name not in bound and name not in self._helpers and not hasattr(builtins, name)

    def _loops_over_decisions(self, node: ast.AST) -> bool:
        loops = [n for n in ast.walk(node) if isinstance(n, ast.For | ast.While)]
        return any(self.decides(statement) for loop in loops for statement in (*loop.body, *loop.orelse))

    def _helper(self, node: ast.AST) -> str | None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._helpers:
            return node.func.id
        return None

    def _reaching(self, decides: Callable[[ast.AST], bool]) -> set[str]:
        found: set[str] = set()
        for _ in self._helpers:
            found |= {
                name
                for name, helper in self._helpers.items()
                if any(decides(node) or self._helper(node) in found for node in ast.walk(helper))
            }
        return found


def unroll(setup: str, body: list[ast.stmt], deciding: Deciding) -> list[Turn]:
    """The turns of ``body``, which runs after the tests' set-up, in order; empty if it can't be unrolled."""
    marker = _Marker(deciding)
    code, prepared = marker.marked(body), marker.marked(ast.parse(setup).body)
    turns: list[Turn] = []

    def turn(number: int, values: dict[str, Any]) -> bool:
        statements = marker.decisions[number]
        if len(turns) >= _MOST_TURNS:
            raise _CannotUnroll
        kept = {name: _kept(value, namespace) for name, value in values.items()}
        kept = {name: value for name, value in kept.items() if value is not _Shared}
        loop_names = [name for name in marker.loop_names[number] if name in kept and name != "_"]
        comment = ", ".join(f"{name} = {_shown.repr(kept[name])}" for name in loop_names)
        text = ast.unparse(statements[-1])
        turns.append(Turn(f"{text}  # {comment}" if comment else text, statements, kept))
        return False

    used = {n.id for s in (*body, *ast.parse(setup).body) for n in ast.walk(s) if isinstance(n, ast.Name)}
    namespace: dict[str, Any] = {name: Unknown(name) for name in used if not hasattr(builtins, name)}
    namespace |= {"__name__": "tests", "candidate": Unknown("candidate"), TURN: turn}
    random.seed(0)
    try:
        with contextlib.redirect_stdout(None):
            exec(prepared, namespace)
            exec(code, namespace)
    except (_CannotUnroll, Exception):
        return []
    return turns


class _Shared:
    """A value that the tests' set-up defines: it is there when the case runs."""


def _kept(value: Any, namespace: dict[str, Any]) -> Any:
    """The value as a case gets it later. Raises _CannotUnroll if it can't be kept."""
    if isinstance(value, Unknown):
        if value.name is None:
            raise _CannotUnroll
        return ProgramName(value.name)
    if isinstance(value, ModuleType):
        return value
    if isinstance(value, FunctionType | type):
        if namespace.get(value.__name__) is not value and not hasattr(builtins, value.__name__):
            raise _CannotUnroll
        return _Shared
    try:
        return copy.deepcopy(value)  # later rounds may change it
    except _CannotUnroll:
        raise
    except Exception:
        raise _CannotUnroll from None


class _Marker:
    """Makes ``if turn(n, {names}): statement`` of each decision that is inside a loop or a block."""

    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding
        self.decisions: list[list[ast.stmt]] = []
        self.loop_names: list[tuple[str, ...]] = []

    def marked(self, body: list[ast.stmt]) -> CodeType:
        """Raises _CannotUnroll if one decision's results are used by another statement."""
        module = ast.Module(self._block(copy.deepcopy(body), (), set()), type_ignores=[])
        return compile(ast.fix_missing_locations(module), "<dry run>", "exec", dont_inherit=True)

    def _block(self, body: list[ast.stmt], loop_names: tuple[str, ...], local: set[str]) -> list[ast.stmt]:
        local = local | _stored(body)
        done: list[ast.stmt] = []
        for statement in body:
            match statement:
                case ast.FunctionDef():
                    arguments = {n.arg for n in ast.walk(statement.args) if isinstance(n, ast.arg)}
                    statement.body = self._block(statement.body, (), arguments)
                case ast.For() if self._deciding.decides(statement):
                    names = tuple(n.id for n in ast.walk(statement.target) if isinstance(n, ast.Name))
                    statement.body = self._block(statement.body, (*loop_names, *names), local)
                    statement.orelse = self._block(statement.orelse, loop_names, local)
                case ast.While() | ast.If() if self._deciding.decides(statement):
                    statement.body = self._block(statement.body, loop_names, local)
                    statement.orelse = self._block(statement.orelse, loop_names, local)
                case _ if self._deciding.decides(statement) and not self._deciding.calls_table(statement):
                    pulled = self._pulled(done, statement, body)
                    done[len(done) - len(pulled) :] = []
                    statement = self._waiting([*pulled, statement], loop_names, local)
            done.append(statement)
        return done

    def _pulled(self, before: list[ast.stmt], statement: ast.stmt, body: list[ast.stmt]) -> list[ast.stmt]:
        """The calls of the program just before a decision whose results nothing else uses: they belong to it."""
        together = [statement]
        bound = _stored(body)
        for earlier in reversed(before):
            match earlier:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=called))) if (
                    self._deciding.is_program_s(called, bound)
                    and all(s is earlier or s in together for s in body if _uses(s, name))
                ):
                    together.insert(0, earlier)
                case _:
                    break
        return together[:-1]

    def _waiting(self, body: list[ast.stmt], loop_names: tuple[str, ...], local: set[str]) -> ast.stmt:
        loaded = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        names = sorted((loaded & local) - _stored(body[:-1]))
        values = ", ".join(f"{name!r}: {name}" for name in names)
        (node,) = ast.parse(f"if {TURN}({len(self.decisions)}, {{{values}}}):\n    pass").body
        self.decisions.append(body)
        self.loop_names.append(loop_names)
        return node


def _stored(body: list[ast.stmt]) -> set[str]:
    return {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _uses(statement: ast.stmt, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(statement))


class _CannotUnroll(BaseException):
    """What the tests do depends on what the program answers."""


class Unknown:
    """What a program would answer, in a dry run: any operation on it is unknown too, and nothing can depend on it.

    ``name`` is set for what the program defines.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    def _unknown(self, *_: Any, **__: Any) -> Unknown:
        return Unknown()

    def _depends(self, *_: Any) -> NoReturn:
        raise _CannotUnroll

    __call__ = __getitem__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _unknown  # type: ignore[assignment]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __mod__ = __neg__ = __abs__ = _unknown
    __bool__ = __iter__ = __len__ = __hash__ = __index__ = __int__ = __float__ = __str__ = __contains__ = _depends
    __deepcopy__ = __copy__ = _depends

    def __getattr__(self, name: str) -> Unknown:
        if name.startswith("__"):
            raise AttributeError(name)
        return Unknown()
