"""Conversions between nested ``for``/``if`` statements and ``for ... in ... if ...`` clauses of comprehensions."""

from __future__ import annotations

import ast

from truth.rewrites.build import if_
from truth.rewrites.program import Block, Program, names_in
from truth.rewrites.scopes import COMPREHENSIONS, Comprehension


def as_generators(loop: ast.stmt) -> tuple[list[ast.comprehension], list[ast.stmt]] | None:
    """The clauses of nested loops and guards, and the innermost statements; None if a loop has an ``else``."""
    if not isinstance(loop, ast.For) or loop.orelse:
        return None
    clause = ast.comprehension(loop.target, loop.iter, [], 0)
    inner = loop.body
    while len(inner) == 1 and isinstance(inner[0], ast.If) and not inner[0].orelse:
        clause.ifs.append(inner[0].test)
        inner = inner[0].body
    deeper = as_generators(inner[0]) if len(inner) == 1 else None
    if deeper is None:
        return [clause], inner
    return [clause, *deeper[0]], deeper[1]


def as_loops(clauses: list[ast.comprehension], body: list[ast.stmt]) -> ast.For:
    """The nested loops and guards of the clauses, around ``body``."""
    clause, *rest = clauses
    inner: list[ast.stmt] = [as_loops(rest, body)] if rest else body
    for test in reversed(clause.ifs):
        inner = [if_(test, inner)]
    return ast.For(clause.target, clause.iter, inner, [])


def may_become_comprehension(program: Program, block: Block, loop: ast.stmt, clauses: list[ast.comprehension]) -> bool:
    """Whether the loop's variables may move into a comprehension's scope.

    No code outside the loop may read them; no code inside may capture them or bind further variables.
    """
    forbidden = (ast.Lambda, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await, ast.Starred, ast.AsyncFor)
    if any(isinstance(node, forbidden) for node in ast.walk(loop)):
        return False
    if not all(_plain_target(clause.target) for clause in clauses):
        return False
    targets = names_in(*(clause.target for clause in clauses))
    return all(private_to(program, block, loop, name) for name in targets)


def private_to(program: Program, block: Block, loop: ast.stmt, name: str) -> bool:
    """Whether every use of the variable outside ``loop`` is in another loop that binds it again."""
    if not program.is_local(block.function, name):
        return False
    inside = set(ast.walk(loop))
    uses = program.scope(block.function).uses[name]
    return all(use.node in inside or _rebound(program, use.node, loop, name) for use in uses)


def may_become_loops(program: Program, node: Comprehension) -> bool:
    """Whether a comprehension's variables may become the function's: no closure captures them, no part is async."""
    if any(clause.is_async for clause in node.generators):
        return False
    return not any(isinstance(part, ast.Lambda | ast.NamedExpr | ast.Await) for part in ast.walk(node))


def rename_targets(program: Program, block: Block, node: Comprehension) -> None:
    """Gives the comprehension's variables names that are unused in the rest of the function."""
    inside = set(ast.walk(node))
    outside = {part.id for part in ast.walk(block.function) if isinstance(part, ast.Name) and part not in inside}
    nested = {
        name
        for part in inside
        if isinstance(part, COMPREHENSIONS) and part is not node
        for name in program.scope(part).bound
    }
    scope = program.scope(node)
    parameters = {part.arg for part in ast.walk(block.function.args) if isinstance(part, ast.arg)}
    for name in sorted(scope.bound & (outside | nested | parameters)):
        new = program.fresh(f"{name}_item", f"{name}_")
        for use in scope.uses[name]:
            if isinstance(use.node, ast.Name):
                use.node.id = new


def _plain_target(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(_plain_target(element) for element in target.elts)
    return isinstance(target, ast.Name)


def _rebound(program: Program, node: ast.AST, loop: ast.stmt, name: str) -> bool:
    while node in program.parent:
        node = program.parent[node]
        if isinstance(node, ast.For) and name in names_in(node.target) and name not in names_in(node.iter):
            return loop not in set(ast.walk(node)) and not node.orelse
    return False
