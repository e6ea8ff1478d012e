"""A program for rewrites: its tree, its scopes, its blocks of statements, and fresh names.

A rewrite yields *sites*: closures that each make one change in the tree. After a change the program is printed and
parsed again, so that no site sees a partly changed tree.
"""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from truth.rewrites.iterators import lazy_names
from truth.rewrites.names import PURE_BUILTINS
from truth.rewrites.scopes import FunctionNode, Scope, Scopes

Site = Callable[[], None]


class Rewrite(Protocol):
    """One rewrite that keeps the meaning."""

    def sites(self, program: Program) -> list[Site]:
        """All places where it applies; a call of a site changes the program's tree in place."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One list of statements inside a function."""

    function: FunctionNode
    statements: list[ast.stmt]
    in_loop: bool
    in_try: bool

    def pairs(self) -> Iterator[tuple[int, ast.stmt, ast.stmt]]:
        """Neighbouring statements, as (index of the first, first, second)."""
        for index in range(len(self.statements) - 1):
            yield index, self.statements[index], self.statements[index + 1]

    def replacement(self, index: int, count: int, statements: list[ast.stmt]) -> Site:
        """A site that puts ``statements`` in the place of ``count`` statements from ``index`` on."""

        def apply() -> None:
            self.statements[index : index + count] = statements

        return apply


class Program:
    """A parsed program. ``keep`` are names in use outside: they are neither renamed nor reused for new variables."""

    def __init__(self, tree: ast.Module, entry_point: str, keep: frozenset[str] = frozenset()) -> None:
        self.tree = tree
        self.entry_point = entry_point
        self.keep = keep

    def replace(self, tree: ast.Module) -> None:
        """Takes another tree, and clears the caches of the old one."""
        self.__dict__ = {"tree": tree, "entry_point": self.entry_point, "keep": self.keep}

    @cached_property
    def scopes(self) -> Scopes:
        return Scopes(self.tree)

    @cached_property
    def parent(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def bound_anywhere(self) -> frozenset[str]:
        """Names that the program binds in any scope: a builtin among them may mean something else."""
        return frozenset().union(*(scope.bound for scope in self.scopes.of.values()))

    @cached_property
    def functions(self) -> list[FunctionNode]:
        return [node for node in ast.walk(self.tree) if isinstance(node, FunctionNode)]

    @cached_property
    def blocks(self) -> list[Block]:
        return [block for function in self.functions for block in _blocks(function, function.body, False, False)]

    @cached_property
    def lazy(self) -> frozenset[str]:
        """Names that may hold an iterator."""
        own = {function.name for function in self.functions if not self.is_generator(function)}
        return lazy_names(self.tree, (PURE_BUILTINS - self.bound_anywhere) | own)

    def is_builtin(self, name: str) -> bool:
        return hasattr(builtins, name) and name not in self.bound_anywhere

    def scope(self, function: ast.AST) -> Scope:
        return self.scopes.of[function]

    def is_local(self, function: FunctionNode, name: str) -> bool:
        """Whether ``name`` is the function's own variable, seen by no nested function."""
        scope = self.scope(function)
        return name in scope.bound and name not in scope.outside and not scope.captured(name)

    def is_generator(self, function: FunctionNode) -> bool:
        return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own_nodes(function))

    def fresh(self, *hints: str) -> str:
        """The first hint that is unused in the program, else the last hint with a number."""
        for hint in hints:
            if hint not in self.taken:
                return hint
        number = 2
        while f"{hints[-1]}{number}" in self.taken:
            number += 1
        return f"{hints[-1]}{number}"

    @cached_property
    def taken(self) -> frozenset[str]:
        names = set(self.keep) | set(dir(builtins)) | set(keyword.kwlist) | {self.entry_point}
        for scope in self.scopes.of.values():
            names |= scope.bound | set(scope.uses)
        return frozenset(names)


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions, lambdas and classes inside it."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, FunctionNode | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def names_in(*nodes: ast.AST) -> set[str]:
    """Every variable name that occurs in the nodes."""
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}


def expressions(program: Program) -> Iterator[ast.expr]:
    """The expressions of all functions, without defaults, annotations and decorators."""
    for function in program.functions:
        for statement in function.body:
            yield from (node for node in (statement, *own_nodes(statement)) if isinstance(node, ast.expr))


def put(program: Program, node: ast.expr, made: ast.expr) -> Site:
    """A site that replaces ``node`` by ``made``."""
    parent = program.parent[node]

    def apply() -> None:
        for name, held in ast.iter_fields(parent):
            if held is node:
                setattr(parent, name, made)
            elif isinstance(held, list) and any(part is node for part in held):
                held[next(index for index, part in enumerate(held) if part is node)] = made

    return apply


def _blocks(function: FunctionNode, body: list[ast.stmt], in_loop: bool, in_try: bool) -> Iterator[Block]:
    yield Block(function, body, in_loop, in_try)
    for statement in body:
        if isinstance(statement, FunctionNode | ast.ClassDef):
            continue
        looping = in_loop or isinstance(statement, ast.For | ast.AsyncFor | ast.While)
        trying = in_try or isinstance(statement, ast.Try | ast.TryStar)
        for name, inner in _inner_bodies(statement):
            yield from _blocks(function, inner, looping and not (name == "orelse" and not in_loop), trying)


def _inner_bodies(statement: ast.stmt) -> Iterator[tuple[str, list[ast.stmt]]]:
    for name in ("body", "orelse", "finalbody"):
        inner = getattr(statement, name, None)
        if inner:
            yield name, inner
    for handler in getattr(statement, "handlers", []):
        yield "handler", handler.body
    for case in getattr(statement, "cases", []):
        yield "case", case.body
