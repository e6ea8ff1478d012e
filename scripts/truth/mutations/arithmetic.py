"""Wrong operators, swapped operands and forgotten terms."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.mutations.source import Edit, Source

SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}
WRONG = {"+": ("-",), "-": ("+",), "*": ("+", "**"), "/": ("//", "*"), "//": ("/", "%"), "%": ("//",), "**": ("*",)}
PATTERN = r"\*\*|//|[-+*/%]"
NOT_COMMUTATIVE = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)


def arithmetic(source: Source) -> Iterator[Edit]:
    """Another arithmetic operator: ``-`` for ``+``, ``/`` for ``//``."""
    for node in source.nodes:
        if isinstance(node, ast.BinOp) and type(node.op) in SYMBOLS:
            place = source.between(node.left, node.right, PATTERN)
            if place is not None:
                yield from (Edit("arithmetic operator", *place, wrong) for wrong in WRONG[SYMBOLS[type(node.op)]])


def augmented(source: Source) -> Iterator[Edit]:
    """Another operator in an augmented assignment, or none: ``-=`` or ``=`` for ``+=``."""
    for node in source.nodes:
        if isinstance(node, ast.AugAssign) and type(node.op) in SYMBOLS:
            place = source.between(node.target, node.value, rf"(?:{PATTERN})=")
            if place is not None:
                wrongs = [f"{wrong}=" for wrong in WRONG[SYMBOLS[type(node.op)]]]
                yield from (Edit("augmented operator", *place, wrong) for wrong in (*wrongs, "="))


def swapped_operands(source: Source) -> Iterator[Edit]:
    """``b - a`` for ``a - b``."""
    for node in source.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, NOT_COMMUTATIVE) and _is_simple(node.left, node.right):
            between = source.text[source.end(node.left) : source.start(node.right)]
            text = source.segment(node.right) + between + source.segment(node.left)
            yield Edit("swapped operands", source.start(node.left), source.end(node.right), text)


def removed_term(source: Source) -> Iterator[Edit]:
    """``a`` for ``a + b`` or for ``a and b``."""
    for node in source.nodes:
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Mod):
            for kept in (node.left, node.right):
                yield Edit("removed term", source.start(node), source.end(node), _alone(source, node, kept))
        if isinstance(node, ast.BoolOp):
            for first, second in zip(node.values, node.values[1:], strict=False):
                (start, _), (_, end) = source.outer(first), source.outer(second)
                for kept in (first, second):
                    yield Edit("removed term", start, end, source.text[slice(*source.outer(kept))])


def boolean(source: Source) -> Iterator[Edit]:
    """``or`` for ``and``, and the reverse."""
    for node in source.nodes:
        if isinstance(node, ast.BoolOp):
            wrong = "or" if isinstance(node.op, ast.And) else "and"
            for first, second in zip(node.values, node.values[1:], strict=False):
                place = source.between(first, second, r"\b(?:and|or)\b")
                if place is not None:
                    yield Edit("boolean operator", *place, wrong)


def _alone(source: Source, node: ast.BinOp, kept: ast.expr) -> str:
    """One operand's text, fit for the place of the whole operation."""
    start, end = source.outer(kept)
    text = source.text[start:end]
    binds_as_tightly = isinstance(kept, ast.BinOp) and _strength(kept.op) >= _strength(node.op)
    bare = isinstance(
        kept, ast.Name | ast.Constant | ast.Call | ast.Subscript | ast.Attribute | ast.List | ast.Dict | ast.Set
    )
    return text if bare or binds_as_tightly or text.startswith("(") else f"({text})"


def _strength(operator: ast.operator) -> int:
    if isinstance(operator, ast.Add | ast.Sub):
        return 1
    if isinstance(operator, ast.Mult | ast.Div | ast.FloorDiv | ast.Mod | ast.MatMult):
        return 2
    return 3 if isinstance(operator, ast.Pow) else 0


def _is_simple(*nodes: ast.expr) -> bool:
    """Whether operands may be swapped without parentheses."""
    return all(isinstance(node, ast.Name | ast.Constant | ast.Call | ast.Subscript | ast.Attribute) for node in nodes)
