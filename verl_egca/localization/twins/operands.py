"""Missing parts of expressions: a term, a call around an expression, an argument.

Names that are bound and never used, and uncalled functions, come first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from verl_egca.localization.twins.clues import Clues, LooseEnds
from verl_egca.localization.twins.costs import LOOSE, Amounts, ranked
from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.program import Program, Site
from verl_egca.localization.twins.rows import rewritten

_TESTS = ("$a and $n", "$a or $n", "$a and not $n")
_SUMS = ("$a + $n", "$a - $n")
_NUMBERS = (*_SUMS, "$a * $n", "$a // $n", "$a % $n", "$n + $a", "$n - $a")
_TEXTS = ("$a + $n", "$n + $a")
_MOST_NAMES = 5
_AROUND = ("len", "sorted", "sum", "list", "abs", "int", "str", "set", "max", "min", "any", "all", "tuple", "ord")
_KEYS = ("key=len", "reverse=True", "start=1", "default=0", "default=None", "key=str", "key=int", "key=abs")
_KEYED = {
    "sorted": ("key", "reverse"),
    "sort": ("key", "reverse"),
    "max": ("key", "default"),
    "min": ("key", "default"),
    "enumerate": ("start",),
}


def of_loose_names(program: Program, clues: Clues, ends: LooseEnds) -> Iterator[Edit]:
    """Edits with loose names and functions only."""
    uncalled = ends.uncalled(clues.entry_point)
    for site in _values(program):
        yield from _terms(program, site, clues, ends.unused(program.function_of.get(site.statement)), (LOOSE,))
        yield from _calls(program, site, uncalled, (LOOSE,))
        yield from _arguments(program, site, [f"key={name}" for name in uncalled], (LOOSE,))


def of_operands(program: Program, clues: Clues) -> Iterator[Edit]:
    written = [site.node.id for site in program.sites if isinstance(site.node, ast.Name) and site.field == "func"]
    functions = list(dict.fromkeys((*clues.called, *written)))
    for site in _values(program):
        names = program.visible(program.function_of.get(site.statement))[:_MOST_NAMES]
        yield from _terms(program, site, clues, names)
        yield from _calls(program, site, functions)
        yield from _calls(program, site, [name for name in _AROUND if name not in functions], (("any function", 1.0),))
        yield from _arguments(program, site, _KEYS)


def _values(program: Program) -> Iterator[Site]:
    return (site for site in program.sites if site.is_value and not isinstance(site.parent, ast.Attribute))


def _terms(program: Program, site: Site, clues: Clues, names: Sequence[str], more: Amounts = ()) -> Iterator[Edit]:
    """Combines a name with the expression."""
    node = site.node
    if isinstance(site.parent, ast.BinOp) or (isinstance(node, ast.Constant) and isinstance(node.value, bool | None)):
        return  # only the outermost of a sum counts
    text = program.segment(node)
    like_it = f"{program.segment(node.func)}(%s)" if isinstance(node, ast.Call) and len(node.args) == 1 else ""
    for rank, name in enumerate([*names, *(like_it % name for name in names if like_it)]):
        forms: tuple[str, ...] = ()
        if isinstance(node, ast.BoolOp | ast.Compare) or site.field == "test":
            forms = _TESTS
        elif clues.may_be(name, "number"):
            forms = _NUMBERS if LOOSE in more else _SUMS
        elif clues.may_be(name, "text", "list", "tuple"):
            forms = _TEXTS
        amounts = (*ranked("operand", rank), *more)
        for form in forms:
            new = rewritten(program, site, form, n=name) if text != name else None
            if new is not None:
                yield Edit(*site.span, new, "operand", site.span, form, site.where, amounts)


def _calls(program: Program, site: Site, functions: Sequence[str], more: Amounts = ()) -> Iterator[Edit]:
    """Calls another function, or adds a call."""
    node, text = site.node, program.segment(site.node)
    blame = site.span
    inner = text[1:-1] if isinstance(node, ast.GeneratorExp) and text.startswith("(") else text
    for rank, name in enumerate(dict.fromkeys(functions)):
        amounts = (*ranked("call", rank), *more)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and name != node.func.id:
            yield Edit(*program.span(node.func), name, "call", blame, "other function", site.where, amounts)
        if name == "sorted" and isinstance(site.parent, ast.For | ast.Return | ast.Assign | ast.comprehension):
            yield Edit(*blame, f"sorted({inner}, reverse=True)", "call", blame, "downwards", site.where, amounts)
        if not isinstance(node, ast.Constant) and not text.startswith(f"{name}("):
            yield Edit(*blame, f"{name}({inner})", "call", blame, f"{name} around", site.where, amounts)


def _arguments(program: Program, site: Site, keywords: Sequence[str], more: Amounts = ()) -> Iterator[Edit]:
    node = site.node
    if not isinstance(node, ast.Call) or (len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp)):
        return
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    taken = {keyword.arg for keyword in node.keywords}
    joined = ", " if node.args or node.keywords else ""
    for rank, keyword in enumerate(keywords):
        key = keyword.partition("=")[0]
        if key in _KEYED.get(name, ()) and key not in taken:
            amounts = (*ranked("arguments", rank), *more)
            at, blame = site.end - 1, site.span
            yield Edit(at, at, f"{joined}{keyword}", "arguments", blame, f"{keyword} added", site.where, amounts)
