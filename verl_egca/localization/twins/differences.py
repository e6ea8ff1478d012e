"""How one expression becomes another: replacements of parts of the first, small ones and large ones."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from verl_egca.localization.twins.shapes import Shapes, likeness, mirrored, negated

_ALIKE = 0.4  # parts less alike are not compared any further
_DEEPEST = 12
_ATOMIC = (ast.JoinedStr, ast.FormattedValue)  # places within an f-string are not those of the text before Python 3.12


@dataclass(frozen=True, slots=True)
class Replacement:
    """``part`` of the expression becomes ``by``; ``kind`` says how."""

    part: ast.expr
    by: ast.expr
    kind: str


class Differences:
    """Finds replacements; both expressions speak the candidate's names."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._seen: set[tuple[int, int]] = set()
        self._kept: list[ast.AST] = []  # ids stay those of their nodes

    def between(self, ours: ast.expr, theirs: ast.expr, depth: int = 0) -> Iterator[Replacement]:
        """Replacements that make ``ours`` like ``theirs``, or more so; the whole first."""
        if depth == 0:
            self._seen.clear()
        if self._same(ours, theirs) or depth > _DEEPEST or (id(ours), id(theirs)) in self._seen:
            return
        self._seen.add((id(ours), id(theirs)))
        self._kept.append(theirs)
        yield Replacement(ours, theirs, "expression")
        if isinstance(ours, _ATOMIC) or isinstance(theirs, _ATOMIC):
            return
        theirs = self._oriented(ours, theirs)
        if type(ours) is type(theirs):
            yield from self._parts(ours, theirs, depth)
        for part in _operands(theirs):  # theirs does more with it
            if self._alike(ours, part) and not self._same(theirs, part):
                yield Replacement(ours, _replaced(theirs, part, ours), "wrap")
                yield from self.between(ours, part, depth + 1)
        for part in _operands(ours):  # ours does more with it
            if self._alike(part, theirs):
                yield Replacement(ours, part, "unwrap")
                yield from self.between(part, theirs, depth + 1)

    def _parts(self, ours: ast.expr, theirs: ast.expr, depth: int) -> Iterator[Replacement]:
        for field in ours._fields:
            one, two = getattr(ours, field, None), getattr(theirs, field, None)
            if field == "ctx" or one is None or two is None:
                continue
            if isinstance(one, ast.expr) and isinstance(two, ast.expr):
                if not self._same(one, two):
                    yield from self.between(one, two, depth + 1)
                    yield Replacement(one, two, "part")
            elif isinstance(one, list) and isinstance(two, list):
                yield from self._lists(ours, field, one, two, depth)
            elif isinstance(one, ast.operator | ast.boolop | ast.unaryop) and type(one) is not type(two):
                yield Replacement(ours, _with(ours, field, two), "operator")
            elif isinstance(one, ast.arguments) and isinstance(two, ast.arguments) and ast.dump(one) != ast.dump(two):
                yield Replacement(ours, _with(ours, field, two), "expression")
            elif isinstance(one, str) and one != two:
                yield Replacement(ours, _with(ours, field, two), "name")

    def _lists(
        self, ours: ast.expr, field: str, one: list[ast.AST], two: list[ast.AST], depth: int
    ) -> Iterator[Replacement]:
        if len(one) == len(two):
            for index, (a, b) in enumerate(zip(one, two, strict=True)):
                if isinstance(a, ast.expr) and isinstance(b, ast.expr):
                    yield from self.between(a, b, depth + 1)
                elif isinstance(a, ast.comprehension) and isinstance(b, ast.comprehension):
                    yield from self._comprehension(ours, field, index, a, b, depth)
                elif isinstance(a, ast.keyword) and isinstance(b, ast.keyword) and a.arg == b.arg:
                    yield from self.between(a.value, b.value, depth + 1)
                elif isinstance(a, ast.cmpop) and type(a) is not type(b):
                    yield Replacement(ours, _with(ours, field, [*one[:index], b, *one[index + 1 :]]), "operator")
            return
        if field == "ops" or (field == "comparators" and isinstance(ours, ast.Compare)):
            return
        if abs(len(one) - len(two)) > 3:
            return
        pairs = self._in_order(one, two)
        matched, others = {i for i, _ in pairs}, {j for _, j in pairs}
        for i, j in pairs:
            a, b = one[i], two[j]
            if isinstance(a, ast.expr) and isinstance(b, ast.expr):
                yield from self.between(a, b, depth + 1)
        for i in range(len(one)):
            if i not in matched:
                rest = [*one[:i], *one[i + 1 :]]
                if isinstance(ours, ast.BoolOp) and len(rest) == 1 and isinstance(rest[0], ast.expr):
                    yield Replacement(ours, rest[0], "superfluous")
                else:
                    yield Replacement(ours, _with(ours, field, rest), "superfluous")
        for j in range(len(two)):
            if j not in others:
                before = [i for i, k in pairs if k < j]
                at = max(before, default=-1) + 1
                yield Replacement(ours, _with(ours, field, [*one[:at], two[j], *one[at:]]), "missing")

    def _comprehension(
        self, ours: ast.expr, field: str, index: int, a: ast.comprehension, b: ast.comprehension, depth: int
    ) -> Iterator[Replacement]:
        yield from self.between(a.target, b.target, depth + 1)
        yield from self.between(a.iter, b.iter, depth + 1)
        generators: list[ast.comprehension] = getattr(ours, field)

        def with_ifs(ifs: list[ast.expr]) -> ast.expr:
            new = ast.comprehension(a.target, a.iter, ifs, a.is_async)
            return _with(ours, field, [*generators[:index], new, *generators[index + 1 :]])

        if len(a.ifs) == len(b.ifs):
            for one, two in zip(a.ifs, b.ifs, strict=True):
                yield from self.between(one, two, depth + 1)
        elif self._shapes.of(a) != self._shapes.of(b):
            yield Replacement(ours, with_ifs(b.ifs), "missing" if len(b.ifs) > len(a.ifs) else "superfluous")

    def _in_order(self, one: list[ast.AST], two: list[ast.AST]) -> list[tuple[int, int]]:
        """The best matching of two short lists in order."""
        best: dict[tuple[int, int], tuple[float, list[tuple[int, int]]]] = {}
        for i in range(len(one), -1, -1):
            for j in range(len(two), -1, -1):
                if i == len(one) or j == len(two):
                    best[i, j] = (0.0, [])
                    continue
                alike = likeness(self._shapes.bag(one[i]), self._shapes.bag(two[j])) + 0.01
                score, pairs = best[i + 1, j + 1]
                best[i, j] = max(
                    (score + alike, [(i, j), *pairs]), best[i + 1, j], best[i, j + 1], key=lambda option: option[0]
                )
        return best[0, 0][1]

    def _oriented(self, ours: ast.expr, theirs: ast.expr) -> ast.expr:
        """``theirs`` turned round where that brings it closer: ``b > a`` for ``a < b``, ``y * x`` for ``x * y``."""
        match ours, theirs:
            case ast.Compare(left=left, ops=[_], comparators=[right]), ast.Compare(left=a, ops=[_], comparators=[b]):
                if self._crossed(left, right, a, b):
                    return mirrored(theirs)
            case ast.BinOp(left=left, right=right), ast.BinOp(left=a, op=ast.Mult() | ast.Add() as op, right=b):
                if self._crossed(left, right, a, b):
                    return ast.BinOp(b, op, a)
            case ast.UnaryOp(op=ast.Not()), ast.Compare(ops=[_]) | ast.BoolOp():
                return ast.UnaryOp(ast.Not(), negated(theirs))
            case ast.Compare(ops=[_]) | ast.BoolOp(), ast.UnaryOp(op=ast.Not(), operand=inner):
                return negated(inner)
        return theirs

    def _crossed(self, left: ast.expr, right: ast.expr, a: ast.expr, b: ast.expr) -> bool:
        def alike(one: ast.expr, two: ast.expr) -> float:
            return likeness(self._shapes.bag(one), self._shapes.bag(two)) + self._same(one, two)

        return alike(left, b) + alike(right, a) > alike(left, a) + alike(right, b)

    def _same(self, one: ast.AST, two: ast.AST) -> bool:
        return self._shapes.of(one) == self._shapes.of(two)

    def _alike(self, one: ast.expr, two: ast.expr) -> bool:
        return self._same(one, two) or likeness(self._shapes.bag(one), self._shapes.bag(two)) >= _ALIKE


def _operands(node: ast.expr) -> list[ast.expr]:
    found: list[ast.expr] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.keyword):
            found.append(child.value)
        elif isinstance(child, ast.comprehension):
            found.append(child.iter)
        elif isinstance(child, ast.expr):
            found.append(child)
    return found


def _with(node: ast.expr, field: str, value: object) -> ast.expr:
    new = copy.copy(node)
    setattr(new, field, value)
    return new


def _replaced(node: ast.expr, part: ast.expr, by: ast.expr) -> ast.expr:
    """A copy of ``node`` with its direct operand ``part`` replaced."""
    new = copy.copy(node)
    for field, value in ast.iter_fields(node):
        if value is part:
            setattr(new, field, by)
        elif isinstance(value, list):
            setattr(new, field, [_replaced_in(child, part, by) for child in value])
    return new


def _replaced_in(child: object, part: ast.expr, by: ast.expr) -> object:
    if child is part:
        return by
    if isinstance(child, ast.keyword) and child.value is part:
        return ast.keyword(child.arg, by)
    if isinstance(child, ast.comprehension) and child.iter is part:
        return ast.comprehension(child.target, by, child.ifs, child.is_async)
    return child
