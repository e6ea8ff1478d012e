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
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

from verl_egca.execution.deciding import Deciding
from verl_egca.execution.given import given_names
from verl_egca.execution.segments import Segment, TestDefinitions, segments
from verl_egca.execution.unroll import Turn, unroll

COMPARED, BOUND, TYPE = "__egca_compared__", "__egca_bound__", "__egca_type__"
_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Case:
    """``text`` is what a person reads; ``code`` runs in a namespace where the tests' set-up has run, with ``bound`` as BOUND."""

    text: str
    code: CodeType
    bound: tuple[Any, ...] = ()


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
    """``given`` are the names that are not the program's, ``functions`` those that assertions may call."""

    def __init__(self, setup: str, preamble: str, entry: str | None) -> None:
        self.setup = setup
        around = _around(preamble, entry if entry in names_known_in(preamble) else None)
        own = ast.parse(setup).body
        self.given = around.given
        self.deciding, self.surroundings = Deciding(own, around.deciding), TestDefinitions(own, around.surroundings)
        defined = [n for n in (*around.defined, *own) if isinstance(n, ast.FunctionDef)]
        self.functions = {function.name: function for function in defined if not function.decorator_list}


@dataclass(frozen=True, slots=True)
class _Around:
    """What there is around a problem's tests: the names that tests are given, and its preamble."""

    given: dict[str, Any]
    defined: list[ast.stmt]
    deciding: Deciding
    surroundings: TestDefinitions


@functools.lru_cache(512)
def _around(preamble: str, entry: str | None) -> _Around:
    """Without the entry point's name."""
    given = {name: value for name, value in names_known_in(preamble).items() if name != entry}
    of_preamble = [tree.body for tree in nodes_of_preamble(preamble)[:1] if isinstance(tree, ast.Module)]
    defined = [*(statement for body in of_preamble for statement in body), *_imports(given)]
    return _Around(given, defined, Deciding(defined), TestDefinitions(defined))


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
    deciding = Deciding(tree.body, tests.deciding)
    pieces = segments(tree.body, deciding, tests.surroundings, {}) if len(tree.body) > 1 else []
    if len(pieces) <= 1:
        return _cases(tree.body, tree.body, text.strip(), deciding, tests)
    return [case for piece in pieces for case in _cases(piece.own, piece.body, _text_of(piece), deciding, tests)]


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
    deciding = Deciding(body, tests.deciding)
    cases: list[Case] = []
    for piece in segments(body, deciding, tests.surroundings, given):
        cases += _cases(piece.own, _in_function(check, call, piece.body), _text_of(piece), deciding, tests)
    return cases or whole


def _cases(own: list[ast.stmt], run: list[ast.stmt], text: str, deciding: Deciding, tests: _Tests) -> list[Case]:
    """Those of one piece: of each turn of its loops, if they can be unrolled."""
    turns = unroll(tests.setup, run, deciding, tests.given) if any(map(deciding.loops, own)) else []
    return _cases_of_turns(turns) or [_case(text, run)]


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


def _cases_of_turns(turns: list[Turn]) -> list[Case]:
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
        cases.append(Case(turn.text[:_SHOWN], compiled[key], tuple(turn.values.values())))
    return cases


def _case(text: str, body: list[ast.stmt]) -> Case:
    return Case(text[:_SHOWN], _compiled(body, "<test>"))


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
