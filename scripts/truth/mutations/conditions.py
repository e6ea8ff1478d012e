"""Negated conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.mutations.source import Edit, Source


def negated(source: Source) -> Iterator[Edit]:
    """``if not a`` for ``if a``."""
    for test in _tests(source):
        if not (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)):
            text = source.segment(test)
            bare = isinstance(test, ast.Name | ast.Call | ast.Subscript | ast.Attribute)
            wrong = f"not {text}" if bare else f"not ({text})"
            yield Edit("negated condition", source.start(test), source.end(test), wrong)


def removed_not(source: Source) -> Iterator[Edit]:
    """``if a`` for ``if not a``."""
    for node in source.nodes:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield Edit(
                "removed not",
                source.start(node),
                source.end(node),
                source.text[_operand(source, node) : source.end(node)],
            )


def _tests(source: Source) -> Iterator[ast.expr]:
    for node in source.nodes:
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            if not isinstance(node.test, ast.Constant):
                yield node.test
        elif isinstance(node, ast.comprehension):
            yield from node.ifs


def _operand(source: Source, node: ast.UnaryOp) -> int:
    """The start of the operand, including its parentheses."""
    text = source.segment(node)
    return source.start(node) + len(text) - len(text[len("not") :].lstrip())
