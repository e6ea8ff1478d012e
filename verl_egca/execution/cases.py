"""Tests split into cases that can be judged, shown and traced one by one: one call and what is expected of it.

An item of an assertion list is a case, or several if it is cut (see `segments`); likewise the body of a function of the
tests that it only calls (HumanEval's ``check(candidate)``). Each piece ends with a statement that decides something (see
`deciding`). A piece with such statements in loops, or a call of a helper with such loops, is unrolled into a case for each
time that one of them is reached (see `unroll`). Assertions of a constant (``assert True, "..."``) test nothing and are no
cases. What can't be split without a change of meaning is one case, whole.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any

from verl_egca.execution.ahead import Call
from verl_egca.execution.deciding import Deciding
from verl_egca.execution.given import given_names
from verl_egca.execution.segments import Segment, TestDefinitions, segments
from verl_egca.execution.unroll import ProgramName, Turn, unroll
from verl_egca.execution.warm import WARM

COMPARED, BOUND, TYPE = "__egca_compared__", "__egca_bound__", "__egca_type__"
_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Case:
    """``text`` is what a person reads; ``code`` runs in a namespace where the tests' set-up has run, with ``bound`` as BOUND.

    ``call`` is the one call into the program that the case makes, where that is known beforehand.
    """

    text: str
    code: CodeType
    bound: tuple[Any, ...] = ()
    call: Call | None = field(default=None, hash=False)


def with_candidate(text: str, entry: str | None) -> str:
    """The source with ``candidate`` for an entry point that is ``Class().method``. Raises SyntaxError."""
    if entry is None or "()." not in entry or entry.partition("(")[0] not in text:
        return text
    return ast.unparse(_Candidate(entry).visit(ast.parse(text)))


class _Candidate(ast.NodeTransformer):
    def __init__(self, entry: str) -> None:
        self._class, _, self._method = entry.partition("().")

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        match node:
            case ast.Attribute(value=ast.Call(func=ast.Name(id=name), args=[], keywords=[]), attr=method):
                if (name, method) == (self._class, self._method):
                    return ast.copy_location(ast.Name("candidate", node.ctx), node)
        self.generic_visit(node)
        return node


@functools.lru_cache(512)
def compile_setup(setup: str) -> CodeType:
    """Raises SyntaxError if the set-up is not Python."""
    return _compiled(ast.parse(setup).body, "<test set-up>")


@functools.lru_cache(512)
def names_of_preamble(preamble: str) -> dict[str, Any]:
    """What a problem's preamble defines, to tests; run once for all of them. Raises what it raises."""
    namespace: dict[str, Any] = {"__name__": "tests"}
    with contextlib.redirect_stdout(None):
        exec(compile(preamble, "<preamble>", "exec", dont_inherit=True), namespace)
    return {name: value for name, value in namespace.items() if name not in ("__name__", "__builtins__")}


def classes_of_preamble(preamble: str) -> set[str]:
    """Names of the classes of its own, whose objects are no more than their fields and methods."""
    return {
        name
        for name, value in names_known_in(preamble).items()
        if isinstance(value, type) and all(base.__module__ == "tests" for base in value.__mro__[:-1])
    }


def nodes_of_preamble(preamble: str) -> list[ast.AST]:
    """Of its syntax tree; none if it is not Python."""
    try:
        return [*ast.walk(ast.parse(preamble))]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


@functools.lru_cache(2048)
def split_assertions(
    setup: str, assertions: tuple[str, ...], preamble: str = "", entry: str | None = None
) -> tuple[Case, ...]:
    """The cases of an assertion list, in order. Runs the tests' loops without a program, to unroll them.

    Raises:
        SyntaxError: the tests are not Python.
    """
    tests = _Tests(setup, preamble, entry)
    return tuple(case for text in assertions for case in _split(text, tests))


class _Tests:
    """``given`` are the names that are not the program's, ``defined`` the statements that define what assertions use."""

    def __init__(self, setup: str, preamble: str, entry: str | None) -> None:
        self.setup, self.entry = setup, entry
        around = _around(preamble, entry if entry in names_known_in(preamble) else None)
        own = ast.parse(setup).body
        self.given = around.given
        self.known = around.known - {entry}
        self.defined = [*around.defined, *own]
        self.deciding, self.surroundings = Deciding(own, around.deciding), TestDefinitions(own, around.surroundings)
        self.functions = {n.name: n for n in self.defined if isinstance(n, ast.FunctionDef) and not n.decorator_list}

    @functools.cached_property
    def own(self) -> set[str]:
        """Names that the tests define."""
        return _defined_in(self.defined)


