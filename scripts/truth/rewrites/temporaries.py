"""Names a sub-expression, or replaces a name by its only value."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.rewrites.build import assign, assigned_name, is_name, load
from truth.rewrites.evaluation import Slot, leading, pure
from truth.rewrites.program import Block, Program, Site

WORTH_A_NAME = (ast.BinOp, ast.Call, ast.Compare, ast.BoolOp, ast.Subscript, ast.IfExp, ast.ListComp, ast.SetComp)
HINTS: dict[type[ast.expr], tuple[str, ...]] = {
    ast.Compare: ("matches", "holds", "check"),
    ast.BoolOp: ("condition", "holds", "check"),
    ast.Subscript: ("part", "piece", "element"),
    ast.ListComp: ("collected", "found", "items"),
    ast.SetComp: ("distinct", "found", "items"),
    ast.BinOp: ("amount", "combined", "term"),
}


class ExtractTemporary:
    """``return f(x) + 1`` becomes ``value = f(x)``, ``return value + 1``."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _extract(program, block, index, slot)
            for block in program.blocks
            for index, statement in enumerate(block.statements)
            for slot in leading(statement, program)
            if _worth_extracting(statement, slot, program)
        ]


class InlineTemporary:
    """``value = f(x)``, ``return value + 1`` becomes ``return f(x) + 1``, if no other code reads ``value``."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _inline(block, index, slot)
            for block in program.blocks
            for index, first, second in block.pairs()
            for slot in _only_reads(program, block, first, second)
        ]


def _worth_extracting(statement: ast.stmt, slot: Slot, program: Program) -> bool:
    node = slot.node
    is_whole = slot.parent is statement and isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr)
    called = slot.field == "func"
    return (
        isinstance(node, WORTH_A_NAME)
        and not is_whole
        and not called
        and (slot.first or pure(node, program))
        and not any(isinstance(part, ast.NamedExpr | ast.Yield | ast.YieldFrom | ast.Await) for part in ast.walk(node))
    )


def _extract(program: Program, block: Block, index: int, slot: Slot) -> Site:
    def apply() -> None:
        name = program.fresh(*HINTS.get(type(slot.node), ("value", "current", "outcome")))
        block.statements.insert(index, assign(name, slot.node))
        slot.put(load(name))

    return apply


def _only_reads(program: Program, block: Block, first: ast.stmt, second: ast.stmt) -> Iterator[Slot]:
    name = assigned_name(first)
    if name is None or not program.is_local(block.function, name):
        return
    assert isinstance(first, ast.Assign)
    uses = program.scope(block.function).uses[name]
    if len(uses) != 2 or not pure(first.value, program):
        return
    if any(isinstance(part, ast.GeneratorExp | ast.Lambda) for part in ast.walk(first.value)):
        return
    yield from (slot for slot in leading(second, program) if is_name(slot.node, name))


def _inline(block: Block, index: int, slot: Slot) -> Site:
    def apply() -> None:
        first = block.statements[index]
        assert isinstance(first, ast.Assign)
        slot.put(first.value)
        del block.statements[index]

    return apply
