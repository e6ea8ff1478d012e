"""Small edits of expressions: comparisons, arithmetic, bounds, constants, names, calls.

Each generator undoes one class of slips at one place. Costs are rough surprises in bits: how unlikely it is that this
edit, among all at its place, is the one that was needed.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator

from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.operators import OPERATOR_TEXT, OPERATORS, between, grouped
from verl_egca.localization.twins.scopes import parameters
from verl_egca.localization.twins.sites import Program, Site

_COMPARE = {
    "<": {"<=": 1.0, ">": 2.0, ">=": 2.5, "!=": 3.5, "==": 3.5},
    "<=": {"<": 1.0, ">=": 2.0, ">": 2.5, "==": 3.5, "!=": 4.0},
    ">": {">=": 1.0, "<": 2.0, "<=": 2.5, "!=": 3.5, "==": 3.5},
    ">=": {">": 1.0, "<=": 2.0, "<": 2.5, "==": 3.5, "!=": 4.0},
    "==": {"!=": 1.5, "<=": 2.5, ">=": 2.5, ">": 3.0, "<": 3.0, "in": 4.0},
    "!=": {"==": 1.5, "<": 3.0, ">": 3.0, "not in": 4.0},
    "in": {"not in": 1.0, "==": 3.5},
    "not in": {"in": 1.0, "!=": 3.5},
    "is": {"is not": 1.0, "==": 3.0},
    "is not": {"is": 1.0, "!=": 3.0},
}
_COMPARE_TEXT = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
# names of functions and methods that are taken for one another
_ALIKE = [
    {"min", "max"},
    {"any", "all"},
    {"sorted", "list", "reversed", "set"},
    {"int", "float", "round", "str"},
    {"sum", "len", "max"},
    {"append", "extend", "insert"},
    {"upper", "lower", "swapcase", "capitalize", "title"},
    {"isupper", "islower"},
    {"isalpha", "isdigit", "isalnum", "isnumeric"},
    {"startswith", "endswith"},
    {"find", "rfind", "index"},
    {"strip", "lstrip", "rstrip"},
    {"add", "remove", "discard"},
    {"ceil", "floor"},
    {"union", "intersection", "difference"},
    {"keys", "values", "items"},
    {"ljust", "rjust"},
    {"heappush", "heappop"},
]
_UNWRAPPED = {"sorted", "set", "list", "int", "str", "abs", "len", "tuple", "round", "sum", "reversed", "float", "bool"}
_WRAPPERS = ("abs", "len", "set", "sorted", "str", "int")


def of_expressions(program: Program) -> Iterator[Edit]:
    for site in program.sites:
        for of_site in _OF_SITES:
            yield from of_site(program, site)


def _comparisons(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if not isinstance(node, ast.Compare):
        return
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        text = _COMPARE_TEXT[type(operator)]
        place = between(program, left, right, text)
        if place:
            for other, cost in _COMPARE[text].items():
                yield _edit(site, *place, other, "comparison", cost)
        left = right
    if len(node.ops) == 1 and not isinstance(node.comparators[0], ast.Constant):
        swapped = (
            f"{program.segment(node.comparators[0])} {_COMPARE_TEXT[type(node.ops[0])]} {program.segment(node.left)}"
        )
        if isinstance(node.ops[0], ast.In | ast.NotIn):
            yield _edit(site, site.start, site.end, swapped, "comparison", 4.0)
    if len(node.ops) == 2:  # a < b < c
        first, second = program.span(node.comparators[0])
        yield _edit(site, second, site.end, "", "comparison", 4.0)
        yield _edit(site, site.start, first, "", "comparison", 4.0)


def _binary(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if not isinstance(node, ast.BinOp):
        return
    text = OPERATOR_TEXT.get(type(node.op))
    place = between(program, node.left, node.right, text) if text else None
    if text is None or place is None:
        return
    for other, cost in OPERATORS[text].items():
        yield _edit(site, *place, other, "arithmetic", cost)
    left, right = program.segment(node.left), program.segment(node.right)
    yield _edit(site, site.start, site.end, left, "operand", 3.0)
    yield _edit(site, site.start, site.end, right, "operand", 3.5)
    if text not in ("*", "&", "|", "^") and not (text == "+" and _number(node.left) and _number(node.right)):
        yield _edit(site, site.start, site.end, f"{grouped(right)} {text} {grouped(left)}", "operand", 3.0)
    if isinstance(node.right, ast.BinOp) or isinstance(node.left, ast.BinOp):
        yield from _regrouped(program, site, node, text)


def _regrouped(program: Program, site: Site, node: ast.BinOp, text: str) -> Iterator[Edit]:
    """``a op (b op2 c)`` and ``(a op2 b) op c`` for one another."""
    if isinstance(node.left, ast.BinOp):
        inner = OPERATOR_TEXT.get(type(node.left.op))
        a, b, c = program.segment(node.left.left), program.segment(node.left.right), program.segment(node.right)
        if inner:
            yield _edit(site, site.start, site.end, f"{a} {inner} ({b} {text} {c})", "operand", 4.0)
    if isinstance(node.right, ast.BinOp):
        inner = OPERATOR_TEXT.get(type(node.right.op))
        a, b, c = program.segment(node.left), program.segment(node.right.left), program.segment(node.right.right)
        if inner:
            yield _edit(site, site.start, site.end, f"({a} {text} {b}) {inner} {c}", "operand", 4.0)


def _boolean(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if not isinstance(node, ast.BoolOp):
        return
    text, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in zip(node.values, node.values[1:], strict=False):
        place = between(program, left, right, text)
        if place:
            yield _edit(site, *place, other, "boolean", 1.5 if len(node.values) == 2 else 2.5)
    if len(node.values) > 2:
        joined = f" {other} ".join(grouped(program.segment(value)) for value in node.values)
        yield _edit(site, site.start, site.end, joined, "boolean", 2.5)
    for number in range(len(node.values)):
        kept = [program.segment(value) for place, value in enumerate(node.values) if place != number]
        yield _edit(site, site.start, site.end, f" {text} ".join(kept), "operand", 3.0)


def _negations(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if isinstance(node, ast.UnaryOp):
        inner = program.segment(node.operand)
        if isinstance(node.op, ast.Not):
            yield _edit(site, site.start, site.end, grouped(inner), "negation", 1.0)
        elif isinstance(node.op, ast.USub | ast.UAdd):
            yield _edit(site, site.start, site.end, inner, "sign", 2.0)
    is_test = site.field == "test" or isinstance(site.parent, ast.BoolOp) or site.field == "ifs"
    if is_test and not isinstance(node, ast.Compare | ast.BoolOp) and not _negated(node):
        yield _edit(site, site.start, site.end, f"not {grouped(program.segment(node))}", "negation", 1.5)
    elif is_test and isinstance(node, ast.BoolOp):
        yield _edit(site, site.start, site.end, f"not ({program.segment(node)})", "negation", 2.5)
    returned = site.field == "value" and isinstance(site.parent, ast.Return)
    if returned and isinstance(node, ast.Call | ast.BoolOp) and not _negated(node):
        yield _edit(site, site.start, site.end, f"not ({program.segment(node)})", "negation", 3.5)
    if isinstance(node, ast.Name | ast.Call | ast.Subscript) and _counts(site):
        yield _edit(site, site.start, site.end, f"-{program.segment(node)}", "sign", 4.0)


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
    if isinstance(value, int | None) and not isinstance(value, bool) and _is_first_value(program, site):
        function = program.function_of.get(site.statement)
        names = parameters(function.args)[:2] if function is not None else ()
        others += [*((f"{name}[0]", 3.0) for name in names), ("float('-inf')", 3.5), ("float('inf')", 3.5)]
    now = repr(value)
    for text, cost in others:
        if text != now:
            yield _edit(site, site.start, site.end, text, "constant", cost)


def _is_first_value(program: Program, site: Site) -> bool:
    return isinstance(site.parent, ast.Assign) and program.loop_of.get(site.statement) is None


def _off_by_one(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if isinstance(node, ast.Constant) or not _counts(site):
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and isinstance(node.right, ast.Constant):
        return  # the constant itself is varied, or taken away
    text = (
        grouped(program.segment(node))
        if isinstance(node, ast.BinOp | ast.IfExp | ast.BoolOp)
        else program.segment(node)
    )
    likely = site.field in ("slice", "lower", "upper") or isinstance(site.parent, ast.Call)
    for change in (" + 1", " - 1"):
        yield _edit(site, site.start, site.end, text + change, "bound", 2.0 if likely else 2.8)


def _names(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if not isinstance(node, ast.Name):
        return
    names = program.visible(program.function_of.get(site.statement))
    if isinstance(site.statement, ast.FunctionDef) or node.id not in names:
        if not (isinstance(site.parent, ast.Call) and site.field == "func"):
            return
        names = [] if node.id in names else names[:0]
    others = [name for name in names if name != node.id]
    extra = 1.5 if isinstance(node.ctx, ast.Store) else 0.0
    for name in others:
        yield _edit(site, site.start, site.end, name, "variable", 2.0 + extra + math.log2(len(others)))
    if isinstance(site.parent, ast.For | ast.comprehension) and site.field == "iter":
        for part in ("[1:]", "[:-1]", "[::-1]"):
            yield _edit(site, site.start, site.end, node.id + part, "bound", 4.0)


def _calls(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if not isinstance(node, ast.Call):
        return
    arguments = node.args
    spans = [program.span(argument) for argument in arguments]
    for first in range(len(arguments) - 1):
        second = first + 1
        swapped = program.source[spans[second][0] : spans[second][1]]
        between = program.source[spans[first][1] : spans[second][0]]
        text = swapped + between + program.source[spans[first][0] : spans[first][1]]
        yield _edit(site, spans[first][0], spans[second][1], text, "arguments", 2.5)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
        if arguments == [] or name in ("strip", "lower", "upper", "copy", "split", "replace"):
            yield _edit(site, site.start, site.end, program.segment(node.func.value), "call", 3.0)
    end = program.span(node.func)[1]
    for group in _ALIKE:
        if name in group:
            for other in sorted(group - {name}):
                yield _edit(site, end - len(name), end, other, "call", 1.5 + math.log2(len(group)) / 2)
    if name in _UNWRAPPED and len(arguments) == 1 and isinstance(node.func, ast.Name):
        yield _edit(site, site.start, site.end, program.segment(arguments[0]), "call", 3.0)
    if name == "range":
        yield from _ranges(program, site, node)
    if name in ("sorted", "sort", "min", "max"):
        inside = site.end - 1
        if node.keywords:
            start = program.text.offset(node.keywords[0].value.lineno, 0)
            first_value = program.span(node.keywords[0].value)[0]
            start = program.source.rfind(",", start, first_value)
            if start < 0 or start < (spans[-1][1] if spans else 0):
                start = spans[-1][1] if spans else program.span(node.func)[1] + 1
            yield _edit(site, start, inside, "", "call", 3.0)
        elif name in ("sorted", "sort"):
            yield _edit(site, inside, inside, ", reverse=True" if arguments else "reverse=True", "call", 3.0)
    if len(arguments) > 1:
        yield _edit(site, spans[-2][1], spans[-1][1], "", "arguments", 4.0)


def _ranges(program: Program, site: Site, node: ast.Call) -> Iterator[Edit]:
    texts = [program.segment(argument) for argument in node.args]
    if len(texts) == 1:
        yield _edit(site, *program.span(node.args[0]), f"1, {texts[0]}", "bound", 2.5)
        yield _edit(site, *program.span(node.args[0]), f"1, {texts[0]} + 1", "bound", 2.5)
        yield _edit(site, *program.span(node.args[0]), f"2, {texts[0]}", "bound", 3.5)
    if len(texts) >= 2:
        yield _edit(site, site.start, site.end, f"range({texts[1]})", "bound", 3.5)
    if len(texts) == 3:
        yield _edit(site, site.start, site.end, f"range({texts[0]}, {texts[1]})", "bound", 3.5)


def _subscripts(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if not isinstance(node, ast.Subscript):
        return
    if isinstance(node.slice, ast.Slice):
        part = node.slice
        if part.lower is None:
            start = program.span(node.value)[1]
            start = program.source.index("[", start) + 1
            yield _edit(site, start, start, "1", "bound", 3.0)
        if part.upper is None and part.step is None:
            yield _edit(site, site.end - 1, site.end - 1, "-1", "bound", 3.0)
        for bound in (part.lower, part.upper):
            if bound is not None:
                yield _edit(site, *program.span(bound), "", "bound", 3.0)
        if part.lower is None and part.upper is None:
            yield _edit(site, site.start, site.end, program.segment(node.value), "call", 3.0)
    else:
        yield _edit(site, site.start, site.end, program.segment(node.value), "subscript", 5.0)
        if isinstance(node.slice, ast.Constant) and node.slice.value == 0:
            yield _edit(site, *program.span(node.slice), "-1", "bound", 2.0)
        elif isinstance(node.slice, ast.UnaryOp):
            yield _edit(site, *program.span(node.slice), "0", "bound", 2.0)


def _wrapped(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del) or site.field == "func":
        return
    if isinstance(node, ast.Constant | ast.Starred | ast.Slice | ast.keyword):
        return
    text = program.segment(node)
    whole = (site.field == "value" and isinstance(site.parent, ast.Return | ast.Assign)) or isinstance(
        site.parent, ast.Call
    )
    for name in _WRAPPERS:
        if not text.startswith(name + "("):
            cost = 4.5 if whole else 5.5
            yield _edit(site, site.start, site.end, f"{name}({text})", "call", cost)
    if isinstance(node, ast.Name | ast.Subscript | ast.Call) and isinstance(
        site.parent, ast.Compare | ast.Call | ast.Return
    ):
        for method in ("lower()", "upper()", "strip()"):
            yield _edit(site, site.start, site.end, f"{text}.{method}", "call", 6.0)


def _choices(program: Program, site: Site) -> Iterator[Edit]:
    node = site.node
    if isinstance(node, ast.IfExp):
        body, orelse, test = (program.segment(part) for part in (node.body, node.orelse, node.test))
        yield _edit(site, site.start, site.end, f"{orelse} if {test} else {body}", "branches", 2.0)
        yield _edit(site, site.start, site.end, body, "branches", 4.0)
        yield _edit(site, site.start, site.end, orelse, "branches", 4.0)
    if isinstance(node, ast.Tuple | ast.List) and len(node.elts) == 2 and isinstance(node.ctx, ast.Load):
        first, second = (program.span(element) for element in node.elts)
        source = program.source
        text = source[second[0] : second[1]] + source[first[1] : second[0]] + source[first[0] : first[1]]
        yield _edit(site, first[0], second[1], text, "arguments", 3.0)
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        for generator in node.generators:
            for condition in generator.ifs:
                start, end = program.span(condition)
                keyword = program.source.rfind("if", 0, start)
                yield _edit(site, keyword, end, "", "guard", 3.5)


_OF_SITES: list[Callable[[Program, Site], Iterator[Edit]]] = [
    _comparisons,
    _binary,
    _boolean,
    _negations,
    _constants,
    _off_by_one,
    _names,
    _calls,
    _subscripts,
    _wrapped,
    _choices,
]


def _edit(site: Site, start: int, end: int, text: str, kind: str, cost: float) -> Edit:
    return Edit(start, end, text, kind, (site.start, site.end), cost)


def _counts(site: Site) -> bool:
    """Whether an expression is used as a number that may be off by one."""
    node, parent = site.node, site.parent
    if not isinstance(node, ast.Name | ast.Call | ast.Subscript | ast.BinOp | ast.Attribute):
        return False
    if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        return False
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id == "range" and site.field == "args"
    if isinstance(parent, ast.Subscript):
        return site.field == "slice"
    return isinstance(parent, ast.Slice | ast.Compare | ast.Return | ast.Assign | ast.AugAssign | ast.BinOp)


def _number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _negated(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