@dataclass(frozen=True, slots=True)
class _Around:
    """What there is around a problem's tests: the names that tests are given, and its preamble."""

    given: dict[str, Any]
    known: frozenset[str]
    defined: list[ast.stmt]
    deciding: Deciding
    surroundings: TestDefinitions


@functools.lru_cache(512)
def _around(preamble: str, entry: str | None) -> _Around:
    """Without the entry point's name."""
    given = {name: value for name, value in names_known_in(preamble).items() if name != entry}
    of_preamble = [tree.body for tree in nodes_of_preamble(preamble)[:1] if isinstance(tree, ast.Module)]
    defined = [*(statement for body in of_preamble for statement in body), *_imports(given)]
    known = frozenset({*WARM, *given, *dir(builtins)})
    return _Around(given, known, defined, Deciding(defined), TestDefinitions(defined))


def _imports(given: dict[str, Any]) -> Iterable[ast.stmt]:
    """The given names as if they were imported one by one."""
    for name, value in given.items():
        if isinstance(value, ModuleType):
            yield ast.Import([ast.alias(value.__name__, name)])
        elif getattr(value, "__module__", "tests") not in ("tests", None):
            yield ast.ImportFrom(value.__module__, [ast.alias(name)], 0)


@functools.lru_cache(512)
def names_known_in(preamble: str) -> dict[str, Any]:
    """A preamble's names, and of those that tests are given the modules and classes: the program may define the others."""
    try:
        of_preamble = names_of_preamble(preamble)
    except Exception:
        of_preamble = {}
    return {n: v for n, v in given_names().items() if isinstance(v, type | ModuleType)} | of_preamble


def _split(text: str, tests: _Tests) -> Iterable[Case]:
    tree = ast.parse(text)
    match tree.body:
        case [ast.Expr(ast.Call(func=ast.Name(id=name)) as call)] if name in tests.functions:
            return _split_function(tests.functions[name], call, tests)
    split = _Split(tests, tree.body)
    if len(tree.body) == 1:
        return split.cases(tree.body, tree.body, text.strip())
    pieces = segments(tree.body, split.deciding, tests.surroundings, {})
    if len(pieces) <= 1:
        return split.cases(tree.body, tree.body, text.strip())
    return [case for piece in pieces for case in split.cases(piece.own, piece.body, _text_of(piece))]


def _split_function(check: ast.FunctionDef, call: ast.Call, tests: _Tests) -> list[Case]:
    """The cases of a function of the tests that an assertion just calls."""
    whole = [_case(ast.unparse(check), ast.parse(ast.unparse(call)).body)]
    given = _given(check, call)
    body = check.body
    if isinstance(body[-1], ast.Return) and not any(isinstance(n, ast.Call) for n in ast.walk(body[-1])):
        body = body[:-1]  # nobody asks what it returns
    leaving = ast.Return | ast.Yield | ast.YieldFrom | ast.Await | ast.Nonlocal | ast.Global
    if given is None or any(isinstance(node, leaving) for node in _own(body)):
        return whole
    split = _Split(tests, body, {k: v.id for k, v in given.items() if isinstance(v, ast.Name)})
    cases: list[Case] = []
    for piece in segments(body, split.deciding, tests.surroundings, given):
        cases += split.cases(piece.own, _in_function(check, call, piece.body), _text_of(piece), piece.body)
    return cases or whole


class _Split:
    """Makes cases of pieces of ``body``. ``given`` says which parameters around them are the program's functions, as in
    ``check(f)``.
    """

    def __init__(self, tests: _Tests, body: list[ast.stmt], given: dict[str, str] | None = None) -> None:
        self._tests, self._body, self._given = tests, body, given or {}
        self.deciding = Deciding(body, tests.deciding)

    def cases(
        self, own: list[ast.stmt], run: list[ast.stmt], text: str, inside: list[ast.stmt] | None = None
    ) -> list[Case]:
        """Those of one piece: of each turn of its loops, if they can be unrolled. ``inside`` is what ``run`` runs, where
        that is a function.
        """
        tests = self._tests
        turns = unroll(tests.setup, run, self.deciding, tests.given) if any(map(self.deciding.loops, own)) else []
        if turns:
            return _cases_of_turns(turns, tests.own | _defined_in(self._body), tests)
        return [_case(text, run, _known_call(inside or run, self._given, tests))]


