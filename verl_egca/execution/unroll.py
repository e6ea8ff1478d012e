"""Loops and tables of tests, unrolled: a case for each time that a statement which decides something is reached.

Such a statement becomes ``if turn(...): statement; turned()``. A dry run, without a program, counts the turns: what the
program would answer is `Unknown` there, and a loop or branch that depends on it can't be unrolled. Judging a case then
runs the block with one turn chosen and the other decisions left out; set-up and random draws between them happen as they
would, so that a turn means the same whichever cases are run.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import random
import reprlib
from collections.abc import Iterable
from types import CodeType
from typing import Any, NoReturn

TURN, TURNED = "__egca_turn__", "__egca_turned__"
_MOST_TURNS = 20_000

_shown = reprlib.Repr()
_shown.maxlevel, _shown.maxstring, _shown.maxother = 3, 80, 80


class Deciding:
    """Which statements of the tests can fail a program: they assert, raise, or call a helper that does."""

    def __init__(self, defined: Iterable[ast.stmt]) -> None:
        self._helpers = {node.name: node for node in defined if isinstance(node, ast.FunctionDef)}
        self._asserting = self._reaching(lambda node: isinstance(node, ast.Assert | ast.Raise))
        self._looping = {
            name
            for name, helper in self._helpers.items()
            if any(isinstance(n, ast.For | ast.While) and self._in_body(n) for n in ast.walk(helper))
        }

    def decides(self, statement: ast.stmt) -> bool:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return False
        return any(
            isinstance(n, ast.Assert | ast.Raise) or self._helper(n) in self._asserting for n in ast.walk(statement)
        )

    def loops(self, statement: ast.stmt) -> bool:
        """Whether decisions are inside a loop of the statement, or of a helper that it calls."""
        if isinstance(statement, ast.FunctionDef):  # the case's own function (see `cases`)
            return statement.name not in self._helpers and any(map(self.loops, statement.body))
        return self.calls_table(statement) or any(
            isinstance(n, ast.For | ast.While) and self._in_body(n) for n in ast.walk(statement)
        )

    def calls_table(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Expr(value=ast.Call() as call):
                return self._helper(call) in self._looping
        return False

    def free_names(self, statement: ast.stmt, bound: set[str]) -> set[str]:
        """Names that neither the tests nor Python define: the program's."""
        loaded = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        return loaded - bound - set(self._helpers) - set(dir(builtins))

    def _in_body(self, loop: ast.For | ast.While) -> bool:
        return any(map(self.decides, [*loop.body, *loop.orelse]))

    def _helper(self, node: ast.AST) -> str | None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._helpers:
            return node.func.id
        return None

    def _reaching(self, decides: Any) -> set[str]:
        found: set[str] = set()
        for _ in range(len(self._helpers)):
            more = {
                name
                for name, helper in self._helpers.items()
                if any(decides(node) or self._helper(node) in found for node in ast.walk(helper))
            }
            if more == found:
                break
            found = more
        return found


def marked(body: list[ast.stmt], deciding: Deciding) -> list[ast.stmt]:
    """A copy of the statements where each decision, in loops and in the helpers that have some, waits for its turn."""
    return _Marker(deciding).block(copy.deepcopy(body), ())


class _Marker:
    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding

    def block(self, body: list[ast.stmt], loop_names: tuple[str, ...]) -> list[ast.stmt]:
        done: list[ast.stmt] = []
        for statement in body:
            match statement:
                case ast.FunctionDef():
                    statement.body = self.block(statement.body, ())
                case ast.For() if self._deciding.decides(statement):
                    names = tuple(n.id for n in ast.walk(statement.target) if isinstance(n, ast.Name))
                    statement.body = self.block(statement.body, (*loop_names, *names))
                    statement.orelse = self.block(statement.orelse, loop_names)
                case ast.While() | ast.If() if self._deciding.decides(statement):
                    statement.body = self.block(statement.body, loop_names)
                    statement.orelse = self.block(statement.orelse, loop_names)
                case _ if self._deciding.decides(statement) and not self._deciding.calls_table(statement):
                    pulled = self._pulled(done, statement, body)
                    done[len(done) - len(pulled) :] = []
                    statement = _waiting([*pulled, statement], statement, loop_names)
            done.append(statement)
        return done

    def _pulled(self, before: list[ast.stmt], statement: ast.stmt, body: list[ast.stmt]) -> list[ast.stmt]:
        """The calls of the program just before a decision whose results nothing else uses: they wait with it."""
        together = [statement]
        bound = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        for earlier in reversed(before):
            match earlier:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=called))) if (
                    called in self._deciding.free_names(earlier, bound)
                    and all(s is earlier or s in together for s in body if _uses(s, name))
                ):
                    together.insert(0, earlier)
                case _:
                    break
        return together[:-1]


