"""Helper functions: a sub-expression becomes a function, and a nested function moves to the module."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.rewrites.build import assigned_name, call, load
from truth.rewrites.evaluation import Slot, leading, pure
from truth.rewrites.iterators import LAZY_BUILTINS
from truth.rewrites.program import Block, Program, Site
from truth.rewrites.scopes import FunctionNode, Kind, Scope

WORTH_A_FUNCTION = (ast.BinOp, ast.BoolOp, ast.Compare, ast.Call, ast.IfExp, ast.ListComp, ast.SetComp, ast.DictComp)
SMALLEST = 6  # the fewest nodes of an expression that becomes a function
HINTS = ("compute", "derive", "evaluate", "work_out", "part_of")


class ExtractHelper:
    """A pure sub-expression becomes the body of a new function, with the variables that it reads as parameters."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _extract(program, block, slot, parameters)
            for block in program.blocks
            for statement in block.statements
            for slot in _candidates(statement, program)
            if (parameters := _parameters(program, block, statement, slot.node)) is not None
        ]


class HoistHelper:
    """A nested function that uses no variable of the function around it moves to the module."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _hoist(program, outer, inner)
            for outer in program.functions
            if program.parent[outer] is program.tree
            for inner in outer.body
            if isinstance(inner, ast.FunctionDef) and not inner.decorator_list and _stands_alone(program, outer, inner)
        ]


def _candidates(statement: ast.stmt, program: Program) -> Iterator[Slot]:
    for slot in leading(statement, program):
        node = slot.node
        size = sum(1 for _ in ast.walk(node))
        whole = slot.field != "func" and isinstance(node, WORTH_A_FUNCTION) and size >= SMALLEST
        if whole and pure(node, program) and not _is_lazy_call(node) and not _has_lambda(node):
            yield slot


def _has_lambda(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Lambda) for part in ast.walk(node))


def _is_lazy_call(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LAZY_BUILTINS


def _parameters(program: Program, block: Block, statement: ast.stmt, node: ast.expr) -> list[str] | None:
    """The local variables that the expression reads, in order; None if one of them may be unbound."""
    inside = set(ast.walk(node))
    names: list[str] = []
    for part in _in_order(node):
        owner = program.scopes.owner(part)
        if owner.kind is Kind.MODULE or owner.node in inside:
            continue
        known = owner.kind is Kind.FUNCTION and part.id not in owner.imported and not _is_function(owner, part.id)
        bound = known and (_is_parameter(owner, part.id) or _is_set_before(program, block, statement, part.id))
        if not known or not (bound or _always_read(program, node, part.id)):
            return None
        if part.id not in names:
            names.append(part.id)
    return names or None


def _in_order(node: ast.AST) -> Iterator[ast.Name]:
    if isinstance(node, ast.Name):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


def _is_function(owner: Scope, name: str) -> bool:
    return any(isinstance(use.node, FunctionNode | ast.ClassDef) for use in owner.uses[name])


def _is_parameter(owner: Scope, name: str) -> bool:
    return any(isinstance(use.node, ast.arg) for use in owner.uses[name]) and not any(
        isinstance(use.node, ast.Name) and isinstance(use.node.ctx, ast.Del) for use in owner.uses[name]
    )


def _is_set_before(program: Program, block: Block, statement: ast.stmt, name: str) -> bool:
    """Whether a statement of the function's outermost block assigns the variable above this one."""
    top: ast.AST = statement
    while program.parent[top] is not block.function:
        top = program.parent[top]
    above = block.function.body[: next(index for index, part in enumerate(block.function.body) if part is top)]
    return any(assigned_name(part) == name for part in above)


def _always_read(program: Program, node: ast.expr, name: str) -> bool:
    """Whether each evaluation of the expression reads the variable, so that an earlier read adds no failure."""
    return any(isinstance(slot.node, ast.Name) and slot.node.id == name for slot in leading(ast.Expr(node), program))


def _extract(program: Program, block: Block, slot: Slot, parameters: list[str]) -> Site:
    def apply() -> None:
        name = program.fresh(*HINTS)
        arguments = ast.arguments([], [ast.arg(parameter) for parameter in parameters], None, [], [], None, [])
        body: list[ast.stmt] = [ast.Return(slot.node)]
        helper = ast.FunctionDef(name, arguments, body, [], None)
        slot.put(call(name, *(load(parameter) for parameter in parameters)))
        outermost = _outermost(program, block.function)
        program.tree.body.insert(program.tree.body.index(outermost), helper)

    return apply


def _outermost(program: Program, node: ast.AST) -> ast.stmt:
    while program.parent[node] is not program.tree:
        node = program.parent[node]
    assert isinstance(node, ast.stmt)
    return node


def _stands_alone(program: Program, outer: FunctionNode, inner: ast.FunctionDef) -> bool:
    scope = program.scope(outer)
    bindings = [use for use in scope.uses[inner.name] if use.stores]
    if len(bindings) != 1 or inner.name in program.scopes.of[program.tree].uses or inner.name in program.keep:
        return False
    inside = set(ast.walk(inner))
    return all(
        name == inner.name or all(use.node not in inside or use.node is inner for use in uses)
        for name, uses in scope.uses.items()
    )


def _hoist(program: Program, outer: FunctionNode, inner: ast.FunctionDef) -> Site:
    def apply() -> None:
        outer.body.remove(inner)
        program.tree.body.insert(program.tree.body.index(outer), inner)

    return apply
