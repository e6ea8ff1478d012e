"""Wrong constants: numbers off by one, wrong text, wrong initial values and wrong defaults."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.mutations.source import Edit, Source

DEFAULTING = frozenset({"get", "setdefault", "pop"})


def constant(source: Source) -> Iterator[Edit]:
    """Another constant: a number off by one, the other truth value, text with one character more or less."""
    for node in source.nodes:
        if isinstance(node, ast.Constant) and not _has_operator_of_its_own(source, node):
            yield from (_edit("constant", source, node, wrong) for wrong in wrong_values(node.value))


def initial_value(source: Source) -> Iterator[Edit]:
    """A variable that is updated later starts with the wrong value."""
    for node in source.nodes:
        if isinstance(node, ast.Constant) and _initialises(source, node):
            yield from (_edit("initial value", source, node, wrong) for wrong in wrong_values(node.value))


def default(source: Source) -> Iterator[Edit]:
    """The wrong default of ``d.get(key, default)``, or of a ``defaultdict``."""
    for node in source.nodes:
        if isinstance(node, ast.Constant) and _is_default(source, node):
            yield from (_edit("dict default", source, node, wrong) for wrong in wrong_values(node.value))
        match node:
            case ast.Call(
                ast.Name(id="defaultdict"), [ast.Name(id="int" | "list" | "set" | "str" as kind) as maker], []
            ):
                wrong = "lambda: 1" if kind == "int" else "int"
                yield Edit("dict default", source.start(maker), source.end(maker), wrong)


def wrong_values(value: object) -> Iterator[str]:
    """Likely wrong values in place of the value, as source text."""
    match value:
        case bool():
            yield repr(not value)
        case int():
            yield from (repr(value + 1), repr(value - 1))
        case float():
            yield from (repr(value + 1), repr(value / 10))
        case str():
            yield repr(value[:-1]) if value else repr(" ")
            if len(value) == 1 and value.isalpha():
                yield repr(value.swapcase())


def _edit(operator: str, source: Source, node: ast.Constant, wrong: str) -> Edit:
    text = f"({wrong})" if wrong.startswith("-") and isinstance(source.parent[node], ast.BinOp | ast.UnaryOp) else wrong
    return Edit(operator, source.start(node), source.end(node), text)


def _has_operator_of_its_own(source: Source, node: ast.Constant) -> bool:
    parent = source.parent[node]
    is_index = isinstance(parent, ast.Subscript | ast.Slice) and isinstance(node.value, int)
    in_range = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "range"
    return is_index or in_range or _initialises(source, node) or _is_default(source, node)


def _initialises(source: Source, node: ast.Constant) -> bool:
    statement = source.parent[node]
    function = source.function_of(node)
    match statement:
        case ast.Assign([ast.Name(id=name)], value) if value is node and function is not None:
            later = (part for part in ast.walk(function) if isinstance(part, ast.Name) and part.id == name)
            return any(isinstance(part.ctx, ast.Store) and part.lineno > node.lineno for part in later)
    return False


def _is_default(source: Source, node: ast.Constant) -> bool:
    match source.parent[node]:
        case ast.Call(ast.Attribute(attr=name), [_, given], []):
            return name in DEFAULTING and given is node
    return False
