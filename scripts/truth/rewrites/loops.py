"""``for`` loops as ``while`` loops with an index, and counting ``while`` loops as ``for`` loops over a range."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from truth.rewrites.build import assign, assigned_name, augment, call, clone, compare, constant, is_name, load
from truth.rewrites.generators import private_to
from truth.rewrites.names import PURE_METHODS
from truth.rewrites.program import Block, Program, Site, names_in

LIST_MAKERS = frozenset(["sorted", "list", "tuple", "str", "enumerate", "zip", "reversed"])
LIST_METHODS = frozenset(["split", "rsplit", "splitlines", "keys", "values", "items"])


class ForToWhile:
    """``for x in xs`` becomes an index that counts up to ``len``, incremented before the body because of ``continue``.

    Only for finite values (no iterators), and only if the body does not change the iterated values.
    """

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for index, statement in enumerate(block.statements):
                if isinstance(statement, ast.For):
                    bounds = _range_bounds(program, statement)
                    if bounds is not None:
                        sites.append(_count(program, block, index, statement, bounds))
                    elif _is_finite_list(program, block, statement):
                        sites.append(_walk_list(program, block, index, statement))
        return sites


class WhileToFor:
    """``i = 0``, ``while i < len(xs): ...; i += 1`` becomes ``for i in range(len(xs))``."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for index, first, loop in block.pairs():
                if isinstance(loop, ast.While) and (made := _counting(program, block, first, loop)) is not None:
                    sites.append(block.replacement(index, 2, [made]))
        return sites


@dataclass(frozen=True, slots=True)
class _Bounds:
    start: ast.expr
    stop: ast.expr
    step: int


def _range_bounds(program: Program, loop: ast.For) -> _Bounds | None:
    match loop.iter:
        case ast.Call(ast.Name(id="range"), [stop], []):
            bounds = _Bounds(constant(0), stop, 1)
        case ast.Call(ast.Name(id="range"), [start, stop], []):
            bounds = _Bounds(start, stop, 1)
        case ast.Call(ast.Name(id="range"), [start, stop, step], []) if (size := _integer(step)) not in (None, 0):
            bounds = _Bounds(start, stop, size or 1)
        case _:
            return None
    plain = isinstance(loop.target, ast.Name) and not any(
        isinstance(bound, ast.Starred) for bound in (bounds.start, bounds.stop)
    )
    return bounds if plain and program.is_builtin("range") else None


def _count(program: Program, block: Block, index: int, loop: ast.For, bounds: _Bounds) -> Site:
    def apply() -> None:
        assert isinstance(loop.target, ast.Name)
        name = loop.target.id
        before: list[ast.stmt] = []
        stop = bounds.stop
        if not _unchanged(program, block, stop, loop.body) or name in names_in(stop):
            bound = program.fresh("limit", "stop", "bound")
            before.append(assign(bound, stop))
            stop = load(bound)
        test: ast.cmpop = ast.Lt() if bounds.step > 0 else ast.Gt()
        step: ast.operator = ast.Add() if bounds.step > 0 else ast.Sub()
        own = _own_counter(program, block, loop, name)
        counter = name if own else program.fresh("position", "counter", "index")
        start = assign(counter, bounds.start)
        advance = augment(counter, step, constant(abs(bounds.step)))
        body = [*loop.body, advance] if own else [assign(name, load(counter)), advance, *loop.body]
        while_ = ast.While(compare(load(counter), test, clone(stop)), body, loop.orelse)
        block.statements[index : index + 1] = [*before, start, while_]

    return apply


def _own_counter(program: Program, block: Block, loop: ast.For, name: str) -> bool:
    """Whether the loop variable may count: the body only reads it and reaches its end, and no later code reads it."""
    writes = any(
        is_name(node, name) and isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
        for part in loop.body
        for node in ast.walk(part)
    )
    jumps = any(isinstance(node, ast.Continue) for part in loop.body for node in ast.walk(part))
    return not writes and not jumps and not loop.orelse and private_to(program, block, loop, name)


def _is_finite_list(program: Program, block: Block, loop: ast.For) -> bool:
    """Whether ``list(...)`` of the iterated value has the same elements as the loop."""
    if program.is_generator(block.function) or not (program.is_builtin("list") and program.is_builtin("len")):
        return False
    if not _unchanged(program, block, loop.iter, loop.body, rebinding=True):
        return False
    match loop.iter:
        case ast.Name(id=name):
            return name not in program.lazy
        case ast.List() | ast.Tuple() | ast.Constant() | ast.Subscript() | ast.ListComp() | ast.BinOp():
            return True
        case ast.Call(ast.Name(id=name)):
            return name in LIST_MAKERS and program.is_builtin(name) and not names_in(loop.iter) & program.lazy
        case ast.Call(ast.Attribute(attr=name)):
            return name in LIST_METHODS
    return False


