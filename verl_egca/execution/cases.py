"""Tests split into cases: single assertions that can be judged, shown and traced one by one.

An assertion list has a case an item. The body of a ``check(candidate)`` function has one for each statement of it that
asserts: an ``assert``, or a loop or block that holds some, with the statements before it that only prepare. Assertions
of a constant (``assert True, "..."``) test nothing and are no cases. A body that can't be split without a change of
meaning is one case, whole.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from types import CodeType

COMPARED = "__egca_compared__"
_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Case:
    """``text`` is what a person reads; ``code`` runs in a namespace where the tests' set-up has run."""

    text: str
    code: CodeType


@functools.lru_cache(512)
def compile_setup(setup: str) -> CodeType:
    return compile(ast.parse(setup), "<test set-up>", "exec", dont_inherit=True)


@functools.lru_cache(2048)
def split_assertions(setup: str, assertions: tuple[str, ...]) -> tuple[Case, ...]:
    """The cases of an assertion list, in order. Raises SyntaxError if the tests are not Python."""
    cases: list[Case] = []
    for text in assertions:
        tree = ast.parse(text)
        check = _called_check(tree, setup)
        parts = _split_check(*check) if check else [(text.strip(), tree.body)]
        cases += [_case(shown, body) for shown, body in parts]
    return tuple(cases)


def _case(text: str, body: list[ast.stmt]) -> Case:
    module = ast.fix_missing_locations(_Capture().visit(ast.Module(body=list(body), type_ignores=[])))
    return Case(text[:_SHOWN], compile(module, "<test>", "exec", dont_inherit=True))


def _called_check(call: ast.Module, setup: str) -> tuple[ast.FunctionDef, str] | None:
    """The function of the set-up and the argument's name if the assertion is just ``function(name)``."""
    match call.body:
        case [ast.Expr(ast.Call(func=ast.Name(id=function), args=[ast.Name(id=argument)], keywords=[]))]:
            for node in ast.parse(setup).body:
                if isinstance(node, ast.FunctionDef) and node.name == function and len(node.args.args) == 1:
                    return node, argument
    return None


def _split_check(check: ast.FunctionDef, argument: str) -> list[tuple[str, list[ast.stmt]]]:
    """(text, statements) of each case of a check function called with ``argument``."""
    bind = ast.parse(f"{check.args.args[0].arg} = {argument}").body
    whole = [(ast.unparse(check), [check, *ast.parse(f"{check.name}({argument})").body])]
    if any(isinstance(node, ast.Return | ast.Yield | ast.Nonlocal | ast.Global) for node in _own_nodes(check)):
        return whole
    cases: list[tuple[str, list[ast.stmt]]] = []
    before: list[ast.stmt] = []
    for place, statement in enumerate(check.body):
        if not _asserts(statement):
            before.append(statement)
            continue
        if isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Constant):
            continue
        if not isinstance(statement, ast.Assert) and _stored(statement) & _loaded(check.body[place + 1 :]):
            return whole  # later assertions need what this block computes
        cases.append((ast.unparse(statement), _in_function(bind, [*before, statement])))
    return cases or whole


def _in_function(bind: list[ast.stmt], body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements as a function's body, where closures and comprehensions see its names as they did in ``check``."""
    case, call = ast.parse("def __egca_case__():\n    pass\n__egca_case__()").body
    assert isinstance(case, ast.FunctionDef)
    case.body = [*bind, *body]
    return [case, call]


def _own_nodes(check: ast.FunctionDef) -> list[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    found: list[ast.AST] = []
    todo: list[ast.AST] = list(check.body)
    while todo:
        node = todo.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo.extend(ast.iter_child_nodes(node))
    return found


def _asserts(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    return any(isinstance(node, ast.Assert) for node in ast.walk(statement))


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
                call.args[:2] = [left, right]
                node.test = call
        return node
