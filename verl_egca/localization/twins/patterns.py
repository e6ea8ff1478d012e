"""Patterns, which are code with variables: a pattern matches code, and another pattern rewrites the match.

``$a`` is an expression or a name, the same one at each occurrence; ``$a:Name|Call`` is one of these nodes, operators or
names, ``$a:!`` any other, and ``$not_a`` the negation of the test ``$a``. ``...`` is any arguments, or any block.
``for $nest in _`` is a loop, or nested loops and conditions without other statements; in a comprehension, its clauses.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from verl_egca.localization.twins.shapes import negated
from verl_egca.localization.twins.trees import clone, names_in

Statements = list[ast.stmt]
Bound = dict[str, Any]  # for each variable an expression, a name, or the parts of a nest
_VARIABLE = re.compile(r"\$(\w+)(?::(!?[A-Za-z][\w|]*))?")
_MARK, _NEST, _NOT = "__", "nest", "not_"  # the first is the prefix of variables in trees
_IGNORED = frozenset({"ctx", "kind", "type_comment"})


class Words:
    """Any of these words; with ``!`` before them, none of these."""

    def __init__(self, text: str) -> None:
        self._is_not, self._words = text.startswith("!"), frozenset(text.removeprefix("!").split("|"))

    def fits(self, found: Iterable[str]) -> bool:
        return self._words.isdisjoint(found) is self._is_not


class Pattern:
    """A pattern's tree, its variables in the order of the text, and the texts around and between them."""

    def __init__(self, text: str) -> None:
        """Raises SyntaxError if the text does not parse."""
        self._wanted = {name: Words(words) for name, words in _VARIABLE.findall(text) if words}
        pieces = re.split(r"\$(\w+)", bare(text))
        self.gaps, self.names = pieces[::2], pieces[1::2]
        self.body = ast.parse("".join(_MARK * (n % 2) + piece for n, piece in enumerate(pieces))).body
        first = self.body[0]
        self.node: ast.expr | ast.stmt = first.value if isinstance(first, ast.Expr) else first
        self.stands = [(name, above, field) for above, field, part in _parts(self.node) if (name := variable(part))]

    def filled(self, gaps: Sequence[str], texts: Mapping[str, str]) -> str:
        return gaps[0] + "".join(texts[name] + gap for name, gap in zip(self.names, gaps[1:], strict=True))

    def matches(self, node: ast.AST, bound: Bound) -> bool:
        return _matches(self.node, node, bound) and all(
            words.fits(_called(bound[name])) for name, words in self._wanted.items()
        )


def bare(text: str) -> str:
    """The pattern without the words that restrict its variables."""
    return _VARIABLE.sub(r"$\1", text)


def variable(node: object) -> str:
    """The name of a pattern's part that is a variable; "" for other parts."""
    text = node.id if isinstance(node, ast.Name) else node
    return text.removeprefix(_MARK) if isinstance(text, str) and text.startswith(_MARK) else ""


def _matches(pattern: object, node: object, bound: Bound) -> bool:
    if name := variable(pattern):
        if name.startswith(_NOT) and isinstance(node, ast.expr):
            name, node = name.removeprefix(_NOT), negated(node)
        return isinstance(node, ast.expr | str) and _is_same(bound.setdefault(name, node), node)
    if isinstance(pattern, ast.For) and variable(pattern.target) == _NEST:
        return _matches_nest(pattern.body[0], node, bound)
    if type(pattern) is not type(node):
        return False
    if isinstance(pattern, list) and isinstance(node, list):
        match pattern:
            case [ast.Expr(value=ast.Constant(value=only)) | ast.Constant(value=only)] if only is ...:
                return True
            case [ast.comprehension(target=target)] if variable(target) == _NEST:
                bound[_NEST] = node
                return True
        parts = zip(pattern, node, strict=False)
        return len(pattern) == len(node) and all(_matches(*two, bound) for two in parts)
    if isinstance(pattern, ast.AST):
        fields = (field for field in pattern._fields if field not in _IGNORED)
        return all(_matches(getattr(pattern, field), getattr(node, field), bound) for field in fields)
    return pattern == node


