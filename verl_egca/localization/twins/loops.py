"""Common ways to write a loop, and what each is short for. Every function rewrites the statements of one block."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from verl_egca.localization.twins.scopes import bound
from verl_egca.localization.twins.shapes import mirrored, negated

Block = list[ast.stmt]
_RESULT = "result"
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp


def guards(body: Block) -> Block:
    """``if c: continue`` and the rest is ``if not c: rest``; an ``else`` that only goes on is none."""
    for index, node in enumerate(body):
        match node:
            case ast.If(orelse=[ast.Continue()]):
                node.orelse = []
            case ast.If(test=test, body=[ast.Continue()], orelse=rest) if rest or body[index + 1 :]:
                return [*body[:index], ast.If(negated(test), guards([*rest, *body[index + 1 :]]), [])]
    return body


def counting_loops(body: Block) -> Block:
    """``i = a; while i < n: ...; i += 1`` is ``for i in range(a, n): ...``"""
    result: Block = []
    for node in body:
        counted = _counted(node, result)
        result.append(counted if counted is not None else node)
    return result


def _counted(node: ast.stmt, before: Block) -> ast.For | None:
    if isinstance(node, ast.While) and isinstance(node.test, ast.Compare) and not isinstance(node.test.left, ast.Name):
        node.test = mirrored(node.test)
    match node:
        case ast.While(test=ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[stop]), body=inner, orelse=[]):
            steps = [i for i, child in enumerate(inner) if _is_step(child, name)]
            if len(steps) != 1 or list(_bound_in(inner)).count(name) != 1:
                return None
            rest = [*inner[: steps[0]], *inner[steps[0] + 1 :]]
            late = inner[steps[0] + 1 :]
            again = any(isinstance(n, ast.Continue) for child in inner[: steps[0]] for n in ast.walk(child))
            if again or any(_mentions(child, name) for child in late) or not rest:
                return None
            start = _started(before, name)
            if start is None or not isinstance(op, ast.Lt | ast.LtE | ast.NotEq):
                return None
            if isinstance(op, ast.LtE):
                stop = ast.BinOp(stop, ast.Add(), ast.Constant(1))
            ends = [stop] if isinstance(start, ast.Constant) and start.value == 0 else [start, stop]
            over = ast.Call(ast.Name("range", ast.Load()), ends, [])
            return ast.For(ast.Name(name, ast.Store()), over, rest, [], lineno=1)
    return None


def _started(before: Block, name: str) -> ast.expr | None:
    """The value that a name was just set to; the statement that does so is taken out."""
    for node in reversed(before):
        match node:
            case ast.Assign(targets=[ast.Name(id=other)], value=value) if other == name:
                before.remove(node)
                return value
        if _mentions(node, name) or not isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
            return None
    return None


def _is_step(node: ast.stmt, name: str) -> bool:
    match node:
        case ast.AugAssign(target=ast.Name(id=other), op=ast.Add(), value=ast.Constant(value=1)):
            return other == name
        case ast.Assign(
            targets=[ast.Name(id=other)],
            value=ast.BinOp(left=ast.Name(id=again), op=ast.Add(), right=ast.Constant(value=1)),
        ):
            return other == again == name
    return False


def element_loops(body: Block) -> Block:
    """``for i in range(len(xs)): x = xs[i]; ...`` with no other use of ``i`` is ``for x in xs: ...``"""
    for node in body:
        match node:
            case ast.For(
                target=ast.Name(id=index),
                iter=ast.Call(
                    func=ast.Name(id="range"),
                    args=[ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=items)], keywords=[])],
                ),
                body=[
                    ast.Assign(targets=[target], value=ast.Subscript(value=ast.Name(id=inner), slice=ast.Name(id=by))),
                    *rest,
                ],
            ) if items == inner and index == by and rest and not any(_mentions(child, index) for child in rest):
                node.target, node.iter, node.body = target, ast.Name(items, ast.Load()), rest
        match node:
            case ast.For(iter=ast.Call(func=ast.Name(id="list" | "iter"), args=[over], keywords=[])):
                node.iter = over
    return body


def flags(body: Block) -> Block:
    """A value set in all branches and returned next is returned in the branches; a flag set by a loop likewise."""
    match body:
        case [*before, ast.If() as branch, ast.Return(value=ast.Name(id=name))] if _returned(branch, name, dry=True):
            _returned(branch, name, dry=False)
            return [*before, branch]
        case [
            *before,
            ast.Assign(targets=[ast.Name(id=name)], value=first),
            ast.For(orelse=[]) as loop,
            ast.Return(value=ast.Name(id=last)),
        ] if name == last:
            found = [n for n in ast.walk(loop) if isinstance(n, ast.If) and _sets_and_leaves(n.body, name) is not None]
            if len(found) == 1 and list(_bound_in([loop])).count(name) == 1:
                value = _sets_and_leaves(found[0].body, name)
                found[0].body = [ast.Return(value)]
                return [*before, loop, ast.Return(first)]
    for index in range(len(body) - 2):
        match body[index : index + 3]:
            case [
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=False)),
                ast.For(orelse=[]) as loop,
                ast.If(test=ast.Name(id=asked), body=[*_, ast.Return() | ast.Raise()] as then, orelse=rest),
            ] if name == asked:
                found = [
                    n for n in ast.walk(loop) if isinstance(n, ast.If) and _sets_and_leaves(n.body, name) is not None
                ]
                later = [*then, *rest, *body[index + 3 :]]
                if len(found) == 1 and not any(_mentions(child, name) for child in later):
                    found[0].body = then
                    return [*body[:index], loop, *rest, *body[index + 3 :]]
    return body


def _sets_and_leaves(body: Block, name: str) -> ast.expr | None:
    match body:
        case [ast.Assign(targets=[ast.Name(id=other)], value=value), ast.Break()] if other == name:
            return value
    return None


def _returned(node: ast.If, name: str, dry: bool) -> bool:
    """Turns the assignments that end every branch into returns; False if a branch ends otherwise."""
    for field in (node.body, node.orelse):
        match field:
            case [*_, ast.Assign(targets=[ast.Name(id=other)], value=value)] if other == name:
                if not dry:
                    field[-1] = ast.Return(value)
            case [*_, ast.If() as inner]:
                if not _returned(inner, name, dry):
                    return False
            case [*_, ast.Return() | ast.Raise()]:
                pass
            case _:
                return False
    return True


# ------------------------------------------------------------ comprehensions


def collecting(body: Block) -> Block:
    """``xs += [x]`` and ``xs = xs + [x]`` are ``xs.append(x)``."""
    return [_appended(node) or node for node in body]


def _appended(node: ast.stmt) -> ast.stmt | None:
    match node:
        case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=ast.List(elts=[element])):
            pass
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.BinOp(left=ast.Name(id=again), op=ast.Add(), right=ast.List(elts=[element])),
        ) if name == again:
            pass
        case _:
            return None
    return ast.Expr(ast.Call(ast.Attribute(ast.Name(name, ast.Load()), "append", ast.Load()), [element], []))


def written_out(body: Block) -> Block:
    """A comprehension that is assigned or returned is a loop that collects."""
    return [new for node in body for new in _loop_for(node)]


def _loop_for(node: ast.stmt) -> Iterator[ast.stmt]:
    match node:
        case ast.Return(value=ast.expr() as value):
            name = _RESULT
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            pass
        case _:
            yield node
            return
    function = ""
    match value:
        case ast.Call(func=ast.Name(id="list" | "set" | "sum" | "all" | "any" as function), args=[inner], keywords=[]):
            value = inner
        case ast.ListComp():
            function = "list"
        case ast.SetComp():
            function = "set"
    if not function or not isinstance(value, _Comprehension) or any(part.is_async for part in value.generators):
        yield node
        return
    load = ast.Name(name, ast.Load())
    if function in ("all", "any"):
        if not isinstance(node, ast.Return):
            yield node
            return
        test = negated(value.elt) if function == "all" else value.elt
        yield _nest(value, ast.If(test, [ast.Return(ast.Constant(function == "any"))], []))
        yield ast.Return(ast.Constant(function == "all"))
        return
    if function == "sum":
        start: ast.expr = ast.Constant(0)
        step: ast.stmt = ast.AugAssign(ast.Name(name, ast.Store()), ast.Add(), value.elt)
    else:
        start = ast.List([], ast.Load()) if function == "list" else ast.Call(ast.Name("set", ast.Load()), [], [])
        method = "append" if function == "list" else "add"
        step = ast.Expr(ast.Call(ast.Attribute(load, method, ast.Load()), [value.elt], []))
    yield ast.Assign([ast.Name(name, ast.Store())], start, lineno=1)
    yield _nest(value, step)
    if isinstance(node, ast.Return):
        yield ast.Return(load)


def _nest(comprehension: ast.ListComp | ast.SetComp | ast.GeneratorExp, innermost: ast.stmt) -> ast.stmt:
    for part in reversed(comprehension.generators):
        for test in reversed(part.ifs):
            innermost = ast.If(test, [innermost], [])
        innermost = ast.For(part.target, part.iter, [innermost], [], lineno=1)
    return innermost


def folded(body: Block) -> Block:
    """A loop that only collects is a comprehension."""
    result: Block = []
    for node in body:
        match node:
            case ast.For(orelse=[]) if (collected := _collected(node)) is not None:
                name, function, comprehension = collected
                start = _started(result, name)
                if start is not None and _is_empty(start, function):
                    value = _comprehension_as(function, comprehension)
                    result.append(ast.Assign([ast.Name(name, ast.Store())], value, lineno=1))
                    continue
                if start is not None:
                    result.append(ast.Assign([ast.Name(name, ast.Store())], start, lineno=1))
        if result and isinstance(node, ast.Return) and (search := _search(result[-1], node)) is not None:
            result[-1] = search
            continue
        result.append(node)
    return result


def _collected(loop: ast.For) -> tuple[str, str, ast.ListComp] | None:
    """The name that a loop collects in, how, and what."""
    parts: list[ast.comprehension] = []
    inner: ast.stmt = loop
    while True:
        match inner:
            case ast.For(target=target, iter=over, body=[child], orelse=[]):
                parts.append(ast.comprehension(target, over, [], 0))
            case ast.If(test=test, body=[child], orelse=[]):
                parts[-1].ifs.append(test)
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=ast.Name(id=name), attr="append" | "add" as method),
                    args=[elt],
                    keywords=[],
                )
            ):
                return name, "list" if method == "append" else "set", ast.ListComp(elt, parts)
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=elt):
                return name, "sum", ast.ListComp(elt, parts)
            case _:
                return None
        inner = child


def _is_empty(start: ast.expr, function: str) -> bool:
    match start:
        case ast.List(elts=[]):
            return function == "list"
        case ast.Call(func=ast.Name(id="set"), args=[]):
            return function == "set"
        case ast.Constant(value=0):
            return function == "sum"
    return False


def _comprehension_as(function: str, found: ast.ListComp) -> ast.expr:
    if function == "list":
        return found
    if function == "set":
        return ast.SetComp(found.elt, found.generators)
    return ast.Call(ast.Name("sum", ast.Load()), [ast.GeneratorExp(found.elt, found.generators)], [])


def _search(loop: ast.stmt, after: ast.Return) -> ast.Return | None:
    """``for x in xs: if p: return True`` and ``return False`` is ``return any(p for x in xs)``."""
    match loop, after:
        case (
            ast.For(
                target=target,
                iter=over,
                body=[ast.If(test=test, body=[ast.Return(value=ast.Constant(value=bool(found)))], orelse=[])],
                orelse=[],
            ),
            ast.Return(value=ast.Constant(value=bool(otherwise))),
        ) if found != otherwise:
            elt = test if found else negated(test)
            generator = ast.GeneratorExp(elt, [ast.comprehension(target, over, [], 0)])
            return ast.Return(ast.Call(ast.Name("any" if found else "all", ast.Load()), [generator], []))
    return None


def _bound_in(body: Block) -> Iterator[str]:
    for node in body:
        yield from bound(node)


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))
