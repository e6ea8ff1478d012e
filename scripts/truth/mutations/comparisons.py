"""Comparisons that are off by one, reversed, or between the wrong operands."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.mutations.source import Edit, Source

SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
PATTERN = r"<=|>=|==|!=|<|>|\bnot\s+in\b|\bis\s+not\b|\bin\b|\bis\b"
BOUNDARIES = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
DIRECTIONS = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "!=", "!=": "==", "in": "not in", "not in": "in"} | {
    "is": "is not",
    "is not": "is",
}


def boundary(source: Source) -> Iterator[Edit]:
    """``<`` for ``<=`` and the like."""
    yield from _swapped(source, "comparison boundary", BOUNDARIES)


def direction(source: Source) -> Iterator[Edit]:
    """``<`` for ``>``, ``==`` for ``!=``, ``in`` for ``not in``."""
    yield from _swapped(source, "comparison direction", DIRECTIONS)


def _swapped(source: Source, operator: str, table: dict[str, str]) -> Iterator[Edit]:
    for node in source.nodes:
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            for index, comparison in enumerate(node.ops):
                place = source.between(operands[index], operands[index + 1], PATTERN)
                wrong = table.get(SYMBOLS[type(comparison)])
                if place is not None and wrong is not None:
                    yield Edit(operator, *place, wrong)
