"""Facts about the names and effects of a piece of code, from its syntax tree alone."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from verl_egca.statements import parse, top_level

_READING = frozenset({"input", "raw_input", "open", "stdin", "fileinput", "read", "readline", "readlines"})
_WRITING = frozenset({"print", "stdout", "write", "writelines"})
_BUILTINS = frozenset(dir(builtins)) | {"__file__"}
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DOING = (
    *(ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.Lambda, ast.JoinedStr),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """``free``: names that the code uses but does not bind, without builtins; ``acts``: it calls something when run."""

    top: frozenset[str]  # names that it binds at its top level
    variables: frozenset[str]  # arguments and assigned names, anywhere
    free: frozenset[str]
    acts: bool
    reads: bool
    writes: bool


def facts_of(tree: ast.Module) -> CodeFacts:
    used, bound, variables, mentioned = set[str](), set[str](), set[str](), set[str]()
    for node in ast.walk(tree):
        names = frozenset(_bound_by(node))
        bound |= names
        if isinstance(node, ast.Name | ast.arg):
            variables |= names
        match node:
            case ast.Name(id=name):
                mentioned.add(name)
                if isinstance(node.ctx, ast.Load):
                    used.add(name)
            case ast.Attribute(attr=name):
                mentioned.add(name)
            case ast.alias(name=name):
                mentioned.update(name.split("."))
    return CodeFacts(
        top=frozenset(name for node in _run_at_once(tree) for name in _bound_by(node)),
        variables=frozenset(variables),
        free=frozenset(used - bound - _BUILTINS),
        acts=any(isinstance(node, ast.Call) for node in _run_at_once(tree)),
        reads=not mentioned.isdisjoint(_READING),
        writes=not mentioned.isdisjoint(_WRITING),
    )


@lru_cache(maxsize=256)
def names_bound(source: str) -> frozenset[str]:
    """The names that a data set's code binds at its top level."""
    tree = parse(source, limit=None)
    return facts_of(tree).top if tree is not None else frozenset()


def inert_names(node: ast.stmt) -> frozenset[str] | None:
    """The names in a statement that computes nothing, such as a heading or sample output; None for other statements.

    A string counts as another statement: it may be the program's docstring.
    """
    if isinstance(node, ast.AnnAssign) and node.value is None:  # "Complexity: O(n)"
        return frozenset(inner.id for inner in ast.walk(node.annotation) if isinstance(inner, ast.Name))
    if not isinstance(node, ast.Expr) or _is_string(node):
        return None
    inner_nodes = list(ast.walk(node))
    if any(isinstance(inner, _DOING) for inner in inner_nodes):
        return None
    return frozenset(inner.id for inner in inner_nodes if isinstance(inner, ast.Name))


def _is_string(node: ast.Expr) -> bool:
    return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str | bytes)


def _run_at_once(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run with the module, without the bodies of functions and classes."""
    for statement in top_level(tree):
        yield statement
        waiting: list[ast.AST] = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt)]
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            waiting = list(statement.decorator_list)
        while waiting:
            node = waiting.pop()
            yield node
            if not isinstance(node, _SCOPES):
                waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]


def _bound_by(node: ast.AST) -> Iterator[str]:
    """The names that a node binds, without its children."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=alias):
            yield alias or name.partition(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
