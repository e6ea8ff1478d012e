"""The expressions and statements of a program with their places, and the names that each can see: where edits can be made."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from verl_egca.localization.twins.edits import written_instead
from verl_egca.localization.twins.scopes import parameters
from verl_egca.source import SourceRange, SourceText
from verl_egca.statements import describe, parse

Function = ast.FunctionDef | ast.AsyncFunctionDef
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Site:
    """An expression, and what stands around it. ``start`` and ``end`` are character offsets."""

    node: ast.expr
    parent: ast.AST
    field: str
    statement: ast.stmt
    start: int
    end: int

    @property
    def where(self) -> str:
        """What it is in what stands around it, as far as that makes mistakes likelier."""
        if self.field in ("test", "ifs") or isinstance(self.parent, ast.BoolOp):
            return "a test"
        if isinstance(self.parent, ast.Call):
            return "a range" if getattr(self.parent.func, "id", "") == "range" else "a call"
        return _PLACES.get(type(self.parent), "an expression")


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
    """A list of statements; ``owner`` is the compound statement that holds it, None for the module."""

    body: list[ast.stmt]
    owner: ast.AST
    field: str

    @property
    def where(self) -> str:
        if isinstance(self.owner, ast.For | ast.While):
            return "a loop"
        return "a branch" if isinstance(self.owner, ast.If) else "a function"


class Program:
    """A parsed program. ``sites`` and ``blocks`` leave out annotations, decorators, f-strings and docstrings."""

    def __init__(self, source: str) -> None:
        """Raises ValueError if the source does not parse."""
        tree = parse(source)
        if tree is None:
            raise ValueError("not a program")
        self.source, self.tree, self.text = source, tree, SourceText(source)
        self._headers: dict[ast.stmt, SourceRange] = {}
        self._spans: dict[ast.expr | ast.stmt, tuple[int, int]] = {}
        self.sites: list[Site] = []
        self.blocks: list[Block] = []
        self.function_of: dict[ast.stmt, Function | None] = {}
        self.loop_of: dict[ast.stmt, ast.stmt | None] = {}
        self.block_of: dict[ast.stmt, Block] = {}
        self._visit_block(tree.body, tree, "body", None, None)
        self._names: dict[Function | None, list[str]] = {}

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        if node not in self._spans:
            self._spans[node] = self.text.offsets(self.text.of_node(node))
        return self._spans[node]

    def segment(self, node: ast.expr | ast.stmt) -> str:
        start, end = self.span(node)
        return self.source[start:end]

    def header(self, statement: ast.stmt) -> SourceRange:
        """What stands for the statement: all of a simple one, the header of a compound one."""
        if statement not in self._headers:
            self._headers[statement] = describe(statement, self.text).place
        return self._headers[statement]

    def depth_of(self, statement: ast.stmt) -> int:
        """How many compound statements are around it, within its function."""
        owner = self.block_of[statement].owner
        if not isinstance(owner, ast.stmt) or isinstance(owner, _DEFINITIONS):
            return 0
        return 1 + self.depth_of(owner)

    def statement_at(self, offset: int) -> ast.stmt | None:
        """The innermost statement around an offset."""
        return self._statement_at[offset] if 0 <= offset < len(self._statement_at) else None

    def around(self, start: int, end: int) -> tuple[int, int]:
        """The smallest expression that holds a change, or touches it if it only adds; else its statement's header."""
        sites = [site for site in self.sites if site.start <= start and end <= site.end]
        if sites:
            return min(((site.start, site.end) for site in sites), key=lambda place: (place[1] - place[0], place))
        if start == end:
            start, end = written_instead(self.source, start)
        statement = self.statement_at(start)
        return self.text.offsets(self.header(statement)) if statement is not None else (start, end)

    @functools.cached_property
    def _statement_at(self) -> list[ast.stmt | None]:
        table: list[ast.stmt | None] = [None] * (len(self.source) + 1)
        for statement in self.statements():  # outer ones first
            start, end = self.span(statement)
            table[start : end + 1] = [statement] * (end + 1 - start)
        return table

    def statements(self) -> Iterator[ast.stmt]:
        for block in self.blocks:
            yield from block.body

    def visible(self, function: Function | None) -> list[str]:
        """Names of variables that a statement of the function can use, in the order of their first appearance; not ``self``."""
        if function not in self._names:
            own: ast.AST = self.tree if function is None else function
            names = [] if function is None else [name for name in parameters(function) if name not in ("self", "cls")]
            for node in ast.walk(own):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    names.append(node.id)
            self._names[function] = list(dict.fromkeys(names))
        return self._names[function]

    def _visit_block(
        self, body: list[ast.stmt], owner: ast.AST, field: str, function: Function | None, loop: ast.stmt | None
    ) -> None:
        block = Block(body, owner, field)
        self.blocks.append(block)
        for place, statement in enumerate(body):
            self.block_of[statement] = block
            self.function_of[statement], self.loop_of[statement] = function, loop
            if place == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue  # a docstring
            self._visit_statement(statement, function, loop)

    def _visit_statement(self, statement: ast.stmt, function: Function | None, loop: ast.stmt | None) -> None:
        inner = statement if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) else function
        inner_loop = None if isinstance(statement, _DEFINITIONS) else loop
        if isinstance(statement, ast.For | ast.AsyncFor | ast.While):
            inner_loop = statement
        for field, value in ast.iter_fields(statement):
            if field in ("decorator_list", "annotation", "returns", "args", "bases", "keywords", "type_comment"):
                continue
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                self._visit_block(value, statement, field, inner, inner_loop if field == "body" else loop)
            elif isinstance(value, list):
                for item in value:
                    self._visit_part(item, statement, field, statement, inner, inner_loop)
            elif isinstance(value, ast.AST):
                self._visit_part(value, statement, field, statement, inner, inner_loop)

    def _visit_part(
        self,
        node: object,
        parent: ast.AST,
        field: str,
        statement: ast.stmt,
        function: Function | None,
        loop: ast.stmt | None,
    ) -> None:
        if isinstance(node, ast.ExceptHandler | ast.match_case):
            self._visit_block(node.body, node, "body", function, loop)
            return
        if isinstance(node, ast.JoinedStr) or not isinstance(node, ast.AST):
            return
        if isinstance(node, ast.expr):
            self.sites.append(Site(node, parent, field, statement, *self.span(node)))
        for name, value in ast.iter_fields(node):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, ast.AST):
                    self._visit_part(item, node, name, statement, function, loop)


def own_nodes(statement: ast.stmt) -> Iterable[ast.AST]:
    """What a statement itself consists of, without the statements within it."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(
            child
            for child in ast.iter_child_nodes(node)
            if not isinstance(child, ast.stmt | ast.excepthandler | ast.match_case)
        )
