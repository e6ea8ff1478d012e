"""Parts of expressions that are not there: a term, a call around them, an argument.

Names that are bound and never used, and functions that nobody calls, are the first to be tried.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from verl_egca.localization.twins.clues import Clues, LooseEnds
from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.operators import grouped
from verl_egca.localization.twins.sites import Program, Site

_TERM, _CALL = 5.0, 4.5
_LOOSE = -2.5  # for names and functions that are left over
_NUMBERS, _TEXTS, _LISTS = ("+", "-", "*", "//", "%"), ("+",), ("+",)
_MOST_NAMES = 6
_AROUND = ("len", "sorted", "sum", "list", "abs", "int", "str", "set", "max", "min", "any", "all", "tuple", "ord")
_GROUPED = (ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Lambda, ast.UnaryOp, ast.NamedExpr)
_KEYS = ("key=len", "reverse=True", "start=1", "default=0", "default=None", "key=str", "key=int", "key=abs")
_KEYED = {
    "sorted": ("key", "reverse"),
    "sort": ("key", "reverse"),
    "max": ("key", "default"),
    "min": ("key", "default"),
    "enumerate": ("start",),
}


def of_operands(program: Program, clues: Clues, ends: LooseEnds) -> Iterator[Edit]:
    uncalled = ends.uncalled(clues.entry_point)
    written = {site.node.id for site in program.sites if isinstance(site.node, ast.Name) and site.field == "func"}
    functions = [name for name in dict.fromkeys((*clues.called, *written)) if name.isidentifier()]
    for site in program.sites:
        if not _is_value(site):
            continue
        yield from _terms(program, site, clues, ends)
        yield from _calls(program, site, uncalled, functions)
        yield from _arguments(program, site, uncalled)


def _is_value(site: Site) -> bool:
    node = site.node
    if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del) or isinstance(node, ast.Starred | ast.Slice):
        return False
    return site.field != "func" and not isinstance(site.parent, ast.Attribute)


def _terms(program: Program, site: Site, clues: Clues, ends: LooseEnds) -> Iterator[Edit]:
    """A name is combined with what is there."""
    node = site.node
    if isinstance(site.parent, ast.BinOp) or (isinstance(node, ast.Constant) and isinstance(node.value, bool | None)):
        return  # the outermost of a sum has its turn
    function = program.function_of.get(site.statement)
    unused = ends.unused(function)
    others = [name for name in program.visible(function) if name not in unused]
    text = program.segment(node)
    left = f"({text})" if isinstance(node, _GROUPED) and not isinstance(node, ast.BinOp) else text
    for rank, name in enumerate([*unused, *others][:_MOST_NAMES]):
        loose = _LOOSE if name in unused else 0.0
        if text == name:
            continue
        if isinstance(node, ast.BoolOp | ast.Compare) or site.field == "test":
            forms = [f"{left} and {name}", f"{left} or {name}", f"{left} and not {name}"]
        elif clues.may_be(name, "number"):
            operators = _NUMBERS if loose else _NUMBERS[:2]
            forms = [f"{grouped(left) if o not in '+-' else left} {o} {name}" for o in operators]
            forms += [f"{name} + {left}", f"{name} - {grouped(left)}"] if loose else []
        elif clues.may_be(name, "text", "list", "tuple"):
            forms = [f"{left} + {name}", f"{name} + {left}"]
        else:
            continue
        for place, form in enumerate(forms):
            yield Edit(
                site.start, site.end, form, "operand", (site.start, site.end), _TERM + loose + 0.1 * rank + 0.1 * place
            )


def _calls(program: Program, site: Site, uncalled: list[str], functions: list[str]) -> Iterator[Edit]:
    """Another function is called, or one is called at all."""
    node, text = site.node, program.segment(site.node)
    blame = (site.start, site.end)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        for rank, name in enumerate(dict.fromkeys((*uncalled, *functions))):
            if name != node.func.id:
                loose = _LOOSE if name in uncalled else 0.0
                yield Edit(*program.span(node.func), name, "call", blame, _CALL + loose - 0.5 + 0.1 * rank)
    if isinstance(node, ast.Constant):
        return
    for rank, name in enumerate(dict.fromkeys((*uncalled, *functions, *_AROUND))):
        if text.startswith(f"{name}("):
            continue
        inner = text[1:-1] if isinstance(node, ast.GeneratorExp) and text.startswith("(") else text
        loose = _LOOSE if name in uncalled else 0.0
        whole = isinstance(site.parent, ast.Return | ast.Assign | ast.For | ast.Call | ast.comprehension)
        yield Edit(
            site.start, site.end, f"{name}({inner})", "call", blame, _CALL + loose + 0.05 * rank + 0.8 * (not whole)
        )


def _arguments(program: Program, site: Site, uncalled: list[str]) -> Iterator[Edit]:
    node = site.node
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    taken = {keyword.arg for keyword in node.keywords}
    joined = ", " if node.args or node.keywords else ""
    if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
        return
    for rank, keyword in enumerate([*(f"key={function}" for function in uncalled), *_KEYS]):
        key, _, value = keyword.partition("=")
        if key in _KEYED.get(name, ()) and key not in taken:
            loose = _LOOSE if value in uncalled else 0.0
            cost = _CALL - 1.0 + loose + 0.1 * rank
            yield Edit(site.end - 1, site.end - 1, f"{joined}{keyword}", "arguments", (site.start, site.end), cost)
