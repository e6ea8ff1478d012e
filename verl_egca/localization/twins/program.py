"""A program for edits: its blocks, statements and expressions, each with its place and surroundings, and its names."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from verl_egca.localization.twins.costs import Amounts
from verl_egca.localization.twins.edits import Edit, written_instead
from verl_egca.localization.twins.trees import BLOCKS, DEFINITIONS, FUNCTIONS, LOOPS, Function, names_in, parameters
from verl_egca.source import SourceRange, SourceText
from verl_egca.statements import describe, parse

_LEFT_OUT = frozenset({"decorator_list", "annotation", "returns", "args", "bases", "keywords", "type_comment"})


@dataclass(frozen=True, slots=True)
class Site:
    """An expression and its parent node. ``start`` and ``end`` are character offsets."""

    node: ast.expr
    parent: ast.AST
    field: str
    statement: ast.stmt
    start: int
    end: int

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end

    @property
    def where(self) -> str:
        """The kind of its place, as far as the kind makes mistakes likelier."""
        if self.field in ("test", "ifs") or isinstance(self.parent, ast.BoolOp):
            return "a test"
        if isinstance(self.parent, ast.Call):
            return "a range" if getattr(self.parent.func, "id", "") == "range" else "a call"
        return _PLACES.get(type(self.parent), "an expression")

    @property
    def is_value(self) -> bool:
        """Whether it is read and not called."""
        is_read = isinstance(getattr(self.node, "ctx", None), ast.Load | None)
        return is_read and self.field != "func" and not isinstance(self.node, ast.Starred | ast.Slice)


_PLACES: dict[type[ast.AST], str] = {
    **dict.fromkeys((ast.Subscript, ast.Slice), "an index"),
    **dict.fromkeys((ast.Assign, ast.AugAssign, ast.AnnAssign), "an assignment"),
    **dict.fromkeys((ast.For, ast.comprehension), "a loop"),
    ast.Compare: "a comparison",
    ast.BinOp: "arithmetic",
    ast.Return: "a return",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A list of statements; ``owner`` is the module, compound statement, handler or case that holds it."""

    body: list[ast.stmt]
    owner: ast.AST
    field: str

    @property
    def where(self) -> str:
        if isinstance(self.owner, ast.For | ast.While):
            return "a loop"
        return "a branch" if isinstance(self.owner, ast.If) else "a function"

    @property
    def is_empty(self) -> bool:
        return len(self.body) == 1 and isinstance(self.body[0], ast.Pass)


