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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType, NoneType
from typing import Any, NoReturn

from verl_egca.execution.deciding import Deciding

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


def unroll(setup: str, body: list[ast.stmt], deciding: Deciding, given: Mapping[str, Any]) -> list[Turn]:
    """The turns of ``body``, which runs after the tests' set-up and with the ``given`` names, in order; empty if it can't be
    unrolled.
    """
    marker = _Marker(deciding)
    turns: list[Turn] = []
    objects = _Objects()

    def turn(number: int, values: dict[str, Any]) -> bool:
        decision = marker.decisions[number]
        if len(turns) >= _MOST_TURNS:
            raise _CannotUnroll
        objects.use(decision, namespace | values)
        kept = {name: _kept(value, set_up) for name, value in values.items()}
        kept = {name: value for name, value in kept.items() if value is not _Shared}
        loop_names = [name for name in decision.loop_names if name in kept and name != "_"]
        comment = ", ".join(f"{name} = {_shown.repr(kept[name])}" for name in loop_names)
        text = ast.unparse(decision.body[-1])
        turns.append(Turn(f"{text}  # {comment}" if comment else text, decision.body, kept))
        return False

    used = {n.id for s in (*body, *ast.parse(setup).body) for n in ast.walk(s) if isinstance(n, ast.Name)}
    namespace: dict[str, Any] = {name: Unknown(name) for name in used if not hasattr(builtins, name)}
    namespace |= {**given, "__name__": "tests", "candidate": Unknown("candidate"), TURN: turn}
    set_up: dict[str, Any] = {}
    random.seed(0)
    try:
        code, prepared = marker.marked(body), marker.marked(ast.parse(setup).body)
        with contextlib.redirect_stdout(None):
            exec(prepared, namespace)
            set_up |= namespace
            with Unknown.not_called():
                exec(code, namespace)
    except (_CannotUnroll, Exception):
        return []
    return turns


class _Objects:
    """Which objects of the tests the program got, and may have changed, in the turns so far."""

    def __init__(self) -> None:
        self._given: dict[int, Any] = {}  # by id(); kept, so that no other object gets it

    def use(self, decision: _Decision, names: dict[str, Any]) -> None:
        """Raises _CannotUnroll if what this turn uses was given to the program in a turn before."""
        given: dict[int, Any] = {}
        for expression, is_given in decision.uses:
            try:
                value = eval(expression, names)
            except Exception:  # it is computed within the turn
                continue
            found = _changeable(value)
            if not self._given.keys().isdisjoint(found):
                raise _CannotUnroll
            if is_given:
                given |= found
        self._given |= given


def _changeable(value: Any) -> dict[int, Any]:
    """The lists, dicts, sets and other objects in a value that a function which gets it could change, by id."""
    found: dict[int, Any] = {}
    todo = [value]
    while todo:
        item = todo.pop()
        kind = type(item)
        if kind in _UNCHANGEABLE or isinstance(item, ModuleType | FunctionType | type | Unknown):
            continue
        if kind in (tuple, frozenset):
            todo.extend(item)
        elif id(item) not in found:
            found[id(item)] = item
            if kind is dict:
                todo.extend(item.values())
            elif kind in (list, set):
                todo.extend(item)
    return found


_UNCHANGEABLE = (int, float, str, bool, bytes, complex, NoneType, range)


class _Shared:
    """A value that the tests' set-up defines: it is there when the case runs."""


def _kept(value: Any, set_up: dict[str, Any]) -> Any:
    """The value as a case gets it later. Raises _CannotUnroll if it can't be kept."""
    if isinstance(value, Unknown):
        if value.name is None:
            raise _CannotUnroll
        return ProgramName(value.name)
    if isinstance(value, ModuleType):
        return value
    if isinstance(value, FunctionType | type):
        if set_up.get(value.__name__) is not value and not hasattr(builtins, value.__name__):
            raise _CannotUnroll
        return _Shared
    try:
        return copy.deepcopy(value)  # later rounds may change it
    except _CannotUnroll:
        raise
    except Exception:
        raise _CannotUnroll from None


@dataclass(frozen=True, slots=True)
class _Decision:
    """``uses`` are the expressions for objects of the tests that it uses, and whether the program gets them."""

    body: list[ast.stmt]
    loop_names: tuple[str, ...]
    uses: list[tuple[CodeType, bool]]


