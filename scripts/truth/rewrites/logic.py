"""Conditions in other words: De Morgan, chained comparisons, mirrored comparisons."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.rewrites.build import clone, compare, negated, same
from truth.rewrites.evaluation import pure
from truth.rewrites.program import Program, Site, expressions, own_nodes, put

MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}


class DeMorgan:
    """If only truth counts: ``a and b`` as ``not (not a or not b)``, ``not (a or b)`` as ``not a and not b``."""

    def sites(self, program: Program) -> list[Site]:
        return [_de_morgan(owner, field, index) for owner, field, index in _truths(program)]


class MirrorComparison:
    """``a < b`` becomes ``b > a``."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _mirror(node)
            for node in expressions(program)
            if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in MIRRORED
            if pure(node, program) and not isinstance(node.left, ast.Constant)
        ]


class SplitChain:
    """``a < b < c`` becomes ``a < b and b < c``."""

    def sites(self, program: Program) -> list[Site]:
        return [
            put(program, node, _links(node))
            for node in expressions(program)
            if isinstance(node, ast.Compare) and len(node.ops) > 1 and pure(node, program)
        ]


class ChainComparison:
    """``a < b and b < c`` becomes ``a < b < c``."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for node in expressions(program):
            match node:
                case ast.BoolOp(
                    ast.And(), [ast.Compare(left, [first], [middle]), ast.Compare(repeated, [second], [right])]
                ):
                    if same(middle, repeated) and pure(middle, program):
                        sites.append(put(program, node, ast.Compare(left, [first, second], [middle, right])))
        return sites


def _truths(program: Program) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Places of conjunctions and disjunctions, negated or not, whose truth alone counts."""
    for function in program.functions:
        for node in own_nodes(function):
            match node:
                case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                    if _junction(test):
                        yield node, "test", None
                case ast.comprehension(ifs=tests):
                    yield from ((node, "ifs", index) for index, test in enumerate(tests) if _junction(test))


def _junction(test: ast.expr) -> bool:
    return isinstance(test, ast.BoolOp) or (isinstance(test, ast.UnaryOp) and isinstance(test.operand, ast.BoolOp))


def _de_morgan(owner: ast.AST, field: str, index: int | None) -> Site:
    def apply() -> None:
        held = getattr(owner, field)
        test = held if index is None else held[index]
        negation = isinstance(test, ast.UnaryOp)
        junction = test.operand if negation else test
        made = _turned(junction) if negation else ast.UnaryOp(ast.Not(), _turned(junction))
        if index is None:
            setattr(owner, field, made)
        else:
            held[index] = made

    return apply


def _turned(test: ast.BoolOp) -> ast.BoolOp:
    return ast.BoolOp(
        ast.Or() if isinstance(test.op, ast.And) else ast.And(), [negated(value) for value in test.values]
    )


def _mirror(node: ast.Compare) -> Site:
    def apply() -> None:
        node.left, node.comparators = node.comparators[0], [node.left]
        node.ops = [MIRRORED[type(node.ops[0])]()]

    return apply


def _links(node: ast.Compare) -> ast.BoolOp:
    operands = [node.left, *node.comparators]
    links: list[ast.expr] = [
        compare(clone(operands[i]), operator, clone(operands[i + 1])) for i, operator in enumerate(node.ops)
    ]
    return ast.BoolOp(ast.And(), links)
