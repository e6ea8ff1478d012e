"""The statements of a program, each with its range of text, to be blamed, masked or shown.

A simple statement's range is all of it; a compound one's is its header (``if x > k``, ``for i in range(n)``).
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
    """``place`` is the statement's range, as above; ``end_line`` is the last line of its body."""

    place: SourceRange
    end_line: int
    is_header: bool
    is_definition: bool
    is_inert: bool  # never blamed: imports, docstrings, global, nonlocal


# In CPython 3.11 threads share the parser's depth counter (python/cpython#106905): two parses at once raise
# "SystemError: AST constructor recursion depth mismatch".
_one_at_a_time = threading.Lock()


def parse(source: str, limit: int | None = MAX_SOURCE) -> ast.Module | None:
    """The program's syntax tree; None if it does not parse or exceeds ``limit`` characters. Safe in several threads."""
    if limit is not None and len(source) > limit:
        return None
    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the program's escapes and comparisons
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def literal(text: str) -> Any:
    """`ast.literal_eval`, with its errors. Safe in several threads."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text.lstrip(" \t"), mode="eval")
    return ast.literal_eval(tree)


def top_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that run on import, in the order of the text, without those in functions and classes."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, _DEFINITIONS):
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, _HOLDS_STATEMENTS)]
            waiting += reversed(inner)


def statements(source: str) -> list[Statement]:
    """All statements in the order of the text; empty if the program does not parse."""
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
