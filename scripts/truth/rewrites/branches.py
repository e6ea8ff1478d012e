"""The same decisions with the branches in another order or at another depth."""

from __future__ import annotations

import ast

from truth.rewrites.build import if_, leaves, negated
from truth.rewrites.program import Block, Program, Site


class SwapBranches:
    """``if a: X else: Y`` becomes ``if not a: Y else: X``."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _swap(statement)
            for block in program.blocks
            for statement in block.statements
            if isinstance(statement, ast.If) and statement.orelse
        ]


class RestIntoElse:
    """The statements after an ``if`` whose body leaves (``return``, ``continue``, ...) become its ``else``."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _rest_into_else(block, index, statement)
            for block in program.blocks
            for index, statement in enumerate(block.statements[:-1])
            if isinstance(statement, ast.If) and not statement.orelse and leaves(statement.body[-1])
        ]


class ElseIntoRest:
    """The ``else`` of an ``if`` whose body leaves becomes the statements after it."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _else_into_rest(block, index, statement)
            for block in program.blocks
            for index, statement in enumerate(block.statements)
            if isinstance(statement, ast.If) and statement.orelse and leaves(statement.body[-1])
        ]


class GuardWithContinue:
    """An ``if`` that ends a loop's body becomes ``if not ...: continue`` and its body."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for statement in block.statements:
                if isinstance(statement, ast.For | ast.While):
                    last = statement.body[-1]
                    if isinstance(last, ast.If) and not last.orelse and not isinstance(last.body[0], ast.Continue):
                        sites.append(_guard(statement, last))
        return sites


class ContinueIntoGuard:
    """``if a: continue`` at the top of a loop's block becomes ``if not a:`` around the rest of the block."""

    def sites(self, program: Program) -> list[Site]:
        return [
            block.replacement(
                index, len(block.statements) - index, [if_(negated(first.test), block.statements[index + 1 :])]
            )
            for block in program.blocks
            for index, first, _ in block.pairs()
            if isinstance(first, ast.If) and not first.orelse and len(first.body) == 1
            if isinstance(first.body[0], ast.Continue) and isinstance(program.parent[first], ast.For | ast.While)
            if block.statements is getattr(program.parent[first], "body", None)
        ]


class MergeConditions:
    """``if a: if b: X`` becomes ``if a and b: X``."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _merge(statement, inner)
            for block in program.blocks
            for statement in block.statements
            if isinstance(statement, ast.If) and not statement.orelse and len(statement.body) == 1
            for inner in statement.body
            if isinstance(inner, ast.If) and not inner.orelse
        ]


class SplitConditions:
    """``if a and b: X`` becomes ``if a: if b: X``."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _split(statement, statement.test)
            for block in program.blocks
            for statement in block.statements
            if isinstance(statement, ast.If) and not statement.orelse
            if isinstance(statement.test, ast.BoolOp) and isinstance(statement.test.op, ast.And)
        ]


def _swap(statement: ast.If) -> Site:
    def apply() -> None:
        statement.test = negated(statement.test)
        statement.body, statement.orelse = statement.orelse, statement.body

    return apply


def _rest_into_else(block: Block, index: int, statement: ast.If) -> Site:
    def apply() -> None:
        statement.orelse = block.statements[index + 1 :]
        del block.statements[index + 1 :]

    return apply


def _else_into_rest(block: Block, index: int, statement: ast.If) -> Site:
    def apply() -> None:
        block.statements[index + 1 : index + 1] = statement.orelse
        statement.orelse = []

    return apply


def _guard(loop: ast.For | ast.While, last: ast.If) -> Site:
    def apply() -> None:
        loop.body[-1:] = [if_(negated(last.test), [ast.Continue()]), *last.body]

    return apply


def _merge(statement: ast.If, inner: ast.If) -> Site:
    def apply() -> None:
        statement.test = ast.BoolOp(ast.And(), [statement.test, inner.test])
        statement.body = inner.body

    return apply


def _split(statement: ast.If, test: ast.BoolOp) -> Site:
    def apply() -> None:
        first, *rest = test.values
        second = rest[0] if len(rest) == 1 else ast.BoolOp(ast.And(), rest)
        statement.test = first
        statement.body = [if_(second, statement.body)]

    return apply
