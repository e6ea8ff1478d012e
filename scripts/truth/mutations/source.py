"""A program's text and tree: the places of nodes, operators and statements in the text, in characters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces the characters from ``start`` to ``end`` by ``text``.

    ``marked`` is the wrong part of ``text`` (all of it by default). ``blamed`` is the place of the wrong or missing
    code, in characters of the source; by default it is the replaced range.
    """

    operator: str
    start: int
    end: int
    text: str
    marked: tuple[int, int] | None = None
    blamed: tuple[int, int] | None = None


class Source:
    """A program to break, or one function of it (``within``). Raises SyntaxError if it does not parse."""

    def __init__(self, text: str, within: str | None = None) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self.within = within
        self._starts = self._line_starts()

    @cached_property
    def dump(self) -> str:
        return ast.dump(self.tree)

    @cached_property
    def parent(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def functions(self) -> frozenset[str]:
        """The names of all functions that the program defines."""
        return frozenset(node.name for node in ast.walk(self.tree) if isinstance(node, FunctionNode))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes that may be broken, in the order of the text.

        Without docstrings, annotations, decorators, imports, and the contents of f-strings, whose positions Python
        reports only from 3.12 on.
        """
        found = [node for top in self._tops() for node in self._breakable(top)]
        return sorted(found, key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0)))

    @cached_property
    def statements(self) -> list[ast.stmt]:
        return [node for node in self.nodes if isinstance(node, ast.stmt)]

    def start(self, node: ast.AST) -> int:
        return self._offset(getattr(node, "lineno"), getattr(node, "col_offset"))  # noqa: B009

    def end(self, node: ast.AST) -> int:
        return self._offset(getattr(node, "end_lineno"), getattr(node, "end_col_offset"))  # noqa: B009

    def segment(self, node: ast.AST) -> str:
        return self.text[self.start(node) : self.end(node)]

    def outer(self, operand: ast.AST) -> tuple[int, int]:
        """The place of an operand with the parentheses around it, which are not part of its node."""
        start, end = self.start(operand), self.end(operand)
        while True:
            before, after = self.text[:start].rstrip(), self.text[end:].lstrip()
            if not (before.endswith("(") and after.startswith(")")):
                return start, end
            start, end = len(before) - 1, len(self.text) - len(after) + 1

    def line_start(self, line: int) -> int:
        """The offset of a line (from 1); one past the last line is the end of the text."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def between(self, left: ast.AST, right: ast.AST, pattern: str) -> tuple[int, int] | None:
        """The place of ``pattern`` between two neighbouring nodes; None if a comment is also between them."""
        start, end = self.end(left), self.start(right)
        gap = self.text[start:end]
        found = re.search(pattern, gap)
        return None if found is None or "#" in gap else (start + found.start(), start + found.end())

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The innermost statement around a node."""
        while not isinstance(node, ast.stmt):
            node = self.parent[node]
        return node

    def function_of(self, node: ast.AST) -> FunctionNode | None:
        while node in self.parent:
            node = self.parent[node]
            if isinstance(node, FunctionNode):
                return node
        return None

    def block_of(self, statement: ast.stmt) -> list[ast.stmt]:
        """The list of statements that contains the statement."""
        for _, value in ast.iter_fields(self.parent[statement]):
            if isinstance(value, list) and any(part is statement for part in value):
                return value
        raise ValueError(f"the statement in line {statement.lineno} is in no block")

    def is_alone_on_its_lines(self, statement: ast.stmt) -> bool:
        """Whether the statement's lines hold no other code; a comment may follow."""
        before = self.text[self.line_start(statement.lineno) : self.start(statement)]
        after = self.text[self.end(statement) : self.line_start((statement.end_lineno or 0) + 1)]
        return not before.strip() and (not after.strip() or after.strip().startswith("#"))

    def indent(self, statement: ast.stmt) -> str:
        line = self.text[self.line_start(statement.lineno) :]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def before(self, statement: ast.stmt) -> ast.stmt | None:
        """The statement before this one in its block, except a docstring."""
        block = self.block_of(statement)
        index = next(place for place, part in enumerate(block) if part is statement)
        return block[index - 1] if index and not _is_docstring(block[index - 1]) else None

    def after(self, statement: ast.stmt) -> ast.stmt | None:
        block = self.block_of(statement)
        index = next(place for place, part in enumerate(block) if part is statement)
        return block[index + 1] if index + 1 < len(block) else None

    def neighbours(self, statement: ast.stmt) -> tuple[int, int]:
        """From the last line before the statement to the first line after it, in its own block, as offsets."""
        before, after = self.before(statement), self.after(statement)
        start = self.line_start(before.end_lineno or 0) if before is not None else None
        end = self.line_start(after.lineno + 1) - 1 if after is not None else None
        if start is None and end is None:
            return self.start(statement), self.end(statement)
        if start is None and after is not None:
            start = self.line_start(after.lineno)
        if end is None and before is not None:
            end = self.line_start((before.end_lineno or 0) + 1) - 1
        assert start is not None
        assert end is not None
        return start, end

    def _tops(self) -> Iterator[ast.AST]:
        if self.within is None:
            yield self.tree
            return
        named = [node for node in self.tree.body if isinstance(node, FunctionNode) and node.name == self.within]
        if not named:
            raise ValueError(f"the program has no function {self.within!r}")
        yield named[-1]

    def _breakable(self, node: ast.AST) -> Iterator[ast.AST]:
        if isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom | ast.arg) or _is_docstring(node):
            return
        yield node
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from self._breakable(child)

    def _line_starts(self) -> list[int]:
        starts = [0]
        for line in self.text.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        return starts[:-1]

    def _offset(self, line: int, column: int) -> int:
        """The offset in characters; Python counts columns in bytes of UTF-8."""
        start = self._starts[line - 1]
        text = self.text[start : self.line_start(line + 1)]
        return start + (column if text.isascii() else len(text.encode()[:column].decode()))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
