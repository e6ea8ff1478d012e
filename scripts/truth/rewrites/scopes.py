"""The scope of every name of a module, by Python's own rules: closures, comprehensions, walrus, class bodies.

Not covered: names in use only as strings (``eval``, ``globals()``), and ``__class__`` cells.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from enum import Enum

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Kind(Enum):
    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    COMPREHENSION = "comprehension"


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """One place that names a variable: a ``Name``, a parameter, a ``def``, an import, a ``global`` statement, ..."""

    node: ast.AST
    scope: Scope

    @property
    def stores(self) -> bool:
        return not (isinstance(self.node, ast.Name) and isinstance(self.node.ctx, ast.Load))


@dataclass(slots=True, eq=False)
class Scope:
    """A scope and all uses of its own variables, including those in nested scopes."""

    node: ast.AST
    kind: Kind
    parent: Scope | None
    bound: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)
    outside: dict[str, Kind] = field(default_factory=dict)
    uses: dict[str, list[Use]] = field(default_factory=dict)

    def owner(self, name: str) -> Scope:
        """The scope of ``name`` as seen from here; the module's for globals and builtins."""
        scope: Scope | None = self
        while scope is not None:
            if scope.outside.get(name) is Kind.MODULE:
                break
            inside = scope is self or scope.kind is not Kind.CLASS
            if inside and name in scope.bound and name not in scope.outside:
                return scope
            scope = scope.parent
        return self.module

    @property
    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    @property
    def function(self) -> Scope:
        """The innermost scope around that is no comprehension, in which a walrus binds."""
        scope = self
        while scope.kind is Kind.COMPREHENSION and scope.parent is not None:
            scope = scope.parent
        return scope

    def captured(self, name: str) -> bool:
        """Whether a nested function reads or writes the variable: it may then change at any call."""
        return any(use.scope.function is not self for use in self.uses.get(name, []))


class Scopes:
    """All scopes of a module; ``of[node]`` is the scope that a module, class, function or comprehension opens."""

    def __init__(self, tree: ast.Module) -> None:
        self.of: dict[ast.AST, Scope] = {}
        self.around: dict[ast.AST, Scope] = {}
        collector = _Collector(self)
        collector.module(tree)
        for name, use in collector.found:
            use.scope.owner(name).uses.setdefault(name, []).append(use)

    def owner(self, node: ast.Name) -> Scope:
        return self.around[node].owner(node.id)


class _Collector(ast.NodeVisitor):
    def __init__(self, scopes: Scopes) -> None:
        self.scopes = scopes
        self.found: list[tuple[str, Use]] = []
        self.scope: Scope

    def module(self, tree: ast.Module) -> None:
        self._inside(tree, Kind.MODULE, None, list(tree.body))

    def generic_visit(self, node: ast.AST) -> None:
        self.scopes.around[node] = self.scope
        super().generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self.scopes.around[node] = self.scope
        self._use(node.id, node, binds=not isinstance(node.ctx, ast.Load))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.scopes.around[node] = self.scope
        inner, self.scope = self.scope, self.scope.function
        self.visit(node.target)
        self.scope = inner
        self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        self._use(node.arg, node, binds=True)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._use(node.name, node, binds=True)
        self.generic_visit(node)

    def visit_alias(self, node: ast.alias) -> None:
        name = node.asname or node.name.split(".")[0]
        self.scope.imported.add(name)
        self._use(name, node, binds=True)

    def visit_Global(self, node: ast.Global) -> None:
        self._outside(node, Kind.MODULE)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self._outside(node, Kind.FUNCTION)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self._use(node.name, node, binds=True)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self._use(node.name, node, binds=True)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self._use(node.rest, node, binds=True)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.scopes.around[node] = self.scope
        self._defaults(node.args)
        self._inside(node, Kind.FUNCTION, self.scope, [*_parameters(node.args), node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.scopes.around[node] = self.scope
        self._use(node.name, node, binds=True)
        for outer in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outer)
        self._inside(node, Kind.CLASS, self.scope, list(node.body))

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node, [node.key, node.value])

    def _function(self, node: FunctionNode) -> None:
        self.scopes.around[node] = self.scope
        self._use(node.name, node, binds=True)
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._defaults(node.args)
        for parameter in _parameters(node.args):
            if parameter.annotation:
                self.visit(parameter.annotation)
        if node.returns:
            self.visit(node.returns)
        self._inside(node, Kind.FUNCTION, self.scope, [*_parameters(node.args), *node.body])

    def _comprehension(self, node: Comprehension, results: list[ast.expr]) -> None:
        self.scopes.around[node] = self.scope
        first, *others = node.generators
        self.visit(first.iter)
        rest: list[ast.AST] = [first.target, *first.ifs, *others, *results]
        self._inside(node, Kind.COMPREHENSION, self.scope, rest)

    def _defaults(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.visit(default)

    def _inside(self, node: ast.AST, kind: Kind, parent: Scope | None, parts: list[ast.AST]) -> None:
        scope = self.scopes.of[node] = Scope(node, kind, parent)
        self.scope = scope
        for part in parts:
            self.visit(part)
        if parent is not None:
            self.scope = parent

    def _outside(self, node: ast.Global | ast.Nonlocal, kind: Kind) -> None:
        for name in node.names:
            self.scope.outside[name] = kind
            self._use(name, node, binds=kind is Kind.MODULE)
            if kind is Kind.MODULE:
                self.scope.module.bound.add(name)

    def _use(self, name: str, node: ast.AST, *, binds: bool) -> None:
        if binds:
            self.scope.bound.add(name)
        self.found.append((name, Use(node, self.scope)))


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    single = [parameter for parameter in (arguments.vararg, arguments.kwarg) if parameter is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *single]