def _uses(statement: ast.stmt, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(statement))


def _waiting(body: list[ast.stmt], decision: ast.stmt, loop_names: tuple[str, ...]) -> ast.stmt:
    shown = ", ".join(f"({name!r}, {name})" for name in loop_names if name != "_" and _uses(decision, name))
    (node,) = ast.parse(f"if {TURN}({ast.unparse(decision)!r}, [{shown}]):\n    {TURNED}()").body
    assert isinstance(node, ast.If)
    node.body = [*body, *node.body]
    return node


class Finished(BaseException):
    """The chosen turn is over: nothing after it belongs to the case."""


class Turns:
    """What ``turn`` and ``turned`` mean while cases are judged."""

    def __init__(self) -> None:
        self._chosen: int | None = None
        self._reached = 0
        self._inside = False

    def choose(self, turn: int | None) -> None:
        """Before a case: the turn that counts, or None for code that runs as it stands."""
        self._chosen, self._reached, self._inside = turn, 0, False

    def names(self) -> dict[str, Any]:
        return {TURN: self._turn, TURNED: self._turned}

    def _turn(self, text: str, values: list[tuple[str, Any]]) -> bool:
        if self._chosen is None or self._inside:
            return True
        self._reached += 1
        self._inside = self._reached - 1 == self._chosen
        return self._inside

    def _turned(self) -> None:
        if self._inside and self._chosen is not None:
            raise Finished


class _CannotUnroll(BaseException):
    """What the tests do depends on what the program answers."""


class Unknown:
    """What a program would answer, in a dry run: any operation on it is unknown too, but nothing can depend on it."""

    def _unknown(self, *_: Any, **__: Any) -> Unknown:
        return self

    def _depends(self, *_: Any) -> NoReturn:
        raise _CannotUnroll

    __call__ = __getitem__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _unknown  # type: ignore[assignment]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __mod__ = __neg__ = __abs__ = _unknown
    __bool__ = __iter__ = __len__ = __hash__ = __index__ = __int__ = __float__ = __str__ = __contains__ = _depends

    def __getattr__(self, name: str) -> Unknown:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


def dry_run(setup: CodeType | None, code: CodeType, parsed: list[ast.stmt], compared: str) -> list[str]:
    """The text of each turn that ``code`` reaches, in order; empty if it can't be unrolled."""
    texts: list[str] = []

    def turn(text: str, values: list[tuple[str, Any]]) -> bool:
        if len(texts) >= _MOST_TURNS:
            raise _CannotUnroll
        shown = ", ".join(f"{name} = {_shown.repr(value)}" for name, value in values)
        texts.append(f"{text}  # {shown}" if shown else text)
        return False

    used = {n.id for s in parsed for n in ast.walk(s) if isinstance(n, ast.Name)}
    namespace: dict[str, Any] = {name: Unknown() for name in used if not hasattr(builtins, name)}
    namespace |= {"__name__": "tests", "candidate": Unknown(), TURN: turn, TURNED: lambda: None}
    namespace[compared] = lambda left, right, operator: operator(left, right)
    random.seed(0)
    try:
        with contextlib.redirect_stdout(None):
            if setup is not None:
                exec(setup, namespace)
            exec(code, namespace)
    except (_CannotUnroll, Exception):
        return []
    return texts
