"""Small edits of expressions that no pattern can express: of any number of operands, to other values and names."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from verl_egca.localization.twins.brackets import opens
from verl_egca.localization.twins.clues import Clues
from verl_egca.localization.twins.costs import Amounts, ranked
from verl_egca.localization.twins.edits import Edit, least
from verl_egca.localization.twins.program import Program, Site
from verl_egca.localization.twins.table import ALIKE
from verl_egca.localization.twins.trees import parameters

_ALIKE = [names.split() for names in ALIKE]
_OTHER_KIND = ("variable of another kind", 1.0)
_LONGEST = 8  # of a list whose neighbours may swap


def of_expressions(program: Program, clues: Clues) -> Iterator[Edit]:
    for site in program.sites:
        for of_site in _OF_SITES:
            yield from of_site(program, site)
        yield from _names(program, site, clues)


def _chains(program: Program, site: Site) -> Iterator[Edit]:
    """Removes one end of ``a < b < c``."""
    if isinstance(site.node, ast.Compare) and len(site.node.ops) == 2:
        first, second = program.span(site.node.comparators[0])
        yield _edit(site, second, site.end, "", "comparison", "without its last")
        yield _edit(site, site.start, first, "", "comparison", "without its first")


def _conditions(program: Program, site: Site) -> Iterator[Edit]:
    """Of three or more conditions, changes one or all of the operators, or removes a condition."""
    node = site.node
    if not isinstance(node, ast.BoolOp) or len(node.values) < 3:
        return
    text, op, other = ("and", ast.Or(), "or") if isinstance(node.op, ast.And) else ("or", ast.And(), "and")
    for left, right in itertools.pairwise(node.values):
        start, end = program.span(left)[1], program.span(right)[0]
        joint = program.source[start:end].replace(text, other, 1)
        yield least(_edit(site, start, end, joint, "boolean", "one joined otherwise"), program.source)
    above = ast.BoolOp(op, node.values)
    values = [program.segment(value) for value in node.values]
    closed = [f"({one})" if opens(value, above, "") else one for one, value in zip(values, node.values, strict=True)]
    yield _edit(site, site.start, site.end, f" {other} ".join(closed), "boolean", "all joined otherwise")
    for number in range(len(values)):
        kept = f" {text} ".join(values[:number] + values[number + 1 :])
        yield _edit(site, site.start, site.end, kept, "operand", "one of several conditions less")


def _constants(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    forms: dict[str, str] = {}
    if isinstance(value, bool):
        forms = {"not": str(not value), "None": "None"}
    elif isinstance(value, int):
        forms = {"n + 1": str(value + 1), "n - 1": str(value - 1), "-n": str(-value), "n * 10": str(value * 10)}
        forms |= {"n // 10": str(value // 10), "n // 2": str(value // 2), "n * 2": str(value * 2)}
        forms |= {text: text for text in ("0", "1", "2", "float('-inf')", "float('inf')", "''", "[]", "None")}
    elif isinstance(value, float):
        forms = {"n + 1": repr(value + 1), "n - 1": repr(value - 1), "-n": repr(-value), "0.0": "0.0", "1.0": "1.0"}
    elif isinstance(value, str):
        forms = {"''": "''", "' '": "' '", "strip": repr(value.strip()), "lower": repr(value.lower())}
        forms |= {"upper": repr(value.upper()), "a blank more": repr(value + " ")}
        forms |= {"no blanks": repr(value.replace(" ", "")), "reversed": repr(value[::-1])}
    elif value is None:
        forms = {text: text for text in ("False", "True", "0", "[]", "''", "-1")}
    is_first = isinstance(site.parent, ast.Assign) and program.loop_of.get(site.statement) is None
    firsts: dict[str, str] = {}
    if is_first and isinstance(value, int | None) and not isinstance(value, bool):
        function = program.function_of.get(site.statement)
        names = parameters(function)[:2] if function is not None else ()
        firsts = {f"item {rank} first": f"{name}[0]" for rank, name in enumerate(names)}
        firsts |= {f"{text} first": text for text in ("float('-inf')", "float('inf')")}
    of = type(value).__name__
    now = repr(value)
    for form, text in {**forms, **firsts}.items():
        if text != now:
            yield _edit(site, site.start, site.end, text, "constant", f"{of} {form}")


def _names(program: Program, site: Site, clues: Clues) -> Iterator[Edit]:
    """Another name; a name that has held values of the same kind is likelier."""
    if isinstance(site.node, ast.Name) and not isinstance(site.statement, ast.FunctionDef):
        names = program.visible(program.function_of.get(site.statement))
        if site.node.id not in names:
            return
        kinds = clues.kinds.get(site.node.id, ())
        others = [name for name in names if name != site.node.id]
        alike = [name for name in others if not kinds or clues.may_be(name, *kinds)]
        form = "assigned" if isinstance(site.node.ctx, ast.Store) else "read"
        for name in others:
            rank = ranked("variable", len(alike)) if name in alike else (*ranked("variable", len(others)), _OTHER_KIND)
            yield _edit(site, site.start, site.end, name, "variable", form, rank)


def _alike(program: Program, site: Site) -> Iterator[Edit]:
    """Another function or method that is often confused with this one."""
    if isinstance(site.node, ast.Call):
        end = program.span(site.node.func)[1]
        name = getattr(site.node.func, "id", getattr(site.node.func, "attr", ""))
        for names in _ALIKE:
            for other in names if name in names else ():
                if other != name:
                    yield _edit(
                        site, end - len(name), end, other, "call", f"{name} -> {other}", ranked("alike", len(names))
                    )


def _neighbours(program: Program, site: Site) -> Iterator[Edit]:
    """Swaps two arguments, or two neighbours of a list or tuple; or removes the last argument."""
    match site.node:
        case ast.Call(args=parts):
            form = "neighbours"
        case ast.Tuple(elts=parts, ctx=ast.Load()) | ast.List(elts=parts, ctx=ast.Load()) if len(parts) <= _LONGEST:
            form = "pair" if len(parts) == 2 else "neighbours in a list"
        case _:
            return
    source, spans = program.source, [program.span(part) for part in parts]
    for (a, b), (c, d) in itertools.pairwise(spans):
        yield _edit(site, a, d, source[c:d] + source[b:c] + source[a:b], "arguments", form)
    if isinstance(site.node, ast.Call) and len(parts) > 1:
        yield _edit(site, spans[-2][1], spans[-1][1], "", "arguments", "last")


def _filters(program: Program, site: Site) -> Iterator[Edit]:
    """Removes a condition of a comprehension."""
    for generator in getattr(site.node, "generators", ()) if not isinstance(site.node, ast.DictComp) else ():
        for start, end in map(program.span, generator.ifs):
            yield _edit(site, program.source.rfind("if", 0, start), end, "", "guard", "condition less")


_OF_SITES = (_chains, _conditions, _constants, _alike, _neighbours, _filters)


def _edit(site: Site, start: int, end: int, text: str, kind: str, form: str, amounts: Amounts = ()) -> Edit:
    return Edit(start, end, text, kind, site.span, form, site.where, amounts)