class _Marker:
    """Makes ``if turn(n, {names}): statement`` of each decision that is inside a loop or a block."""

    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding
        self.decisions: list[_Decision] = []

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
                case ast.While() if self._deciding.decides(statement):
                    statement.body = self._block(statement.body, loop_names, local)
                    statement.orelse = self._block(statement.orelse, loop_names, local)
                case ast.If(test=test) if self._deciding.decides(statement) and not self._asks(test, body):
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
        found: list[ast.stmt] = []
        for place in range(len(before) - 1, -1, -1):
            if not isinstance(before[place], ast.Assign | ast.Expr):
                break
            together = [*before[place:], statement]
            results = _stored(before[place:])
            if any(_uses(s, name) for name in results for s in body if not any(s is one for one in together)):
                break
            if self._asks(before[place], body):
                found = before[place:]
        return found

    def _asks(self, node: ast.AST, body: list[ast.stmt]) -> bool:
        """Whether it calls the program."""
        return any(isinstance(n, ast.Call) and self._is_program_s(n.func, body) for n in ast.walk(node))

    def _is_program_s(self, function: ast.expr, body: list[ast.stmt]) -> bool:
        while isinstance(function, ast.Attribute | ast.Call):
            function = function.value if isinstance(function, ast.Attribute) else function.func
        return isinstance(function, ast.Name) and self._deciding.is_program_s(function.id, _stored(body))

    def _waiting(self, body: list[ast.stmt], loop_names: tuple[str, ...], local: set[str]) -> ast.stmt:
        if any(map(_leaves_loop, body)):
            raise _CannotUnroll
        loaded = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        names = sorted((loaded & local) - _stored(body[:-1]))
        values = ", ".join(f"{name!r}: {name}" for name in names)
        (node,) = ast.parse(f"if {TURN}({len(self.decisions)}, {{{values}}}):\n    pass").body
        self.decisions.append(_Decision(body, loop_names, [*self._used(body)]))
        return node

    def _used(self, body: list[ast.stmt]) -> Iterator[tuple[CodeType, bool]]:
        seen: set[tuple[str, bool]] = set()
        for statement in body:
            for node, is_given in self._objects_in(statement, False, body):
                text = ast.unparse(node)
                if (text, is_given) not in seen:
                    seen.add((text, is_given))
                    yield compile(text, "<used>", "eval"), is_given

    def _objects_in(self, node: ast.AST, is_given: bool, body: list[ast.stmt]) -> Iterator[tuple[ast.expr, bool]]:
        """Names and items of names in ``node``, the longest of each, and whether the program is called with them."""
        match node:
            case ast.Name(ctx=ast.Load()):
                yield node, is_given
                return
            case ast.Subscript(value=value, slice=index, ctx=ast.Load()):
                if not isinstance(index, ast.Slice) and all(isinstance(n, _PLAIN) for n in ast.walk(node)):
                    yield node, is_given
                    return
                copied = is_given and not isinstance(index, ast.Slice)
                yield from self._objects_in(value, copied, body)
                yield from self._objects_in(index, is_given, body)
                return
            case ast.Call(func=ast.Name(id=name)) if name in _COPYING:
                is_given = False
            case ast.Call(func=ast.Attribute(attr="deepcopy" | "copy")):
                is_given = False
            case ast.Call(func=function) if self._is_program_s(function, body):
                yield from self._objects_in(function, is_given, body)
                for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                    yield from self._objects_in(argument, True, body)
                return
        for child in ast.iter_child_nodes(node):
            yield from self._objects_in(child, is_given, body)


_PLAIN = (ast.Name, ast.Subscript, ast.Constant, ast.UnaryOp, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Load)
_COPYING = frozenset("abs deepcopy dict float frozenset int len list set sorted str sum tuple".split())


def _leaves_loop(node: ast.AST) -> bool:
    """Whether it has a ``break`` or ``continue`` of a loop around it."""
    if isinstance(node, ast.Break | ast.Continue):
        return True
    if isinstance(node, ast.For | ast.While | ast.FunctionDef):
        return False
    return any(map(_leaves_loop, ast.iter_child_nodes(node)))


def _stored(body: list[ast.stmt]) -> set[str]:
    """Names that the statements bind; those of comprehensions are no one else's."""
    nodes = [node for statement in body for node in ast.walk(statement)]
    inner = {id(n) for node in nodes if isinstance(node, ast.comprehension) for n in ast.walk(node.target)}
    found = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and id(n) not in inner}
    found |= {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    imports = [n for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)]
    return found | {(alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names}


def _uses(statement: ast.stmt, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(statement))


class _CannotUnroll(BaseException):
    """What the tests do depends on what the program answers."""


class Unknown:
    """What a program would answer, in a dry run: any operation on it is unknown too, and nothing can depend on it.

    ``name`` is set for what the program defines.
    """

    _may_be_called = True

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    @staticmethod
    @contextlib.contextmanager
    def not_called() -> Iterator[None]:
        """A call of the program outside of the turns would not be made when they are judged."""
        Unknown._may_be_called = False
        try:
            yield
        finally:
            Unknown._may_be_called = True

    def __call__(self, *_: Any, **__: Any) -> Unknown:
        if not Unknown._may_be_called:
            raise _CannotUnroll
        return Unknown()

    def _unknown(self, *_: Any, **__: Any) -> Unknown:
        return Unknown()

    def _depends(self, *_: Any) -> NoReturn:
        raise _CannotUnroll

    __getitem__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _unknown  # type: ignore[assignment]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __mod__ = __neg__ = __abs__ = _unknown
    __bool__ = __iter__ = __len__ = __hash__ = __index__ = __int__ = __float__ = __str__ = __contains__ = _depends
    __deepcopy__ = __copy__ = _depends

    def __getattr__(self, name: str) -> Unknown:
        if name.startswith("__"):
            raise AttributeError(name)
        return Unknown()
