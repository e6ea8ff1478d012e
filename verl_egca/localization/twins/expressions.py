"""Small edits of expressions that no pattern can say: of any number of operands, to other values and names."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterator

from verl_egca.localization.twins.brackets import opens
from verl_egca.localization.twins.edits import Edit, least
from verl_egca.localization.twins.scopes import parameters
from verl_egca.localization.twins.sites import Program, Site
from verl_egca.localization.twins.table import ALIKE

_ALIKE = [names.split() for names in ALIKE]


def of_expressions(program: Program) -> Iterator[Edit]:
    for site in program.sites:
        for of_site in _OF_SITES:
            yield from of_site(program, site)


def _chains(program: Program, site: Site) -> Iterator[Edit]:
    """``a < b < c`` without one of its ends."""
    if isinstance(site.node, ast.Compare) and len(site.node.ops) == 2:
        first, second = program.span(site.node.comparators[0])
        yield _edit(site, second, site.end, "", "comparison", 4.0)
        yield _edit(site, site.start, first, "", "comparison", 4.0)


def _conditions(program: Program, site: Site) -> Iterator[Edit]:
    """Of three conditions or more, one joined otherwise, all joined otherwise, or one left out."""
    node = site.node
    if not isinstance(node, ast.BoolOp) or len(node.values) < 3:
        return
    text, op, other = ("and", ast.Or(), "or") if isinstance(node.op, ast.And) else ("or", ast.And(), "and")
    for left, right in itertools.pairwise(node.values):
        start, end = program.span(left)[1], program.span(right)[0]
        joint = program.source[start:end].replace(text, other, 1)
        yield least(_edit(site, start, end, joint, "boolean", 2.5), program.source)
    above = ast.BoolOp(op, node.values)
    values = [program.segment(value) for value in node.values]
    closed = [f"({one})" if opens(value, above, "") else one for one, value in zip(values, node.values, strict=True)]
    yield _edit(site, site.start, site.end, f" {other} ".join(closed), "boolean", 2.5)
    for number in range(len(values)):
        kept = f" {text} ".join(values[:number] + values[number + 1 :])
        yield _edit(site, site.start, site.end, kept, "operand", 3.0)


def _constants(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    others: list[tuple[str, float]] = []
    if value is True or value is False:
        others = [(str(not value), 1.0), ("None", 4.0)]
    elif isinstance(value, int):
        others = [(str(value + 1), 1.5), (str(value - 1), 1.5), ("0", 3.0), ("1", 3.0), (str(-value), 3.0), ("2", 4.0)]
        others += [(str(value * 10), 4.5), (str(value // 10), 4.5), (str(value // 2), 5.0), (str(value * 2), 5.0)]
        others += [("float('-inf')", 5.5), ("float('inf')", 5.5), ("''", 6.0), ("[]", 6.0), ("None", 5.5)]
    elif isinstance(value, float):
        others = [(repr(value + 1), 3.0), (repr(value - 1), 3.0), ("0.0", 4.0), ("1.0", 4.0), (repr(-value), 3.0)]
    elif isinstance(value, str):
        others = [("''", 3.0), ("' '", 3.0), (repr(value.strip()), 3.5), (repr(value.lower()), 4.0)]
        others += [(repr(value.upper()), 4.0), (repr(value + " "), 4.5), (repr(value.replace(" ", "")), 4.5)]
        others += [(repr(value[::-1]), 5.0)]
    elif value is None:
        others = [("False", 3.0), ("True", 3.5), ("0", 3.5), ("[]", 4.0), ("''", 4.0), ("-1", 4.0)]
    is_first = isinstance(site.parent, ast.Assign) and program.loop_of.get(site.statement) is None
    if is_first and isinstance(value, int | None) and not isinstance(value, bool):
        function = program.function_of.get(site.statement)
        names = parameters(function)[:2] if function is not None else ()
        others += [*((f"{name}[0]", 3.0) for name in names), ("float('-inf')", 3.5), ("float('inf')", 3.5)]
    now = repr(value)
    for text, cost in others:
        if text != now:
            yield _edit(site, site.start, site.end, text, "constant", cost)


def _names(program: Program, site: Site) -> Iterator[Edit]:
    if isinstance(site.node, ast.Name) and not isinstance(site.statement, ast.FunctionDef):
        names = program.visible(program.function_of.get(site.statement))
        others = [name for name in names if name != site.node.id]
        extra = 1.5 if isinstance(site.node.ctx, ast.Store) else 0.0
        for name in others if site.node.id in names else ():
            yield _edit(site, site.start, site.end, name, "variable", 2.0 + extra + math.log2(len(others)))


def _alike(program: Program, site: Site) -> Iterator[Edit]:
    """A function or method that is taken for another."""
    if isinstance(site.node, ast.Call):
        end = program.span(site.node.func)[1]
        name = getattr(site.node.func, "id", getattr(site.node.func, "attr", ""))
        for names in _ALIKE:
            for other in names if name in names else ():
                if other != name:
                    yield _edit(site, end - len(name), end, other, "call", 1.5 + math.log2(len(names)) / 2)


def _neighbours(program: Program, site: Site) -> Iterator[Edit]:
    """Two arguments, or the two of a pair, change places; the last argument is left out."""
    match site.node:
        case ast.Call(args=parts):
            cost = 2.5
        case ast.Tuple(elts=[_, _] as parts, ctx=ast.Load()) | ast.List(elts=[_, _] as parts, ctx=ast.Load()):
            cost = 3.0
        case _:
            return
    source, spans = program.source, [program.span(part) for part in parts]
    for (a, b), (c, d) in itertools.pairwise(spans):
        yield _edit(site, a, d, source[c:d] + source[b:c] + source[a:b], "arguments", cost)
    if isinstance(site.node, ast.Call) and len(parts) > 1:
        yield _edit(site, spans[-2][1], spans[-1][1], "", "arguments", 4.0)


def _filters(program: Program, site: Site) -> Iterator[Edit]:
    """A comprehension without one of its conditions."""
    for generator in getattr(site.node, "generators", ()) if not isinstance(site.node, ast.DictComp) else ():
        for start, end in map(program.span, generator.ifs):
            yield _edit(site, program.source.rfind("if", 0, start), end, "", "guard", 3.5)


_OF_SITES = (_chains, _conditions, _constants, _names, _alike, _neighbours, _filters)


def _edit(site: Site, start: int, end: int, text: str, kind: str, cost: float) -> Edit:
    return Edit(start, end, text, kind, (site.start, site.end), cost)
