"""The worth of a piece of an answer as the program: it defines the entry point, or is a script that reads and writes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import lru_cache

from verl_egca.extraction.facts import CodeFacts, facts_of
from verl_egca.problem import AssertionTests, Problem
from verl_egca.statements import parse, top_level

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_READS = re.compile(r"\b(?:input[ \t]*\(|stdin\b|open[ \t]*\()")
_WRITES = re.compile(r"\b(?:print\b|stdout\b)")
_CODE_LINE = re.compile(
    r"^[ \t]*(?:from\s+[\w.]+\s+import\b|import\s+\w|(?:async\s+)?def\s+\w+[ \t]*\(|class\s+\w+[ \t]*[(:]|@\w|"
    r"(?:for|while|if|with)\b.*:|try:|return\b|print[ \t]*\(|\w+[ \t]*[-+*/]?=)",
    re.MULTILINE,
)


class Worth(IntEnum):
    """From nothing to the program itself."""

    NOTHING = 0  # prose, sample input, sample output
    BROKEN_CODE = 1  # code that does not parse
    CODE = 2  # code that neither defines the entry point nor writes
    PARTIAL = 3  # the entry point's name without all of its body, or a script that writes and reads nothing
    BROKEN = 4  # does not parse, but its lines are those of the program
    CONTINUES = 5  # parses after the prompt's code
    WHOLE = 6


def wanted_names(problem: Problem) -> tuple[str, ...]:
    """The names that the tests call: the entry point, else the free names of the assertions; empty for a script."""
    if problem.entry_point is not None:
        return (problem.entry_point,)
    if isinstance(problem.tests, AssertionTests):
        return _used_by(problem.tests)
    return ()


def worth_of(tree: ast.Module, facts: CodeFacts, wanted: Sequence[str]) -> Worth:
    """The worth of code that parses. The tests call ``wanted``; if it is empty, they give standard input."""
    if not wanted and facts.acts and facts.writes:
        return Worth.WHOLE if facts.reads else Worth.PARTIAL
    defined = max((_completeness(node, name) for node in top_level(tree) for name in wanted), default=0)
    if defined:
        return Worth.WHOLE if defined == 2 else Worth.PARTIAL
    return Worth.CODE if facts.acts or facts.top else Worth.NOTHING


def worth_of_broken(text: str, wanted: Sequence[str]) -> Worth:
    """The worth of text that does not parse, judged by its lines."""
    if not _CODE_LINE.search(text):
        return Worth.NOTHING
    if wanted:
        is_program = not names_by_line(text).isdisjoint(map(root_of, wanted))
    else:
        is_program = _READS.search(text) is not None and _WRITES.search(text) is not None
    return Worth.BROKEN if is_program else Worth.BROKEN_CODE


def root_of(entry_point: str) -> str:
    """The name that a program must define: ``Solution`` for ``Solution().twoSum``."""
    return entry_point.partition("(")[0]


@lru_cache(maxsize=256)
def _used_by(tests: AssertionTests) -> tuple[str, ...]:
    tree = parse("\n".join((tests.setup, *tests.assertions)), limit=None)
    return tuple(sorted(facts_of(tree).free)) if tree is not None else ()


def names_by_line(text: str) -> frozenset[str]:
    """The names of functions, classes and variables that lines at the left edge bind, in text that need not parse."""
    found = re.findall(r"^(?:(?:async[ \t]+)?def[ \t]+(\w+)|class[ \t]+(\w+)|(\w+)[ \t]*=)", text, re.MULTILINE)
    return frozenset(name for names in found for name in names if name)


def _completeness(node: ast.stmt, entry_point: str) -> int:
    """2: the statement defines the entry point; 1: only its name, as in a quotation; 0: neither."""
    root, _, method = entry_point.partition("().")
    if isinstance(node, ast.ClassDef) and method and node.name == root:
        return max((_completeness(inner, method) for inner in node.body), default=0) or (2 if node.bases else 1)
    if isinstance(node, ast.ClassDef) and not method and node.name == "Solution" != root:  # the tests call its method
        return max((_completeness(inner, root) for inner in node.body), default=0)
    if isinstance(node, _DEFINITIONS):
        return (1 if _is_elided(node) else 2) if node.name == root else 0
    if isinstance(node, ast.Import | ast.ImportFrom):
        return int(any((alias.asname or alias.name) == root for alias in node.names))
    return 2 if root in _assigned(node) else 0


def _is_elided(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Whether parts of the body are left out, as where an explanation quotes the code."""
    if any(_is_ellipsis(inner) for inner in ast.walk(node)):
        return True
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return all(isinstance(inner, ast.Pass) or _is_not_implemented(inner) for inner in body)


def _is_ellipsis(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def _is_not_implemented(node: ast.stmt) -> bool:
    names = ast.walk(node) if isinstance(node, ast.Raise) else ()
    return any(isinstance(name, ast.Name) and name.id.startswith("NotImplemented") for name in names)


def _assigned(node: ast.stmt) -> Iterator[str]:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    for target in targets:
        names = (inner for inner in ast.walk(target) if isinstance(inner, ast.Name))
        yield from (name.id for name in names if isinstance(name.ctx, ast.Store))
