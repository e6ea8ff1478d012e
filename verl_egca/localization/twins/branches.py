"""Common ways to write a choice, and what each is short for. Every function rewrites the statements of one block."""

from __future__ import annotations

import ast
from collections.abc import Callable

from verl_egca.localization.twins.shapes import negated

Block = list[ast.stmt]


def merged(body: Block) -> Block:
    """``if a: if b: ...`` is ``if a and b: ...``"""
    for node in body:
        match node:
            case ast.If(test=outer, body=[ast.If(test=inner, body=then, orelse=[])], orelse=[]):
                node.test, node.body = ast.BoolOp(ast.And(), [*_conjuncts(outer), *_conjuncts(inner)]), then
    return body


def _conjuncts(test: ast.expr) -> list[ast.expr]:
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]


def guards(body: Block) -> Block:
    """``if c: continue`` and the rest is ``if not c: rest``; an ``else`` that only goes on is none."""
    for index, node in enumerate(body):
        match node:
            case ast.If(orelse=[ast.Continue()]):
                node.orelse = []
            case ast.If(test=test, body=[ast.Continue()], orelse=rest) if rest or body[index + 1 :]:
                return [*body[:index], ast.If(negated(test), guards([*rest, *body[index + 1 :]]), [])]
    return body


def augmented(body: Block) -> Block:
    """``x = x + y`` is ``x += y``"""
    return [_augmented(node) or node for node in body]


def _augmented(node: ast.stmt) -> ast.stmt | None:
    match node:
        case ast.Assign(
            targets=[ast.Name(id=name) as target], value=ast.BinOp(left=ast.Name(id=again), op=op, right=value)
        ):
            return ast.AugAssign(target, op, value) if name == again else None
    return None


def chosen(body: Block) -> Block:
    """Branches that do the same with different values are one statement with a conditional expression."""
    return [_chosen(node) or node for node in body]


def _chosen(node: ast.stmt) -> ast.stmt | None:
    match node:
        case ast.If(test=test, body=[then], orelse=[otherwise]):
            first, second = _value(then), _value(otherwise)
            if first and second and ast.dump(first[1](_HOLE)) == ast.dump(second[1](_HOLE)):
                return first[1](ast.IfExp(test, first[0], second[0]))
    return None


def branched(body: Block) -> Block:
    """A conditional expression that is all of a statement's value is a choice of two statements."""
    return [_branched(node) for node in body]


def _branched(node: ast.stmt) -> ast.stmt:
    found = _value(node)
    if found is None:
        return node
    choice, again = found
    if not isinstance(choice, ast.IfExp):
        return node
    then, otherwise = _branched(again(choice.body)), _branched(again(choice.orelse))
    return ast.If(choice.test, [then], [otherwise])


_HOLE = ast.Name("", ast.Load())


def _value(node: ast.stmt) -> tuple[ast.expr, Callable[[ast.expr], ast.stmt]] | None:
    """The value that a statement returns, assigns or passes on, and the statement with another one."""
    match node:
        case ast.Return(value=ast.expr() as value):
            return value, ast.Return
        case ast.Assign(targets=targets, value=value):
            return value, lambda new: ast.Assign(targets, new, lineno=1)
        case ast.AugAssign(target=target, op=op, value=value):
            return value, lambda new: ast.AugAssign(target, op, new)
        case ast.Expr(value=ast.Call(func=ast.Attribute() as function, args=[value], keywords=[])):
            return value, lambda new: ast.Expr(ast.Call(function, [new], []))
    return None
