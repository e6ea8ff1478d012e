"""Loops that collect into a list, set or dict, and the equivalent comprehensions."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from truth.rewrites.build import assign, assigned_name, call, if_, is_empty, load, method
from truth.rewrites.evaluation import Slot, leading, pure
from truth.rewrites.generators import (
    as_generators,
    as_loops,
    may_become_comprehension,
    may_become_loops,
    rename_targets,
)
from truth.rewrites.program import Block, Program, Site, names_in
from truth.rewrites.scopes import Comprehension

EAGER = frozenset(["sorted", "list", "set", "tuple", "min", "max", "sum", "dict", "frozenset"])


class LoopToComprehension:
    """``out = []`` and a loop that appends become ``out = [... for ...]``; sets and dicts likewise."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for index, first, second in block.pairs():
                made = None if block.in_try else _comprehension(program, block, first, second)
                name = assigned_name(first)
                if made is not None and name is not None:
                    sites.append(block.replacement(index, 2, [assign(name, made)]))
        return sites


class ComprehensionToLoop:
    """``[... for ...]`` becomes an empty list and a loop that appends; sets, dicts and consumed generators too."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _unrolled(program, block, index, slot, comprehension)
            for block in program.blocks
            for index, statement in enumerate(block.statements)
            for slot in leading(statement, program)
            if (comprehension := _collects(program, slot)) is not None
            and (slot.first or pure(slot.node, program))
            and may_become_loops(program, comprehension)
        ]


@dataclass(frozen=True, slots=True)
class _Collected:
    """The addition of the innermost statement: an element, or a key and its value."""

    kind: str
    element: ast.expr
    key: ast.expr | None = None


def _comprehension(program: Program, block: Block, first: ast.stmt, loop: ast.stmt) -> Comprehension | None:
    name = assigned_name(first)
    found = as_generators(loop)
    if name is None or found is None or not program.is_local(block.function, name):
        return None
    clauses, body = found
    collected = _added(name, body)
    assert isinstance(first, ast.Assign)
    if collected is None or not is_empty(first.value, collected.kind) or not program.is_builtin(collected.kind):
        return None
    parts: list[ast.AST] = [collected.element, *clauses] + ([collected.key] if collected.key else [])
    if name in names_in(*parts) or not may_become_comprehension(program, block, loop, clauses):
        return None
    if collected.key is not None:
        return ast.DictComp(collected.key, collected.element, clauses)
    maker = ast.ListComp if collected.kind == "list" else ast.SetComp
    return maker(collected.element, clauses)


def _added(name: str, body: list[ast.stmt]) -> _Collected | None:
    match body:
        case [ast.Expr(ast.Call(ast.Attribute(ast.Name(id=owner), "append" | "add" as verb), [element], []))] if (
            owner == name
        ):
            return _Collected("list" if verb == "append" else "set", element)
        case [ast.AugAssign(ast.Name(id=owner), ast.Add(), ast.List(elts=[element]))] if owner == name:
            return _Collected("list", element)
        case [ast.Assign([ast.Subscript(ast.Name(id=owner), key)], value)] if owner == name and not isinstance(
            key, ast.Slice
        ):
            return _Collected("dict", value, key)
        case [ast.If(test, [_] as yes, [_] as no)]:
            left, right = _added(name, yes), _added(name, no)
            if left is not None and right is not None and left.kind == right.kind != "dict":
                return _Collected(left.kind, ast.IfExp(test, left.element, right.element))
    return None


def _collects(program: Program, slot: Slot) -> Comprehension | None:
    node = slot.node
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp):
        return node if not isinstance(node, ast.SetComp) or program.is_builtin("set") else None
    if not isinstance(node, ast.GeneratorExp) or not isinstance(slot.parent, ast.Call) or slot.index != 0:
        return None
    function = slot.parent.func
    if isinstance(function, ast.Name):
        return node if function.id in EAGER and program.is_builtin(function.id) else None
    joins = isinstance(function, ast.Attribute) and function.attr == "join" and isinstance(function.value, ast.Constant)
    return node if joins else None


def _unrolled(program: Program, block: Block, index: int, slot: Slot, node: Comprehension) -> Site:
    def apply() -> None:
        statement = block.statements[index]
        target = assigned_name(statement)
        whole = slot.parent is statement and target is not None
        # An assigned name may collect the values directly, unless the comprehension reads its old value.
        direct = (
            whole and target is not None and program.is_local(block.function, target) and target not in names_in(node)
        )
        name = (
            target if direct and target and not block.in_try else program.fresh("collected", "gathered", "result_items")
        )
        rename_targets(program, block, node)
        add: ast.stmt
        if isinstance(node, ast.DictComp):
            empty: ast.expr = ast.Dict([], [])
            # a comprehension evaluates the key first, an assignment the value: only side effects differ
            add = ast.Assign([ast.Subscript(load(name), node.key, ast.Store())], node.value)
        elif isinstance(node, ast.SetComp):
            empty, add = call("set"), ast.Expr(method(name, "add", node.elt))
        else:
            empty, add = ast.List([], ast.Load()), ast.Expr(_append(name, node.elt))
        loops: list[ast.stmt] = [assign(name, empty), as_loops(node.generators, [_branched(add)])]
        if name == target:
            block.statements[index : index + 1] = loops
        else:
            slot.put(load(name))
            block.statements[index:index] = loops

    return apply


def _append(name: str, element: ast.expr) -> ast.Call:
    return method(name, "append", element)


def _branched(add: ast.stmt) -> ast.stmt:
    """``out.append(a if c else b)`` as an ``if`` statement, the usual form in a loop."""
    match add:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(id=name), verb), [ast.IfExp(test, body, orelse)], [])):
            return if_(test, [ast.Expr(method(name, verb, body))], [ast.Expr(method(name, verb, orelse))])
    return add
