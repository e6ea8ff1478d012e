"""Other names for variables, parameters and helper functions.

Not renamed: the entry point, names in ``keep``, the module's own names unless the caller names those in use outside,
keywords of calls, imports, classes and their members; and no name at all if the program looks variables up by text.
"""

from __future__ import annotations

import ast
import random

from truth.rewrites.program import Program
from truth.rewrites.scopes import FunctionNode, Kind, Scope, Use

BY_TEXT = frozenset(["eval", "exec", "locals", "globals", "vars", "dir"])
SYNONYMS = {
    "i": "idx position k", "j": "inner other m", "k": "pos step index", "n": "count size num",
    "x": "value val element", "y": "second other_value b", "s": "text chars line", "c": "char letter symbol",
    "l": "values data sequence", "lst": "values data sequence", "arr": "data numbers sequence",
    "result": "output answer res", "res": "output answer acc", "ans": "result output solution",
    "ret": "result output acc", "count": "cnt tally number", "total": "acc subtotal amount",
    "string": "text word chars", "text": "string content line", "numbers": "nums values data",
    "nums": "numbers values data", "e": "item element entry", "a": "first left p", "b": "second right q",
    "word": "token term w", "words": "tokens terms", "max_depth": "deepest highest", "depth": "level nesting",
    "is_prime": "prime_check has_no_divisor", "key": "name label",
}  # fmt: skip
NEUTRAL = """
    item entry current data values temp buffer outcome source target piece left right upper lower state holder
    record cell row field unit token node stock batch chunk mark level limit bound base extra origin basis
"""
POOL = tuple(NEUTRAL.split())


def rename(program: Program, rng: random.Random, share: float, module_names: bool) -> int:
    """Renames about ``share`` of all names that may change, in place. Returns their number."""
    if any(isinstance(node, ast.Name) and node.id in BY_TEXT for node in ast.walk(program.tree)):
        return 0
    taken = set(program.taken)
    by_keyword = {node.arg for node in ast.walk(program.tree) if isinstance(node, ast.keyword) and node.arg}
    done = 0
    for scope in program.scopes.of.values():
        for name in sorted(scope.bound):
            allowed = _may_rename(program, scope, name, module_names) and name not in by_keyword
            if allowed and rng.random() < share:
                new = _other_name(name, scope, rng, taken)
                taken.add(new)
                for use in scope.uses.get(name, []):
                    _set_name(use, name, new)
                done += 1
    return done


def _may_rename(program: Program, scope: Scope, name: str, module_names: bool) -> bool:
    fixed = (
        name in program.keep or name in scope.imported or name in scope.outside or name.startswith("__") or name == "_"
    )
    uses = scope.uses.get(name, [])
    if fixed or not uses or scope.kind is Kind.CLASS:
        return False
    if any(isinstance(use.node, ast.ClassDef) for use in uses) or _is_method_argument(program, scope, name):
        return False
    if scope.kind is Kind.MODULE:
        only_function = all(isinstance(use.node, FunctionNode) or not use.stores for use in uses)
        return module_names and only_function and name != program.entry_point
    return True


def _is_method_argument(program: Program, scope: Scope, name: str) -> bool:
    inside_class = isinstance(program.parent.get(scope.node), ast.ClassDef)
    return inside_class and any(isinstance(use.node, ast.arg) for use in scope.uses[name])


def _other_name(name: str, scope: Scope, rng: random.Random, taken: set[str]) -> str:
    is_function = any(isinstance(use.node, FunctionNode) for use in scope.uses[name])
    pool = SYNONYMS.get(name, "").split() or (
        [f"{name}_of", f"do_{name}", f"{name}_helper"] if is_function else list(POOL)
    )
    free = [candidate for candidate in pool if candidate not in taken] or [c for c in POOL if c not in taken]
    if free:
        return rng.choice(free)
    number = 2
    while f"{name}{number}" in taken:
        number += 1
    return f"{name}{number}"


def _set_name(use: Use, old: str, new: str) -> None:
    node = use.node
    match node:
        case ast.Name():
            node.id = new
        case ast.arg():
            node.arg = new
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar():
            node.name = new
        case ast.MatchMapping():
            node.rest = new
        case ast.Global() | ast.Nonlocal():
            node.names = [new if name == old else name for name in node.names]
