"""The whole reference in the candidate's names: the start of a repair, which passes by construction."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence

from verl_egca.localization.twins.alignment import Alignment, View
from verl_egca.localization.twins.trees import (
    DEFINITIONS,
    FUNCTIONS,
    Function,
    Scope,
    clone,
    entry_scope,
    is_docstring,
    scopes,
    unparsed,
)

_IMPORTS = (ast.Import, ast.ImportFrom)


def wholes(alignment: Alignment, entry_point: str | None) -> Iterator[str]:
    """A program for each view of the reference, each text once."""
    seen: set[str] = set()
    has_entry = bool(entry_scope(entry_point, scopes(alignment.candidate)))
    for view in alignment.views:
        reference = _Renaming(alignment, view, has_entry).reference
        body = _merged(alignment.candidate.body, reference.body, has_entry)
        text = unparsed(ast.fix_missing_locations(ast.Module(body, [])))
        if text is not None and text not in seen:
            seen.add(text)
            yield text


class _Renaming:
    """A copy of a view of the ``reference`` with the candidate's names, and the signatures of matched functions.

    Its top-level names do not change unless it is a script.
    """

    def __init__(self, alignment: Alignment, view: View, has_entry: bool) -> None:
        self.reference = clone(view.tree)
        self._scopes = {scope.node: scope for scope in scopes(self.reference).values()}
        self._matched = {alignment.functions[matching.candidate.name]: matching for matching in view.matchings}
        self._called: dict[str, str] = {}
        for name, other in sorted(alignment.functions.items(), key=lambda pair: pair[1].count(".")):
            for own, part in zip(reversed(name.split(".")), reversed(other.split(".")), strict=False):
                self._called.setdefault(part, own)
        self._rename(self.reference, self._called | ({} if has_entry else self._names(self._scopes[self.reference])))

    def _names(self, scope: Scope) -> dict[str, str]:
        """New names for a scope's own names; names without a counterpart avoid collisions with the others."""
        matching = self._matched.get(scope.name)
        given = dict(matching.names) if matching is not None else {}
        taken = set(given.values())
        return {own: f"{own}_" if own in taken else own for own in scope.names} | given

    def _rename(self, node: ast.AST, table: Mapping[str, str]) -> None:
        for child in ast.iter_child_nodes(node):
            scope = self._scopes.get(child) if isinstance(child, FUNCTIONS) else None
            self._rename(child, {**table, **self._names(scope)} if scope is not None else table)
        match node:
            case ast.Name(id=name):
                node.id = table.get(name, name)
            case ast.arg(arg=name):
                node.arg = table.get(name, name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                node.name = table.get(name, name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                node.names = [table.get(name, name) for name in names]
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                node.attr = self._called.get(name, name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                node.name = self._called.get(name, name)
        if isinstance(node, FUNCTIONS) and node in self._scopes:
            self._sign(node, self._scopes[node])

    def _sign(self, node: Function, scope: Scope) -> None:
        """Gives a function the candidate's header but the reference's defaults, which belong to its behaviour."""
        matching = self._matched.get(scope.name)
        own = matching.candidate.node if matching is not None else None
        if isinstance(own, FUNCTIONS) and matching and len(scope.parameters) == len(matching.candidate.parameters):
            signature = clone(own.args)
            if len(own.args.posonlyargs + own.args.args) == len(node.args.posonlyargs + node.args.args):
                signature.defaults = node.args.defaults
            node.args, node.returns, node.decorator_list = signature, own.returns, own.decorator_list


def _merged(ours: Sequence[ast.stmt], theirs: Sequence[ast.stmt], has_entry: bool) -> list[ast.stmt]:
    """The candidate's statements with the reference's definitions, after the statements of only the reference.

    Of a script only the definitions and imports stay, before the reference's statements.
    """
    every = reversed([node for node in ast.walk(ast.Module(list(theirs), [])) if isinstance(node, DEFINITIONS)])
    left = {node.name: node for node in every}  # nested definitions, too, unless the name is taken
    body: list[ast.stmt] = []
    for node in ours:
        other = left.pop(node.name, None) if isinstance(node, DEFINITIONS) else None
        if isinstance(node, ast.ClassDef) and isinstance(other, ast.ClassDef):
            body.append(clone(node))
            body[-1].body = _merged(node.body, other.body, True)  # type: ignore[attr-defined]
        elif other or has_entry or isinstance(node, (*DEFINITIONS, *_IMPORTS)):
            body.append(other or node)
    known = {unparsed(node) for node in body}
    used = {getattr(inner, "id", getattr(inner, "attr", "")) for node in (*theirs, *body) for inner in ast.walk(node)}
    new = [
        node
        for node in theirs
        if not is_docstring(node) and unparsed(node) not in known and _is_of(node, used, has_entry)
    ]
    imports = [node for node in new if isinstance(node, _IMPORTS)]
    others = [node for node in new if not isinstance(node, _IMPORTS)]
    first = next((at for at, one in enumerate(body) if not (isinstance(one, _IMPORTS) or is_docstring(one))), len(body))
    before, after = body[:first], body[first:]
    return [*before, *imports, *others, *after] if has_entry else [*before, *imports, *after, *others]


def _is_of(node: ast.stmt, used: Collection[str], has_entry: bool) -> bool:
    """Whether a statement is needed: by a used import or definition, or, without an entry point, by the tests."""
    if isinstance(node, _IMPORTS):
        return any((alias.asname or alias.name).partition(".")[0] in used for alias in node.names)
    return not (has_entry and isinstance(node, DEFINITIONS)) or node.name in used