class Program:
    """A parsed program. ``sites`` leave out annotations, decorators, f-strings and docstrings.

    For each statement it holds its block, and the innermost function and loop around it, or None.
    """

    def __init__(self, source: str) -> None:
        """Raises ValueError if the source does not parse."""
        tree = parse(source)
        if tree is None:
            raise ValueError("not a program")
        self.source, self.tree, self.text = source, tree, SourceText(source)
        self._spans: dict[ast.expr | ast.stmt, tuple[int, int]] = {}
        self._headers: dict[ast.stmt, SourceRange] = {}
        self._names: dict[Function | None, list[str]] = {}
        self.blocks: list[Block] = []
        self.block_of: dict[ast.stmt, Block] = {}
        self.function_of: dict[ast.stmt, Function | None] = {}
        self.loop_of: dict[ast.stmt, ast.stmt | None] = {}
        self._visit(Block(tree.body, tree, "body"), None, None)

    def statements(self) -> Iterator[ast.stmt]:
        for block in self.blocks:
            yield from block.body

    @functools.cached_property
    def sites(self) -> list[Site]:
        return list(self._sites(self.tree))

    # ------------------------------------------------------------ places

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        if node not in self._spans:
            self._spans[node] = self.text.offsets(self.text.of_node(node))
        return self._spans[node]

    def segment(self, node: ast.expr | ast.stmt) -> str:
        start, end = self.span(node)
        return self.source[start:end]

    def header(self, statement: ast.stmt) -> SourceRange:
        """The place of a statement: all of a simple statement, the header of a compound one."""
        if statement not in self._headers:
            self._headers[statement] = describe(statement, self.text).place
        return self._headers[statement]

    def indent(self, statement: ast.stmt) -> str:
        """The text before a statement in its line: only spaces, unless the statement shares the line."""
        start = self.span(statement)[0]
        return self.source[self.text.offset(statement.lineno, 0) : start]

    def depth_of(self, statement: ast.stmt) -> int:
        """The number of compound statements around it, within its function."""
        owner = self.block_of[statement].owner
        if not isinstance(owner, ast.stmt) or isinstance(owner, DEFINITIONS):
            return 0
        return 1 + self.depth_of(owner)

    def statement_at(self, offset: int) -> ast.stmt | None:
        """The innermost statement around an offset."""
        return self._statement_at[offset] if 0 <= offset < len(self._statement_at) else None

    @functools.cached_property
    def _statement_at(self) -> list[ast.stmt | None]:
        table: list[ast.stmt | None] = [None] * (len(self.source) + 1)
        for statement in self.statements():  # outer ones first
            start, end = self.span(statement)
            table[start : end + 1] = [statement] * (end + 1 - start)
        return table

    def around(self, start: int, end: int) -> tuple[int, int]:
        """The smallest expression that holds a change, or touches an insertion; else its statement's header."""
        spans = [site.span for site in self.sites if site.start <= start and end <= site.end]
        if spans:
            return min(spans, key=lambda span: (span[1] - span[0], span))
        if start == end:
            start, end = written_instead(self.source, start)
        statement = self.statement_at(start)
        return self.text.offsets(self.header(statement)) if statement is not None else (start, end)

    # ------------------------------------------------------------ names

    def visible(self, function: Function | None) -> list[str]:
        """Variables that a statement of the function can use, except ``self``, in the order of first appearance."""
        if function not in self._names:
            stored = names_in(function or self.tree, ast.Store)
            self._names[function] = list(dict.fromkeys([*taken(function), *stored]))
        return self._names[function]

    # ------------------------------------------------------------ insertions

    def after(self, statement: ast.stmt, text: str, kind: str, form: str, amounts: Amounts = ()) -> Edit:
        """Inserts a new statement after a statement, at its depth."""
        end, indent = self.span(statement)[1], self.indent(statement)
        blame, where = written_instead(self.source, end, len(indent)), self.block_of[statement].where
        return Edit(end, end, f"\n{indent}{text}", kind, blame, form, where, amounts)

    def before(self, statement: ast.stmt, text: str, kind: str, form: str, amounts: Amounts = ()) -> Edit:
        start, where = self.span(statement)[0], self.block_of[statement].where
        new, blame = f"{text}\n{self.indent(statement)}", written_instead(self.source, start)
        return Edit(start, start, new, kind, blame, form, where, amounts)

    # ------------------------------------------------------------ construction

    def _visit(self, block: Block, function: Function | None, loop: ast.stmt | None) -> None:
        self.blocks.append(block)
        for statement in block.body:
            self.block_of[statement], self.function_of[statement], self.loop_of[statement] = block, function, loop
            inner = statement if isinstance(statement, FUNCTIONS) else function
            around = statement if isinstance(statement, LOOPS) else None if isinstance(statement, DEFINITIONS) else loop
            for field in BLOCKS:
                parts = getattr(statement, field, None) or []
                if field in ("handlers", "cases"):
                    for part in parts:
                        self._visit(Block(part.body, part, "body"), inner, around)
                elif parts:
                    self._visit(Block(parts, statement, field), inner, around if field == "body" else loop)

    def _sites(self, node: ast.AST, statement: ast.stmt | None = None) -> Iterator[Site]:
        for field, value in ast.iter_fields(node):
            if isinstance(node, ast.stmt) and field in _LEFT_OUT:
                continue
            if isinstance(node, ast.ExceptHandler | ast.match_case) and field != "body":
                continue
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.stmt):
                    is_said = isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
                    if not (is_said and part is self.block_of[part].body[0]):
                        yield from self._sites(part, part)
                elif isinstance(part, ast.AST) and not isinstance(part, ast.JoinedStr):
                    if isinstance(part, ast.expr) and statement is not None:
                        yield Site(part, node, field, statement, *self.span(part))
                    yield from self._sites(part, statement)


def taken(function: Function | None) -> list[str]:
    """The parameters of a function, without ``self``."""
    return [name for name in (parameters(function) if function is not None else ()) if name not in ("self", "cls")]
