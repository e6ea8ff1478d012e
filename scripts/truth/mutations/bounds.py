"""Off by one: bounds of ranges and slices, and indices."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.mutations.source import Edit, Source

TIGHT = (ast.Name, ast.Constant, ast.Call, ast.Subscript, ast.Attribute, ast.BinOp, ast.UnaryOp)


def range_bound(source: Source) -> Iterator[Edit]:
    """``range(n - 1)`` or ``range(1, n)`` for ``range(n)``."""
    for node in source.nodes:
        match node:
            case ast.Call(ast.Name(id="range"), [*bounds], []):
                for bound in bounds[:2]:
                    yield from _shifted("range bound", source, bound)
                if len(bounds) == 1 and not isinstance(bounds[0], ast.Starred):
                    text = f"1, {source.segment(bounds[0])}"
                    yield Edit("range bound", source.start(bounds[0]), source.end(bounds[0]), text)


def slice_bound(source: Source) -> Iterator[Edit]:
    """``x[:n - 1]`` or ``x[:]`` for ``x[:n]``."""
    for node in source.nodes:
        if isinstance(node, ast.Slice):
            for bound in (node.lower, node.upper):
                if bound is not None:
                    yield from _shifted("slice bound", source, bound)
                    if node.step is None:
                        yield Edit("slice bound", source.start(node), source.end(node), _without(source, node, bound))


def index(source: Source) -> Iterator[Edit]:
    """``x[i + 1]`` for ``x[i]``; not for string keys."""
    for node in source.nodes:
        # a string key has no neighbours, and _shifted yields none
        if isinstance(node, ast.Subscript) and isinstance(node.slice, TIGHT):
            yield from _shifted("index off by one", source, node.slice)


def _shifted(operator: str, source: Source, node: ast.expr) -> Iterator[Edit]:
    start, end, text = source.start(node), source.end(node), source.segment(node)
    match node:
        case ast.Constant(value=int() as value):
            yield from (Edit(operator, start, end, str(value + step)) for step in (1, -1))
        case ast.UnaryOp(ast.USub(), ast.Constant(value=int() as value)):
            yield from (Edit(operator, start, end, str(step - value)) for step in (1, -1))
        case ast.BinOp(left, ast.Add() | ast.Sub(), ast.Constant(value=1)):
            # "n - 1" for "n" is rare; "n" for "n - 1" is the classic mistake
            yield Edit(operator, start, end, source.text[start : max(source.end(left), _closed(source, node, left))])
        case ast.Name() | ast.Call() | ast.Subscript() | ast.Attribute() | ast.BinOp():
            yield from (Edit(operator, start, end, f"{text} {sign} 1") for sign in "+-")


def _closed(source: Source, node: ast.BinOp, left: ast.expr) -> int:
    """The end of the left operand with the parentheses around it."""
    between = source.text[source.end(left) : source.start(node.right)]
    return source.end(left) + between.rfind(")") + 1


def _without(source: Source, node: ast.Slice, bound: ast.expr) -> str:
    lower = source.segment(node.lower) if node.lower is not None and node.lower is not bound else ""
    upper = source.segment(node.upper) if node.upper is not None and node.upper is not bound else ""
    return f"{lower}:{upper}"