def _text_of(piece: Segment) -> str:
    """Its one decision, or all of it where what comes before that makes the difference."""
    *before, last = piece.own
    if any(isinstance(node, ast.Call) for statement in before for node in ast.walk(statement)):
        return "\n".join(map(ast.unparse, piece.own))
    return ast.unparse(last)


def _given(check: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr] | None:
    """What each parameter of the function is called with; None where that can't be told from the text."""
    arguments = check.args
    if arguments.vararg or arguments.kwarg or any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    places = [parameter.arg for parameter in (*arguments.posonlyargs, *arguments.args)]
    given: dict[str, ast.expr] = dict(zip(reversed(places), reversed(arguments.defaults), strict=False))
    given |= {p.arg: d for p, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None}
    given |= dict(zip(places, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None:
            return None
        given[keyword.arg] = keyword.value
    return given


def _known_call(body: list[ast.stmt], given: dict[str, str], tests: _Tests) -> Call | None:
    """The only use of the program in ``body``, if it is a call with known arguments that is made in any case."""
    stored = {name for statement in body for name in (*_stored(statement), *_imported(statement))}
    used = [n for n in _loads(body) if not (n.id in stored or n.id in tests.known)]
    match body[-1], used:
        case ast.Assert(test=test), [function]:
            for node in _evaluated_first(test):
                if isinstance(node, ast.Call) and node.func is function:
                    return _call(given.get(function.id, function.id), node, {}, tests)
    return None


def _call(name: str, node: ast.Call, data: dict[str, Any], tests: _Tests) -> Call | None:
    """The call, if its arguments are literals, ``data``, and what functions of the preamble make of those."""
    makers = {n: v for n, v in tests.given.items() if isinstance(v, FunctionType) and v.__module__ == "tests"}
    parts = [part for argument in (*node.args, *node.keywords) for part in ast.walk(argument)]
    for part in parts:
        match part:
            case ast.Name(id=name_of_part):
                if name_of_part not in data and name_of_part not in makers:
                    return None
            case ast.Call(func=function):
                if not isinstance(function, ast.Name):
                    return None
            case ast.keyword(arg=None):
                return None
            case _ if not isinstance(part, _LITERAL):
                return None
    arguments = ast.Tuple([ast.Tuple(node.args, ast.Load()), ast.Dict([], [])], ast.Load())
    arguments.elts[1] = ast.Dict([ast.Constant(k.arg) for k in node.keywords], [k.value for k in node.keywords])
    expression = ast.fix_missing_locations(ast.Expression(arguments))
    try:
        placed, named = eval(compile(expression, "<arguments>", "eval"), {**makers}, data)
    except Exception:
        return None
    return Call(tests.entry if name == "candidate" and tests.entry else name, placed, named)


_LITERAL = (
    *(ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred, ast.UnaryOp, ast.USub, ast.UAdd, ast.Load),
    *(ast.keyword, ast.BinOp, ast.Add, ast.Sub),
)


def _evaluated_first(test: ast.expr) -> Iterable[ast.expr]:
    """Parts of an expression that are evaluated whatever comes of the others."""
    yield test
    match test:
        case ast.Compare(left=left, comparators=[right]):
            yield from (*_evaluated_first(left), *_evaluated_first(right))
        case ast.UnaryOp(operand=inner) | ast.Attribute(value=inner):
            yield from _evaluated_first(inner)
        case ast.BinOp(left=left, right=right):
            yield from (*_evaluated_first(left), *_evaluated_first(right))
        case ast.Call(func=ast.Name(), args=arguments):
            for argument in arguments:
                yield from _evaluated_first(argument)


def _defined_in(statements: list[ast.stmt]) -> set[str]:
    found = {name for statement in statements for name in (*_stored(statement), *_imported(statement))}
    return found | {node.name for node in statements if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _cases_of_turns(turns: list[Turn], own: set[str], tests: _Tests) -> list[Case]:
    """``own`` is what the tests define."""
    compiled: dict[tuple[int, ...], CodeType] = {}  # once for all turns of a statement
    cases = []
    for turn in turns:
        key = (id(turn.body), *map(hash, turn.values))
        if key not in compiled:
            text = f"def __egca_case__({', '.join(turn.values)}):\n    pass\n__egca_case__(*{BOUND})"
            definition, run = ast.parse(text).body
            assert isinstance(definition, ast.FunctionDef)
            definition.body = copy.deepcopy(turn.body)
            compiled[key] = _compiled([definition, run], "<test>")
        cases.append(
            Case(turn.text[:_SHOWN], compiled[key], tuple(turn.values.values()), _known_call_of(turn, own, tests))
        )
    return cases


def _known_call_of(turn: Turn, own: set[str], tests: _Tests) -> Call | None:
    """As `_known_call`, with arguments that may name the turn's values. ``own`` is what the tests define."""
    data = {name: value for name, value in turn.values.items() if not isinstance(value, ProgramName)}
    given = {name: value.name for name, value in turn.values.items() if isinstance(value, ProgramName)}
    own = own - given.keys()
    used = [n for n in _loads(turn.body) if not (n.id in data or n.id in own or n.id in tests.known)]
    calls = [n for n in ast.walk(turn.body[-1]) if isinstance(n, ast.Call) and n.func in used]
    if len(turn.body) != 1 or len(calls) != 1:
        return None
    (call,) = calls
    if not isinstance(call.func, ast.Name) or [n for n in used if n is not call.func and n.id in given]:
        return None
    first = turn.body[0]
    reached = [first.test] if isinstance(first, ast.Assert) else [first.value] if isinstance(first, ast.Expr) else []
    if not any(call is node for expression in reached for node in _evaluated_first(expression)):
        return None
    return _call(given.get(call.func.id, call.func.id), call, data, tests)


def _case(text: str, body: list[ast.stmt], call: Call | None = None) -> Case:
    return Case(text[:_SHOWN], _compiled(body, "<test>"), call=call)


def _compiled(body: list[ast.stmt], name: str) -> CodeType:
    module = ast.Module(body=[_Capture().visit(statement) for statement in body], type_ignores=[])
    return compile(ast.fix_missing_locations(module), name, "exec", dont_inherit=True)


def _in_function(check: ast.FunctionDef, call: ast.Call, body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements as a function's body, where closures and comprehensions see its names as they did in ``check``."""
    definition, run = ast.parse("def __egca_case__():\n    pass\n__egca_case__()").body
    assert isinstance(definition, ast.FunctionDef)
    assert isinstance(run, ast.Expr)
    assert isinstance(run.value, ast.Call)
    definition.args, definition.body = check.args, body
    run.value.args, run.value.keywords = call.args, call.keywords
    return [definition, run]


def _own(body: list[ast.stmt]) -> list[ast.AST]:
    """The nodes of a function's body without those of functions inside it."""
    found: list[ast.AST] = []
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo.extend(ast.iter_child_nodes(node))
    return found


def _stored(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}


def _imported(statement: ast.stmt) -> set[str]:
    imports = [n for n in ast.walk(statement) if isinstance(n, ast.Import | ast.ImportFrom)]
    return {(alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names}


def _loads(statements: list[ast.stmt]) -> list[ast.Name]:
    return [n for s in statements for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]


class _Capture(ast.NodeTransformer):
    """``assert left == right`` and ``assert same(left, right)`` report both values before they are compared, so that a verdict
    can show them. ``type(x)`` and ``x.__class__`` are what the program knows, where x is an object of its own.
    """

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        match node.test:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                names = [ast.Name(id=name, ctx=ast.Load()) for name in ("left", "right")]
                compared: ast.expr = ast.Compare(left=names[0], ops=[operator], comparators=[names[1]])
            case ast.Call(func=ast.Name() | ast.Attribute() as function, args=[ast.Call() as left, right]) if not (
                isinstance(function, ast.Name) and hasattr(builtins, function.id)
            ) and not isinstance(right, ast.Starred):
                names = [ast.Name(id=name, ctx=ast.Load()) for name in ("left", "right")]
                compared = ast.Call(function, [*names], node.test.keywords)
            case _:
                return node
        call = ast.parse(f"{COMPARED}(0, 0, lambda left, right: 0)", mode="eval").body
        assert isinstance(call, ast.Call)
        compare = call.args[2]
        assert isinstance(compare, ast.Lambda)
        compare.body = compared
        call.args = [left, right, compare]
        return ast.copy_location(ast.Assert(test=call, msg=node.msg), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="type"), args=[_], keywords=[]):
                return ast.copy_location(ast.Call(ast.Name(TYPE, ast.Load()), node.args, []), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr == "__class__" and isinstance(node.ctx, ast.Load):
            return ast.copy_location(ast.Call(ast.Name(TYPE, ast.Load()), [node.value], []), node)
        return node
