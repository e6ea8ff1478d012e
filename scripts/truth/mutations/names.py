"""The wrong variable, the wrong function, and arguments in the wrong order."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.mutations.source import Edit, FunctionNode, Source

CONFUSED = {
    "min": "max", "max": "min", "any": "all", "all": "any", "sorted": "reversed", "reversed": "sorted",
    "floor": "ceil", "ceil": "floor", "sum": "len", "len": "sum", "append": "extend", "extend": "append",
    "upper": "lower", "lower": "upper", "isupper": "islower", "islower": "isupper", "isalpha": "isalnum",
    "isdigit": "isalpha", "startswith": "endswith", "endswith": "startswith", "lstrip": "rstrip",
    "rstrip": "lstrip", "find": "rfind", "index": "rindex", "keys": "values", "values": "keys",
    "union": "intersection", "intersection": "union", "ord": "int", "round": "int", "int": "round", "list": "set",
    "set": "list", "swapcase": "upper", "split": "strip", "add": "discard", "remove": "append",
}  # fmt: skip
BARE = (ast.Name, ast.Constant, ast.Call, ast.Subscript, ast.Attribute, ast.ListComp)
COMMUTATIVE = frozenset({"min", "max", "gcd", "print"})
CLEANING = frozenset(
    ["strip", "lstrip", "rstrip", "lower", "upper", "swapcase", "split", "copy", "keys", "values", "items", "sort"]
)
WRAPPING = frozenset(
    ["abs", "int", "str", "sorted", "set", "list", "len", "round", "tuple", "reversed", "float", "sum", "max", "min"]
)


def wrong_variable(source: Source) -> Iterator[Edit]:
    """Another variable of the same function, bound above."""
    for node in source.nodes:
        function = source.function_of(node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and function is not None:
            known = _bound_before(source, function, node)
            called = isinstance(source.parent[node], ast.Call) and getattr(source.parent[node], "func", None) is node
            if node.id in known and not called:
                for name in sorted(known - {node.id}):
                    yield Edit("wrong variable", source.start(node), source.end(node), name)


def swapped_arguments(source: Source) -> Iterator[Edit]:
    """``f(b, a)`` for ``f(a, b)``."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and _called(node) not in COMMUTATIVE:
            for first, second in zip(node.args, node.args[1:], strict=False):
                if ast.dump(first) != ast.dump(second) and not isinstance(first, ast.Starred | ast.GeneratorExp):
                    between = source.text[source.end(first) : source.start(second)]
                    text = source.segment(second) + between + source.segment(first)
                    yield Edit("swapped arguments", source.start(first), source.end(second), text)


def wrong_function(source: Source) -> Iterator[Edit]:
    """One function or method for a similar one: ``max`` for ``min``, ``extend`` for ``append``."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and (name := _called(node)) in CONFUSED:
            end = source.end(node.func)
            yield Edit("wrong function", end - len(name), end, CONFUSED[name])


def removed_call(source: Source) -> Iterator[Edit]:
    """``x`` for ``x.strip()``, ``x`` for ``abs(x)``."""
    for node in source.nodes:
        match node:
            case ast.Call(ast.Attribute(value=owner, attr=name)) if name in CLEANING:
                if not isinstance(source.parent[node], ast.Expr):
                    yield Edit("removed call", source.start(node), source.end(node), source.segment(owner))
            case ast.Call(ast.Name(id=name), [argument]) if name in WRAPPING | source.functions:
                text = source.segment(argument) if isinstance(argument, BARE) else f"({source.segment(argument)})"
                if not isinstance(argument, ast.Starred) and not isinstance(source.parent[node], ast.Expr):
                    yield Edit("removed call", source.start(node), source.end(node), text)


def removed_keyword(source: Source) -> Iterator[Edit]:
    """``sorted(x)`` for ``sorted(x, reverse=True)``."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and node.keywords and node.args:
            # a generator argument's parentheses are not its own, so the text before the keyword stays unchanged
            last = node.keywords[-1]
            previous = node.keywords[-2] if len(node.keywords) > 1 else node.args[-1]
            comma = source.between(previous, last, ",")
            if comma is not None:
                yield Edit(
                    "removed keyword",
                    source.start(node),
                    source.end(node),
                    _cut(source, node, comma[0], source.end(last)),
                )


def _cut(source: Source, node: ast.Call, start: int, end: int) -> str:
    return source.text[source.start(node) : start] + source.text[end : source.end(node)]


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _bound_before(source: Source, function: FunctionNode, use: ast.Name) -> set[str]:
    """The parameters, the variables bound above the use, and inside a comprehension its own variables."""
    arguments = function.args
    names = {part.arg for part in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    statement = source.statement_of(use)
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and source.function_of(node) is function:
            comprehension = _comprehension_of(source, node)
            above = source.statement_of(node) is not statement and node.lineno < use.lineno
            if above if comprehension is None else _is_inside(source, use, comprehension):
                names.add(node.id)
    return names


def _comprehension_of(source: Source, node: ast.AST) -> ast.AST | None:
    while node in source.parent and not isinstance(node, ast.stmt):
        node = source.parent[node]
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            return node
    return None


def _is_inside(source: Source, node: ast.AST, outer: ast.AST) -> bool:
    """Whether the node is evaluated in the comprehension's own scope, as all but its first iterable are."""
    first = outer.generators[0].iter if hasattr(outer, "generators") else None
    while node in source.parent:
        if node is first:
            return False
        node = source.parent[node]
        if node is outer:
            return True
    return False
