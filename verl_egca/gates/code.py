"""A program's code for the gates: the part that its entry point reaches, with its functions and variables.

Bounded: a program with too many nodes or levels has no `Code`, and its text is not checked.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from verl_egca.statements import parse

MAX_CHARACTERS = 1 << 16
MAX_NODES = 20_000
MAX_DEPTH = 100
_MOST_NAMESAKES = 4

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
LOOPS = (ast.For, ast.AsyncFor, ast.While)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SILENT = frozenset(
    {"annotation", "returns", "type_comment", "ctx", "type_params", "op", "ops", "names"}
)  # fields that compute nothing by themselves
_known_fields: dict[type[ast.AST], tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class Code:
    """The statements that the entry point reaches by name; the whole module if it has no such function.

    ``functions``: the program's functions by name, the last few of each, with nested ones, methods and named lambdas.
    ``scopes``: by a function's id, its variables and the id of the function around it.
    """

    statements: tuple[ast.stmt, ...]
    entry: FunctionNode | None
    functions: dict[str, tuple[FunctionNode, ...]]
    scopes: dict[int, tuple[frozenset[str], int | None]]

    def walk(self) -> Iterator[ast.AST]:
        """All nodes that compute something."""
        return walk(self.statements)

    def called(self, name: str, within: FunctionNode | None) -> tuple[FunctionNode, ...]:
        """The program's functions of that name, as seen in a function or at the module's level."""
        return () if self.is_variable(name, within) else self.functions.get(name, ())

    def is_variable(self, name: str, within: FunctionNode | None) -> bool:
        """Whether the name is a variable of the function or one around it, and so hides functions and builtins."""
        scope = id(within) if within is not None else None
        while scope is not None:
            own, scope = self.scopes[scope]
            if name in own:
                return True
        return False


@lru_cache(maxsize=32)
def code_of(program: str, entry_point: str | None) -> Code | None:
    """None if the program does not parse, or exceeds the bounds. Cached: several checks read one sample."""
    tree = parse(program, MAX_CHARACTERS)
    if tree is None or not _is_bounded(tree):
        return None
    root, method = _entry(tree, entry_point)
    reached = _reached(tree, root)
    functions, scopes = _functions(reached)
    if method is not None:
        bodies = [one.body for one in reached if isinstance(one, ast.ClassDef) and one.name == root]
        namesakes, within = functions.get(method, ()), tuple(bodies[-1]) if bodies else ()
    else:
        namesakes, within = functions.get(root or "", ()), reached
    entry = next((node for node in reversed(namesakes) if _is_top_level(node, within)), None)
    return Code(reached, entry, functions, scopes)


def walk(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes and their descendants in the order of the text, without annotations and docstrings."""
    left = list(nodes)[::-1]
    while left:
        node = left.pop()
        yield node
        left.extend(reversed(children(node)))


def children(node: ast.AST) -> list[ast.AST]:
    """In the order of the text, without annotations and docstrings."""
    found: list[ast.AST] = []
    for field in _fields(type(node)):
        value = getattr(node, field, None)
        if isinstance(value, ast.AST):
            found.append(value)
        elif type(value) is list:
            found += [one for one in value if isinstance(one, ast.AST) and not _is_text(one)]
    return found


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    if kind not in _known_fields:
        leaf = kind is ast.Name or kind is ast.Constant
        _known_fields[kind] = () if leaf else tuple(field for field in kind._fields if field not in _SILENT)
    return _known_fields[kind]


def parameters(function: FunctionNode) -> list[str]:
    given = function.args
    rest = [one for one in (given.vararg, given.kwarg) if one is not None]
    return [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, *rest)]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_bounded(tree: ast.Module) -> bool:
    level: list[ast.AST] = [tree]
    nodes = depth = 0
    while level:
        nodes, depth = nodes + len(level), depth + 1
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            return False
        level = [child for node in level for child in children(node)]
    return True


# ---------------------------------------------------------------- the reached statements


def _entry(tree: ast.Module, entry_point: str | None) -> tuple[str | None, str | None]:
    """The entry point's name in the module, and its method if that is a class; ``Solution`` if no other has the name."""
    name, _, method = (entry_point or "").partition("().")
    if method or not name or any(name in _bound(statement) for statement in tree.body):
        return name or None, method or None
    solutions = [one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == "Solution"]
    methods = {inner.name for one in solutions for inner in one.body if isinstance(inner, _FUNCTIONS)}
    return ("Solution", name) if name in methods else (name, None)


def _reached(tree: ast.Module, root: str | None) -> tuple[ast.stmt, ...]:
    binding: dict[str, list[int]] = {}
    for place, statement in enumerate(tree.body):
        for name in _bound(statement):
            binding.setdefault(name, []).append(place)
    if root is None or root not in binding:
        return tuple(tree.body)
    reached: set[int] = set()
    wanted = [root]
    seen = {root, "*"}
    reached.update(binding.get("*", ()))
    while wanted:
        for place in binding.get(wanted.pop(), ()):
            if place in reached:
                continue
            reached.add(place)
            for node in walk([tree.body[place]]):
                if isinstance(node, ast.Name) and node.id not in seen:
                    seen.add(node.id)
                    wanted.append(node.id)
    return tuple(tree.body[place] for place in sorted(reached))


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of the module binds or changes in place; ``*`` for ``from … import *``."""
    left: list[ast.AST] = [statement]
    while left:
        node = left.pop()
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node.name
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield (alias.asname or alias.name).split(".")[0]
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            root: ast.expr = node
            while isinstance(root, ast.Subscript | ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name):
                yield root.id
        left.extend(children(node))


# ---------------------------------------------------------------- functions and variables


def _named_functions(node: ast.AST) -> Iterator[tuple[str, FunctionNode]]:
    if isinstance(node, _FUNCTIONS):
        yield node.name, node
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value


def _is_top_level(function: FunctionNode, statements: tuple[ast.stmt, ...]) -> bool:
    return any(function is one or (isinstance(one, ast.Assign) and function is one.value) for one in statements)


def _functions(
    statements: Iterable[ast.stmt],
) -> tuple[dict[str, tuple[FunctionNode, ...]], dict[int, tuple[frozenset[str], int | None]]]:
    """`Code.functions` and `Code.scopes`."""
    functions: dict[str, tuple[FunctionNode, ...]] = {}
    variables: dict[int, set[str]] = {}
    no_variables: dict[int, set[str]] = {}  # names declared global or nonlocal, and nested functions
    around: dict[int, int | None] = {}
    left: list[tuple[ast.AST, int | None]] = [(one, None) for one in list(statements)[::-1]]
    while left:
        node, within = left.pop()
        if isinstance(node, ast.Name):
            if within is not None and isinstance(node.ctx, ast.Store):
                variables[within].add(node.id)
            continue
        for name, function in _named_functions(node):
            functions[name] = (*functions.get(name, ()), function)[-_MOST_NAMESAKES:]
            if within is not None:
                no_variables[within].add(name)
        if isinstance(node, ast.Global | ast.Nonlocal) and within is not None:
            no_variables[within].update(node.names)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            around[id(node)], within = within, id(node)
            variables[within], no_variables[within] = set(parameters(node)), set()
        left.extend((child, within) for child in reversed(children(node)))
    scopes = {key: (frozenset(variables[key] - no_variables[key]), around[key]) for key in around}
    return functions, scopes
