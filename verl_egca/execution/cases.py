"""Tests split into cases that can be judged, shown and traced one by one: one call and what is expected of it.

An item of an assertion list is a case. If it only calls a function of the tests (HumanEval's ``check(candidate)``), that
function's body has a case for each statement that decides something (an ``assert``, a ``raise``, a call of a helper that
asserts), with the statements before it that only prepare. A block with such statements in loops, or a call of a helper
with such loops, is unrolled into a case for each time that one of them is reached (see `unroll`). Assertions of a
constant (``assert True, "..."``) test nothing and are no cases. What can't be split without a change of meaning is one
case, whole.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from types import CodeType

from verl_egca.execution.unroll import Deciding, dry_run, marked

COMPARED = "__egca_compared__"
_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Case:
    """``text`` is what a person reads; ``code`` runs in a namespace where the tests' set-up has run.

    ``turn`` is which of the unrolled decisions counts, None where the code is run as it stands.
    """

    text: str
    code: CodeType
    turn: int | None = None


@functools.lru_cache(512)
def compile_setup(setup: str) -> CodeType:
    """The tests' set-up, with the helpers that loop over decisions marked. Raises SyntaxError."""
    tree = ast.parse(setup)
    return _compiled(marked(tree.body, Deciding(tree.body)), "<test set-up>")


@functools.lru_cache(2048)
def split_assertions(setup: str, assertions: tuple[str, ...]) -> tuple[Case, ...]:
    """The cases of an assertion list, in order. Runs the tests' loops without a program, to count.

    Raises:
        SyntaxError: the tests are not Python.
    """
    defined = ast.parse(setup).body
    return tuple(case for text in assertions for case in _split(text, setup, defined))


def _split(text: str, setup: str, defined: list[ast.stmt]) -> Iterable[Case]:
    tree = ast.parse(text)
    match tree.body:
        case [ast.Expr(ast.Call(func=ast.Name(id=name)) as call)]:
            for node in defined:
                if isinstance(node, ast.FunctionDef) and node.name == name and not node.decorator_list:
                    return _split_function(node, call, setup, defined)
    return _unrolled(text.strip(), tree.body, tree.body, setup, defined)


def _split_function(check: ast.FunctionDef, call: ast.Call, setup: str, defined: list[ast.stmt]) -> list[Case]:
    """The cases of a function of the tests that an assertion just calls."""
    whole = [_case(ast.unparse(check), ast.parse(ast.unparse(call)).body)]
    if any(
        isinstance(node, ast.Return | ast.Yield | ast.YieldFrom | ast.Nonlocal | ast.Global) for node in _own(check)
    ):
        return whole
    deciding = Deciding([*defined, *check.body])
    cases: list[Case] = []
    before: list[ast.stmt] = []
    last = 0
    for place, statement in enumerate(check.body):
        if not deciding.decides(statement):
            before.append(statement)
            continue
        last = place + 1
        if isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Constant):
            continue
        if not isinstance(statement, ast.Assert | ast.Expr) and _stored(statement) & _loaded(check.body[place + 1 :]):
            return whole  # later assertions need what this block computes
        body = _in_function(check, call, [*before, statement])
        cases += _unrolled(ast.unparse(statement), body, [statement], setup, [*defined, *before])
    rest = check.body[last:]
    if cases and any(isinstance(node, ast.Call) for statement in rest for node in ast.walk(statement)):
        cases.append(_case("\n".join(map(ast.unparse, rest)), _in_function(check, call, before)))  # it must not raise
    return cases or whole


def _unrolled(
    text: str, body: list[ast.stmt], block: list[ast.stmt], setup: str, defined: list[ast.stmt]
) -> Iterable[Case]:
    """A case for each decision that ``block``, a part of ``body``, reaches in its loops; or one, whole."""
    deciding = Deciding([*defined, *body])
    if not any(deciding.loops(statement) for statement in block):
        return [_case(text, body)]
    code = _compiled(marked(body, deciding), "<test>")
    texts = dry_run(compile_setup(setup) if setup else None, code, [*defined, *body], COMPARED)
    if not texts:
        return [_case(text, body)]
    return [Case(shown[:_SHOWN], code, turn) for turn, shown in enumerate(texts)]


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


def _own(check: ast.FunctionDef) -> list[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    found: list[ast.AST] = []
    todo: list[ast.AST] = list(check.body)
    while todo:
        node = todo.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo.extend(ast.iter_child_nodes(node))
    return found


def _stored(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}


def _loaded(statements: list[ast.stmt]) -> set[str]:
    return {n.id for s in statements for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


class _Capture(ast.NodeTransformer):
    """``assert left == right`` reports both values before it compares them, so that a verdict can show them."""

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        match node.test:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                call = ast.parse(f"{COMPARED}(0, 0, lambda left, right: 0)", mode="eval").body
                assert isinstance(call, ast.Call)
                compare = call.args[2]
                assert isinstance(compare, ast.Lambda)
                names = [ast.Name(id=name, ctx=ast.Load()) for name in ("left", "right")]
                compare.body = ast.Compare(left=names[0], ops=[operator], comparators=[names[1]])
                return ast.copy_location(ast.Assert(test=_with(call, left, right), msg=node.msg), node)
        return node


def _with(call: ast.Call, left: ast.expr, right: ast.expr) -> ast.Call:
    return ast.Call(func=call.func, args=[left, right, call.args[2]], keywords=[])
