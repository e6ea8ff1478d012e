"""Recursion as a loop: tail calls, and one call whose result is added to or multiplied by a term.

An accumulator groups a sum from the other end. That is exact for integers and text, so a term that may be a float (a
division, a power, a call) is not rewritten; parameters count as integers if the base case is an integer.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from truth.rewrites.build import assign, augment, constant, is_name, load, store
from truth.rewrites.program import Program, Site, names_in, own_nodes
from truth.rewrites.scopes import FunctionNode


class TailCallToLoop:
    """``return f(a, b)`` inside ``f`` becomes new values for the parameters in a ``while True`` loop."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for function in _loopable(program):
            calls = list(_own_calls(program, function))
            tails = list(_tails(function.body))
            if calls and len(calls) == len([tail for tail in tails if _tail_call(tail, function)]):
                sites.append(_loop(program, function, None))
        return sites


class LinearRecursionToLoop:
    """``return a + f(n - 1)``, with constants as base cases, becomes an accumulator and a ``while True``."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for function in _loopable(program):
            calls = list(_own_calls(program, function))
            tails = list(_tails(function.body))
            returns = [node for node in own_nodes(function) if isinstance(node, ast.Return)]
            steps = [tail for tail in tails if _step(tail, function)]
            bases = [tail for tail in tails if _base(tail)]
            kinds = {type(base.value.value) for base in bases if isinstance(base.value, ast.Constant)}
            if (
                len(steps) == len(calls) == 1
                and len(steps) + len(bases) == len(tails) == len(returns)
                and len(kinds) == 1
            ):
                start = _neutral(steps[0], kinds.pop(), function)
                if start is not None:
                    sites.append(_loop(program, function, start))
        return sites


def _loopable(program: Program) -> Iterator[FunctionNode]:
    for function in program.functions:
        arguments = function.args
        unusual = (
            arguments.vararg
            or arguments.kwarg
            or arguments.kwonlyargs
            or arguments.posonlyargs
            or function.decorator_list
        )
        parameters = [argument.arg for argument in arguments.args]
        if isinstance(function, ast.FunctionDef) and parameters and not unusual and not program.is_generator(function):
            own = [program.is_local(function, name) for name in parameters]
            method = isinstance(program.parent[function], ast.ClassDef)
            if all(own) and not method and _always_returns(function.body):
                yield function


def _own_calls(program: Program, function: FunctionNode) -> Iterator[ast.AST]:
    """Every mention of the function's own name inside it."""
    yield from (node for node in ast.walk(function) if is_name(node, function.name))


def _tails(body: list[ast.stmt]) -> Iterator[ast.Return]:
    """Returns outside every loop, ``try`` and ``with``."""
    for statement in body:
        if isinstance(statement, ast.Return):
            yield statement
        elif isinstance(statement, ast.If):
            yield from _tails(statement.body)
            yield from _tails(statement.orelse)


def _always_returns(body: list[ast.stmt]) -> bool:
    last = body[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and _always_returns(last.body) and _always_returns(last.orelse)
    return isinstance(last, ast.Return) and last.value is not None


def _is_call(node: ast.expr | None, function: FunctionNode) -> bool:
    match node:
        case ast.Call(ast.Name(id=name), arguments, []):
            plain = not any(isinstance(argument, ast.Starred) for argument in arguments)
            own = all(function.name not in names_in(argument) for argument in arguments)
            return name == function.name and plain and own and len(arguments) == len(function.args.args)
    return False


def _tail_call(tail: ast.Return, function: FunctionNode) -> bool:
    return _is_call(tail.value, function)


def _step(tail: ast.Return, function: FunctionNode) -> bool:
    match tail.value:
        case ast.BinOp(left, ast.Add() | ast.Mult(), right):
            if _is_call(right, function):
                return _is_exact(left)
            return _is_call(left, function) and _is_exact(right)
    return False


def _is_exact(term: ast.expr) -> bool:
    """Whether the term has no part that may turn integers into a float."""
    exact = (ast.Name, ast.Constant, ast.BinOp, ast.Subscript, ast.UnaryOp, ast.expr_context, ast.unaryop)
    operators = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
    for part in ast.walk(term):
        if not isinstance(part, exact + operators) or (
            isinstance(part, ast.Constant) and isinstance(part.value, float)
        ):
            return False
    return True


def _base(tail: ast.Return) -> bool:
    return isinstance(tail.value, ast.Constant)


def _neutral(step: ast.Return, kind: type, function: FunctionNode) -> ast.Constant | None:
    """The start value of the accumulator; None if the order of the terms matters."""
    assert isinstance(step.value, ast.BinOp)
    if kind is int:
        return constant(0 if isinstance(step.value.op, ast.Add) else 1)
    in_order = _is_call(step.value.right, function)
    return constant("") if kind is str and isinstance(step.value.op, ast.Add) and in_order else None


def _loop(program: Program, function: FunctionNode, start: ast.Constant | None) -> Site:
    def apply() -> None:
        name = program.fresh("accumulated", "carried", "gathered")
        head = 1 if ast.get_docstring(function, clean=False) is not None else 0
        body = _looped(function, function.body[head:], name if start is not None else None)
        made: list[ast.stmt] = [assign(name, start)] if start is not None else []
        function.body[head:] = [*made, ast.While(constant(True), body, [])]

    return apply


def _looped(function: FunctionNode, body: list[ast.stmt], name: str | None) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, ast.If):
            made.append(
                ast.If(
                    statement.test, _looped(function, statement.body, name), _looped(function, statement.orelse, name)
                )
            )
        elif isinstance(statement, ast.Return) and statement.value is not None:
            made.extend(_turn(function, statement.value, name))
        else:
            made.append(statement)
    return made


def _turn(function: FunctionNode, value: ast.expr, name: str | None) -> list[ast.stmt]:
    if name is None:
        return [_pass_on(function, value), ast.Continue()] if _is_call(value, function) else [ast.Return(value)]
    match value:
        case ast.BinOp(left, operator, right) if _is_call(right, function):
            return [augment(name, operator, left), _pass_on(function, right), ast.Continue()]
        case ast.BinOp(left, operator, right) if _is_call(left, function):
            return [augment(name, operator, right), _pass_on(function, left), ast.Continue()]
        case ast.Constant():
            operator = _operator(function)
            return [ast.Return(ast.BinOp(load(name), operator, value))]
    return [ast.Return(value)]


def _operator(function: FunctionNode) -> ast.operator:
    step = next(tail for tail in _tails(function.body) if _step(tail, function))
    assert isinstance(step.value, ast.BinOp)
    return step.value.op


def _pass_on(function: FunctionNode, value: ast.expr) -> ast.stmt:
    assert isinstance(value, ast.Call)
    names = [argument.arg for argument in function.args.args]
    if len(names) == 1:
        return assign(names[0], value.args[0])
    targets = ast.Tuple([store(name) for name in names], ast.Store())
    return ast.Assign([targets], ast.Tuple(list(value.args), ast.Load()))