def _matches_nest(inner: ast.stmt, node: object, bound: Bound) -> bool:
    parts: list[ast.comprehension] = []
    while True:
        match node:
            case ast.For(target=target, iter=over, body=[child], orelse=[]):
                parts.append(ast.comprehension(target, over, [], 0))
            case ast.If(test=test, body=[child], orelse=[]) if parts:
                parts[-1].ifs.append(test)
            case _:
                return False
        node, trial = child, dict(bound)
        if _matches(inner, node, trial):
            bound |= {**trial, _NEST: parts}
            return True


def _is_same(one: ast.expr | str, other: ast.expr | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return one is other or ast.dump(one).replace("Store()", "Load()") == ast.dump(other).replace("Store()", "Load()")


def _called(node: ast.AST | str) -> tuple[str, ...]:
    """The words for a node in patterns."""
    if isinstance(node, str):
        return (node,)
    return type(node).__name__, type(getattr(node, "op", None)).__name__, getattr(node, "id", "")


def _parts(node: ast.AST) -> Iterator[tuple[ast.AST | None, str, object]]:
    """All parts of a tree, each with its parent node."""
    yield None, "", node
    for above in ast.walk(node):
        for field, value in ast.iter_fields(above):
            for part in value if isinstance(value, list) else [value]:
                yield above, field, part


# ------------------------------------------------------------ rewriting of blocks


def rewrite(before: str, after: str) -> Callable[[Statements], Statements]:
    """A function that rewrites a block: statements that match ``before`` become the statements of ``after``.

    If the first statement sets a name, statements without this name may be between them. Raises SyntaxError.
    """
    pattern, replacement = Pattern(before).body, Pattern(after).body

    def rewritten(body: Statements) -> Statements:
        start = 0
        while start < len(body):
            bound: Bound = {}
            if places := _places(pattern, body, start, bound):
                between = [node for at, node in enumerate(body[: places[-1]]) if at > start and at not in places]
                body = [*body[:start], *between, *Filling(bound).block(replacement), *body[places[-1] + 1 :]]
            start += 1
        return body

    return rewritten


def _places(pattern: Statements, body: Statements, start: int, bound: Bound) -> list[int] | None:
    """The places of the pattern's statements, the first at ``start``."""
    places: list[int] = []
    at = start
    for part in pattern:
        while at < len(body) and not _matches(part, body[at], trial := dict(bound)):
            if not places or not isinstance(pattern[0], ast.Assign) or _has_to_do(body[at], body[start]):
                return None
            at += 1
        if at == len(body):
            return None
        bound |= trial
        places.append(at)
        at += 1
    return places


def _has_to_do(node: ast.stmt, assignment: ast.stmt) -> bool:
    return not set(names_in(assignment, ast.Store)).isdisjoint(names_in(node))


class Filling(ast.NodeTransformer):
    """Replaces variables, or names, by their expressions."""

    def __init__(self, bound: Bound) -> None:
        self._bound = bound

    def block(self, pattern: Statements) -> Statements:
        module = clone(ast.Module(pattern, []))
        self.generic_visit(module)
        return module.body

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = variable(node) or node.id
        if name.startswith(_NOT) and name.removeprefix(_NOT) in self._bound:
            return negated(clone(self._bound[name.removeprefix(_NOT)]))
        new: ast.expr = clone(self._bound.get(name, node))
        if isinstance(new, ast.Name | ast.Attribute | ast.Subscript | ast.Tuple | ast.List | ast.Starred):
            new.ctx = node.ctx
        return new

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return negated(node.operand) if isinstance(node.op, ast.Not) else node

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        return self._nest() if variable(node.target) == _NEST else self.generic_visit(node)

    def _nest(self) -> list[ast.comprehension]:
        return [clone(part) for part in self._bound[_NEST]]

    def visit_For(self, node: ast.For) -> ast.AST:
        if variable(node.target) != _NEST:
            return self.generic_visit(node)
        (innermost,) = self.block(node.body)
        for part in reversed(self._nest()):
            for test in reversed(part.ifs):
                innermost = ast.If(test, [innermost], [], lineno=1)
            innermost = ast.For(part.target, part.iter, [innermost], [], lineno=1)
        return innermost
