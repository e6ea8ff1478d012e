"""``sum``, ``any`` and ``all`` over a generator, and the loops that accumulate or search.

From Python 3.12 on, ``sum`` adds floats with a correction that a loop lacks, so the last bits may differ.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.rewrites.build import assign, assigned_name, augment, call, constant, if_, load, negated
from truth.rewrites.evaluation import Slot, leading, pure
from truth.rewrites.generators import (
    as_generators,
    as_loops,
    may_become_comprehension,
    may_become_loops,
    rename_targets,
)
from truth.rewrites.program import Block, Program, Site, names_in
from truth.rewrites.scopes import Comprehension

SEARCHES: dict[tuple[bool | None, bool | None], str] = {(True, False): "any", (False, True): "all"}


class SumToLoop:
    """``sum(... for ...)`` becomes a total, set to 0, and a loop that adds."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _added_up(program, block, index, slot)
            for block, index, slot, name, _ in _folds(program)
            if name == "sum" and (slot.first or pure(slot.node, program))
        ]


class LoopToSum:
    """A total, set to 0, and a loop that adds become ``sum(... for ...)``."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for index, first, loop in block.pairs():
                name, found = assigned_name(first), as_generators(loop)
                if name is None or found is None or block.in_try or not program.is_builtin("sum"):
                    continue
                clauses, body = found
                zero = isinstance(first, ast.Assign) and isinstance(first.value, ast.Constant)
                if not zero or not _is_zero(first) or not program.is_local(block.function, name):
                    continue
                element = _added(name, body)
                if element is None or name in names_in(element, *clauses):
                    continue
                if may_become_comprehension(program, block, loop, clauses):
                    total = assign(name, call("sum", ast.GeneratorExp(element, clauses)))
                    sites.append(block.replacement(index, 2, [total]))
        return sites


class SearchToLoop:
    """``return any(...)`` becomes a loop that returns True early; ``all`` likewise, with False."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _searched(program, block, index, name == "any", node)
            for block, index, slot, name, node in _folds(program)
            if name in ("any", "all") and isinstance(slot.parent, ast.Return)
        ]


class FlagToLoop:
    """``any(...)`` inside a statement becomes a flag, and a loop that sets it and breaks; ``all`` likewise."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _flagged(program, block, index, slot, name == "any", node)
            for block, index, slot, name, node in _folds(program)
            if name in ("any", "all") and len(node.generators) == 1 and (slot.first or pure(slot.node, program))
        ]


class LoopToSearch:
    """A loop that returns True (False) early, and the opposite after it, become ``any`` (``all``)."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for index, loop, last in block.pairs():
                found = as_generators(loop)
                if found is None or not isinstance(last, ast.Return):
                    continue
                clauses, body = found
                if len(body) != 1 or not clauses[-1].ifs or not may_become_comprehension(program, block, loop, clauses):
                    continue
                name = SEARCHES.get((_truth(body[0]), _truth(last)))
                if name is not None and program.is_builtin(name):
                    sites.append(_search_site(block, index, name, clauses))
        return sites


def _search_site(block: Block, index: int, name: str, clauses: list[ast.comprehension]) -> Site:
    def apply() -> None:
        test = clauses[-1].ifs.pop()
        element = test if name == "any" else negated(test)
        block.statements[index : index + 2] = [ast.Return(call(name, ast.GeneratorExp(element, clauses)))]

    return apply


def _folds(program: Program) -> Iterator[tuple[Block, int, Slot, str, Comprehension]]:
    """Every ``sum``, ``any`` or ``all`` of a generator (or list) that a statement evaluates once."""
    for block in program.blocks:
        for index, statement in enumerate(block.statements):
            for slot in leading(statement, program):
                match slot.node:
                    case ast.Call(ast.Name(id=name), [ast.GeneratorExp() | ast.ListComp() as node], []):
                        early = isinstance(node, ast.GeneratorExp) or name == "sum" or pure(node, program)
                        if program.is_builtin(name) and early and may_become_loops(program, node):
                            yield block, index, slot, name, node


def _added_up(program: Program, block: Block, index: int, slot: Slot) -> Site:
    def apply() -> None:
        fold = slot.node
        assert isinstance(fold, ast.Call)
        node = fold.args[0]
        assert isinstance(node, ast.GeneratorExp | ast.ListComp)
        name = program.fresh("total", "running", "accumulated")
        rename_targets(program, block, node)
        loops = [assign(name, constant(0)), as_loops(node.generators, [augment(name, ast.Add(), node.elt)])]
        slot.put(load(name))
        block.statements[index:index] = loops

    return apply


def _searched(program: Program, block: Block, index: int, any_: bool, node: Comprehension) -> Site:
    def apply() -> None:
        block.statements[index : index + 1] = [
            _guarded(program, block, node, any_, [ast.Return(constant(any_))]),
            ast.Return(constant(not any_)),
        ]

    return apply


def _flagged(program: Program, block: Block, index: int, slot: Slot, any_: bool, node: Comprehension) -> Site:
    def apply() -> None:
        name = program.fresh("found", "hit") if any_ else program.fresh("every", "fine")
        loop = _guarded(program, block, node, any_, [assign(name, constant(any_)), ast.Break()])
        slot.put(load(name))
        block.statements[index:index] = [assign(name, constant(not any_)), loop]

    return apply


def _guarded(program: Program, block: Block, node: Comprehension, any_: bool, body: list[ast.stmt]) -> ast.For:
    assert isinstance(node, ast.GeneratorExp | ast.ListComp)
    rename_targets(program, block, node)
    return as_loops(node.generators, [if_(node.elt if any_ else negated(node.elt), body)])


def _added(name: str, body: list[ast.stmt]) -> ast.expr | None:
    match body:
        case [ast.AugAssign(ast.Name(id=owner), ast.Add(), element)] if owner == name:
            return element
        case [ast.Assign([ast.Name(id=owner)], ast.BinOp(ast.Name(id=read), ast.Add(), element))] if (
            owner == read == name
        ):
            return element
    return None


def _is_zero(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(value=ast.Constant(value=value)):
            return type(value) is int and value == 0
    return False


def _truth(statement: ast.stmt) -> bool | None:
    match statement:
        case ast.Return(ast.Constant(value=bool() as value)):
            return value
    return None
