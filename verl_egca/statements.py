"""The statements of a program and the piece of text that stands for each: what gets blamed, masked and shown.

A simple statement stands for itself; a compound one for its header (``if x > k``, ``for i in range(n)``), not its body.
"""

from __future__ import annotations

import ast
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from verl_egca.source import SourceRange, SourceText

MAX_SOURCE = 1 << 18
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_HOLDS_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)


@dataclass(frozen=True, slots=True)
class Statement:
    """``place`` is what stands for the statement; ``end_line`` is where all of it ends, body included."""

    place: SourceRange
    end_line: int
    is_header: bool
    is_definition: bool
    is_inert: bool  # imports, docstrings, global and nonlocal: nothing that could be decided wrongly


# CPython 3.11 counts the depth of the tree that it builds in one place for all threads (python/cpython#106905): two
# parses at once end in "SystemError: AST constructor recursion depth mismatch".
_one_at_a_time = threading.Lock()


def parse(source: str, limit: int | None = MAX_SOURCE) -> ast.Module | None:
    """The program's syntax tree, or None if it has none or has more characters than ``limit``. Safe in several threads."""
    if limit is not None and len(source) > limit:
        return None
    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes and comparisons in the program, at each parse anew
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def literal(text: str) -> Any:
    """The value that a text writes, as `ast.literal_eval` reads it and with its errors. Safe in several threads."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text.lstrip(" \t"), mode="eval")
    return ast.literal_eval(tree)


def top_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that run as the module's own, in the order of the text; what functions and classes hold is left out."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, _DEFINITIONS):
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, _HOLDS_STATEMENTS)]
            waiting += reversed(inner)


def statements(source: str) -> list[Statement]:
    """Every statement in the order of its text; none if the program does not parse."""
    tree, text = parse(source), SourceText(source)
    if tree is None:
        return []
    found = [describe(node, text) for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    return sorted(found, key=lambda statement: statement.place)


def describe(node: ast.stmt, text: SourceText) -> Statement:
    last = _header_end(node)
    place = text.of_node(node)
    if last is not None:
        end = text.of_node(last)
        place = SourceRange(place.line, place.col, end.end_line, end.end_col)
    elif _has_body(node):  # a header without an expression: def f(), try, class C
        place = SourceRange(place.line, place.col, place.line, len(text.line(place.line).rstrip()))
    return Statement(
        place,
        end_line=node.end_lineno or node.lineno,
        is_header=_has_body(node),
        is_definition=isinstance(node, _DEFINITIONS),
        is_inert=_is_inert(node),
    )


def _has_body(node: ast.stmt) -> bool:
    return bool(getattr(node, "body", None)) or isinstance(node, ast.Match)


def _header_end(node: ast.stmt) -> ast.expr | None:
    """The expression that ends a compound statement's header."""
    match node:
        case ast.If(test=test) | ast.While(test=test):
            return test
        case ast.For(iter=over) | ast.AsyncFor(iter=over):
            return over
        case ast.With(items=items) | ast.AsyncWith(items=items):
            return items[-1].optional_vars or items[-1].context_expr
        case ast.Match(subject=subject):
            return subject
    return None


def _is_inert(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal | ast.Pass):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def innermost(source: str, line: int) -> Iterator[Statement]:
    """The statements that cover a line, innermost first."""
    covering = [s for s in statements(source) if s.place.line <= line <= s.end_line]
    yield from sorted(covering, key=lambda s: (s.end_line - s.place.line, -s.place.line, -s.place.col))