def _walk_list(program: Program, block: Block, index: int, loop: ast.For) -> Site:
    def apply() -> None:
        items = program.fresh("items", "entries", "sequence")
        position = program.fresh("position", "cursor", "index")
        head: list[ast.stmt] = [
            ast.Assign([loop.target], ast.Subscript(load(items), load(position), ast.Load())),
            augment(position, ast.Add(), constant(1)),
        ]
        test = compare(load(position), ast.Lt(), call("len", load(items)))
        block.statements[index : index + 1] = [
            assign(items, call("list", loop.iter)),
            assign(position, constant(0)),
            ast.While(test, head + loop.body, loop.orelse),
        ]

    return apply


def _counting(program: Program, block: Block, first: ast.stmt, loop: ast.While) -> ast.For | None:
    name = assigned_name(first)
    match loop.test, loop.body[-1]:
        case (
            ast.Compare(ast.Name(id=tested), [ast.Lt()], [ast.Call(ast.Name(id="len"), [ast.Name()], []) as stop]),
            ast.AugAssign(ast.Name(id=counted), ast.Add(), ast.Constant(value=1)),
        ) if name is not None and tested == counted == name:
            pass
        case _:
            return None
    body = loop.body[:-1]
    assert isinstance(first, ast.Assign)
    start = _integer(first.value)
    if start is None or not body or not (program.is_builtin("range") and program.is_builtin("len")):
        return None
    nodes = [node for statement in body for node in ast.walk(statement)]
    writes = any(is_name(node, name) and not isinstance(getattr(node, "ctx", None), ast.Load) for node in nodes)
    jumps = any(isinstance(node, ast.Continue) for node in nodes)
    if writes or jumps or not _unchanged(program, block, stop, body):
        return None
    uses = program.scope(block.function).uses[name]
    inside = {*ast.walk(loop), *ast.walk(first)}
    if not program.is_local(block.function, name) or any(use.node not in inside for use in uses):
        return None
    arguments = [stop] if start == 0 else [first.value, stop]
    return ast.For(ast.Name(name, ast.Store()), call("range", *arguments), body, loop.orelse)


def _unchanged(
    program: Program, block: Block, value: ast.expr, body: list[ast.stmt], *, rebinding: bool = False
) -> bool:
    """Whether the statements cannot change the result of ``value``; with ``rebinding``, names may be bound again."""
    names = names_in(value) - {name for name in names_in(value) if program.is_builtin(name)}
    cheap = all(
        isinstance(
            node,
            ast.Name
            | ast.Constant
            | ast.Call
            | ast.BinOp
            | ast.UnaryOp
            | ast.expr_context
            | ast.operator
            | ast.unaryop,
        )
        for node in ast.walk(value)
    )
    if not rebinding and not cheap:
        return False
    if not rebinding and any(isinstance(node, ast.Call) and not is_name(node.func, "len") for node in ast.walk(value)):
        return False
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id in names and not _only_read(program, node, rebinding):
                return False
    return not any(
        program.scope(block.function).captured(name) for name in names if name in program.scope(block.function).bound
    )


def _only_read(program: Program, node: ast.Name, rebinding: bool) -> bool:
    """Whether this use does not change the object: an operand, an indexed value, an argument of a builtin, ..."""
    if not isinstance(node.ctx, ast.Load):
        return rebinding and isinstance(program.parent[node], ast.Assign)
    parent = program.parent[node]
    match parent:
        case ast.Subscript(value=base, ctx=context):
            return base is not node or isinstance(context, ast.Load)
        case ast.Attribute(attr=name):
            return name in PURE_METHODS
        case ast.Call(func=ast.Name(id=name)):
            return program.is_builtin(name)
        case ast.Call(func=ast.Attribute(attr="append" | "add")):
            return parent.func is not node
        case ast.Assign() | ast.AnnAssign() | ast.NamedExpr() | ast.Call() | ast.Starred():
            return False
    return isinstance(
        parent,
        ast.expr
        | ast.For
        | ast.comprehension
        | ast.If
        | ast.While
        | ast.Return
        | ast.AugAssign
        | ast.Slice
        | ast.keyword,
    )


def _integer(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(value=value) if type(value) is int:
            return value
        case ast.UnaryOp(ast.USub(), ast.Constant(value=value)) if type(value) is int:
            return -value
    return None
