"""The whole reference in the candidate's names: the text that a repair starts from, which passes by construction."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping

from verl_egca.localization.twins.alignment import Alignment, Matching, View
from verl_egca.localization.twins.copies import clone, unparsed
from verl_egca.localization.twins.scopes import Scope, entry_scope, is_docstring, scopes

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


def wholes(alignment: Alignment, entry_point: str | None) -> Iterator[str]:
    """A program for each view of the reference, each text once."""
    seen: set[str] = set()
    for view in alignment.views:
        text = unparsed(_whole(alignment, view, entry_point))
        if text is not None and text not in seen:
            seen.add(text)
            yield text


def _whole(alignment: Alignment, view: View, entry_point: str | None) -> ast.Module:
    """The candidate with each matched function's body replaced by its counterpart's, and what these need put before it."""
    tree = clone(alignment.candidate)
    ours, theirs = scopes(tree), scopes(view.tree)
    matchings = {matching.candidate.name: matching for matching in view.matchings}
    functions = {name: other for name, other in alignment.functions.items() if name in matchings and other in theirs}
    translation = _Translation(alignment.functions, matchings, theirs)
    written: list[ast.AST] = []
    for name, other in functions.items():
        outer = [one for one in functions if one and name.startswith(f"{one}.")]
        if name and all(_stays(name, one, functions) for one in outer):
            node = ours[name].node
            nested = [
                ours[one].node for one in functions if one.rpartition(".")[0] == name and _stays(one, name, functions)
            ]
            node.body = [*_statements(nested), *translation.body(name, other)]
            _give_defaults(node, theirs[other].node)
            written += node.body
    if not entry_scope(entry_point, ours):
        own = [statement for statement in tree.body if isinstance(statement, _DEFINITIONS)]
        rest = [statement for statement in translation.body("", "") if not _is_known(statement, own)]
        tree.body = [*own, *rest]
        written += rest
    _add_methods(tree, view.tree, functions, translation)
    needed = _needed(tree, view.tree, written)
    first = next((at for at, one in enumerate(tree.body) if not (isinstance(one, _IMPORTS) or is_docstring(one))), 0)
    tree.body[first:first] = [clone(one) for one in needed]
    return ast.fix_missing_locations(tree)


class _Translation:
    """The reference's code in the candidate's names."""

    def __init__(
        self, functions: Mapping[str, str], matchings: Mapping[str, Matching], theirs: Mapping[str, Scope]
    ) -> None:
        self._matchings, self._theirs = matchings, theirs
        self._ours = {other: name for name, other in functions.items()}
        self._called = {other.rpartition(".")[2]: name.rpartition(".")[2] for name, other in functions.items() if name}

    def body(self, name: str, other: str) -> list[ast.stmt]:
        """Of the function ``other``, for the candidate's ``name``."""
        table: dict[str, str] = {}
        for inner, scope in self._theirs.items():
            if other and inner.startswith(f"{other}."):
                table |= self._names(self._ours.get(inner), scope)
        table |= self._names(name, self._theirs[other])
        node = self._theirs[other].node
        renamed = [self.renamed(statement, table) for statement in node.body if not is_docstring(statement)]
        return renamed or [ast.Pass()]

    def renamed(self, statement: ast.stmt, table: Mapping[str, str]) -> ast.stmt:
        new = clone(statement, lambda name: table.get(name, name))
        for node in ast.walk(new):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                node.name = self._called.get(node.name, node.name)
            elif isinstance(node, ast.Attribute):
                if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                    node.attr = self._called.get(node.attr, node.attr)
            elif isinstance(node, ast.Global | ast.Nonlocal):
                node.names = [table.get(name, name) for name in node.names]
            elif isinstance(node, ast.ExceptHandler) and node.name:
                node.name = table.get(node.name, node.name)
        return new

    def _names(self, name: str | None, scope: Scope) -> dict[str, str]:
        matching = self._matchings.get(name) if name is not None else None
        given = dict(matching.names) if matching is not None else {}
        taken = set(given.values())
        for own in scope.names:
            if own not in given:
                given[own] = f"{own}_" if own in taken else own
        return given


def _stays(inner: str, outer: str, functions: Mapping[str, str]) -> bool:
    """Whether a function within another is no part of its counterpart, which calls it all the same."""
    return not functions[inner].startswith(f"{functions[outer]}.")


def _statements(nodes: Iterable[ast.AST]) -> Iterator[ast.stmt]:
    return (node for node in nodes if isinstance(node, ast.stmt))


def _give_defaults(node: ast.AST, there: ast.AST) -> None:
    """Default values are part of what a function does."""
    ours, theirs = getattr(node, "args", None), getattr(there, "args", None)
    if not (isinstance(ours, ast.arguments) and isinstance(theirs, ast.arguments)):
        return
    if len(ours.posonlyargs) + len(ours.args) == len(theirs.posonlyargs) + len(theirs.args):
        ours.defaults = [clone(value) for value in theirs.defaults]


def _is_known(node: ast.stmt, own: Iterable[ast.stmt]) -> bool:
    name = getattr(node, "name", None)
    return name is not None and any(getattr(other, "name", None) == name for other in own)


def _add_methods(
    tree: ast.Module, reference: ast.Module, functions: Mapping[str, str], translation: _Translation
) -> None:
    """Methods that only the reference has, for the classes of those that match."""
    of_class = {other.partition(".")[0]: name.partition(".")[0] for name, other in functions.items() if "." in name}
    here = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    matched = set(functions.values())
    for node in reference.body:
        own = here.get(of_class.get(node.name, "")) if isinstance(node, ast.ClassDef) else None
        if own is None or not isinstance(node, ast.ClassDef):
            continue
        known = {getattr(inner, "name", "") for inner in own.body}
        for inner in node.body:
            is_new = isinstance(inner, ast.FunctionDef) and inner.name not in known
            if is_new and f"{node.name}.{getattr(inner, 'name', '')}" not in matched:
                own.body.append(translation.renamed(inner, {}))


def _needed(tree: ast.Module, reference: ast.Module, written: Iterable[ast.AST]) -> list[ast.stmt]:
    """What the reference's top level defines, ``written`` uses and the tree lacks; in the reference's order."""
    there = {name: node for node in reference.body for name in _defines(node)}
    here = {name for node in tree.body for name in _defines(node)} | set(dir(builtins))
    found: set[int] = set()
    waiting = list(written)
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Name) and node.id not in here and node.id in there:
                here.add(node.id)
                found.add(id(there[node.id]))
                waiting.append(there[node.id])
    return [node for node in reference.body if id(node) in found]


def _defines(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, _DEFINITIONS):
        yield node.name
    elif isinstance(node, _IMPORTS):
        for alias in node.names:
            yield (alias.asname or alias.name).partition(".")[0]
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id
