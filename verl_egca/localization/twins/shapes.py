"""Shapes: code independent of its spelling. Equal shapes have the same meaning; similar shapes differ little.

``a < b`` and ``b > a`` have one shape, and so do ``not a == b`` and ``a != b``, ``x += 1`` and ``x = x + 1``;
annotations do not count. Names are compared through a translation from the reference's names to the candidate's.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

Shape = tuple[Any, ...]
UNKNOWN = "?"  # prefix of the translation of a name without a counterpart

_OPPOSITES: tuple[tuple[type[ast.cmpop], type[ast.cmpop]], ...] = (
    *((ast.Eq, ast.NotEq), (ast.Lt, ast.GtE), (ast.Gt, ast.LtE), (ast.Is, ast.IsNot), (ast.In, ast.NotIn)),
)
_NEGATED = dict(_OPPOSITES) | {other: one for one, other in _OPPOSITES}
_SYMMETRIC = ("Eq", "NotEq")


def negated(test: ast.expr) -> ast.expr:
    """The negation of ``test``, in its usual spelling."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return ast.Compare(left, [_NEGATED[type(op)]()], [right])
        case ast.BoolOp(op=op, values=values):
            other: ast.boolop = ast.Or() if isinstance(op, ast.And) else ast.And()
            return ast.BoolOp(other, [negated(value) for value in values])
        case ast.Constant(value=bool(value)):
            return ast.Constant(not value)
    return ast.UnaryOp(ast.Not(), test)


class Shapes:
    """The shapes of one program's code.

    ``names`` translates names into the other program's; of the rest, the scope's ``own`` names get the mark of the
    unknown, and others (builtins, modules) stay. ``names=None`` changes no name.
    """

    def __init__(self, names: Mapping[str, str] | None = None, own: Collection[str] = ()) -> None:
        self._names, self._own = names, own
        self._shapes: dict[ast.AST, Shape] = {}
        self._bags: dict[ast.AST, Counter[Any]] = {}

    def name(self, name: str) -> str:
        if self._names is None:
            return name
        return self._names.get(name, UNKNOWN if name in self._own else name)

    def of(self, node: ast.AST) -> Shape:
        if node not in self._shapes:
            self._shapes[node] = self._of(node)
        return self._shapes[node]

    def bag(self, node: ast.AST) -> Counter[Any]:
        """Labels, and pairs of a label and its parent's label: two bags show how much two pieces of code share."""
        if node not in self._bags:
            self._bags[node] = Counter()
            _count(self.of(node), None, self._bags[node])
        return self._bags[node]

    def _of(self, node: ast.AST) -> Shape:
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                return (f"v:{self.name(name)}",)
            case ast.Constant(value=value):
                return (f"c:{value!r}",)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return (f"c:{-value!r}",)
            case ast.UnaryOp(
                op=ast.Not(), operand=ast.Compare(ops=[_]) | ast.BoolOp() | ast.UnaryOp(op=ast.Not()) as inner
            ):
                return self._of(negated(inner))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                if isinstance(op, ast.Gt | ast.GtE):
                    left, op, right = right, ast.Lt() if isinstance(op, ast.Gt) else ast.LtE(), left
                label, operands = type(op).__name__, [self.of(left), self.of(right)]
                return (label, *(sorted(operands, key=repr) if label in _SYMMETRIC else operands))
            case ast.BoolOp(op=op, values=values):
                return (type(op).__name__, *sorted(map(self.of, values), key=repr))
            case ast.BinOp(left=left, op=op, right=right):
                operands = [self.of(left), self.of(right)]
                swaps = isinstance(op, ast.Mult) or (isinstance(op, ast.Add) and _has_number(left, right))
                return (type(op).__name__, *(sorted(operands, key=repr) if swaps else operands))
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                return ("=", self.of(target), self.of(value))
            case ast.AugAssign(target=target, op=op, value=value):
                return ("=", self.of(target), self._of(ast.BinOp(target, op, value)))
        return self._generic(node)

    def _generic(self, node: ast.AST) -> Shape:
        """The shape of a node; of a compound statement, without the statements in it."""
        parts: list[Any] = ["ListComp" if isinstance(node, ast.GeneratorExp) else type(node).__name__]
        for field, value in ast.iter_fields(node):
            if field not in ("ctx", "type_comment", "kind", "annotation", "returns"):
                for one in value if isinstance(value, list) else [value]:
                    if not isinstance(one, ast.stmt | ast.excepthandler | ast.match_case | None):
                        parts.append(self.of(one) if isinstance(one, ast.AST) else (f"{field}:{one!r}",))
        return tuple(parts)


def likeness(first: Counter[Any], second: Counter[Any]) -> float:
    """Dice's coefficient of two bags, in [0, 1]."""
    total = first.total() + second.total()
    if not total:
        return 1.0
    if len(first) > len(second):
        first, second = second, first
    return 2.0 * sum(min(count, second[key]) for key, count in first.items() if key in second) / total


def _count(shape: Shape, above: str | None, counts: Counter[Any]) -> None:
    label = shape[0]
    counts[label] += 1
    if above is not None:
        counts[above, label] += 1
    for part in shape[1:]:
        _count(part, label, counts)


def _has_number(*nodes: ast.expr) -> bool:
    return any(isinstance(node, ast.Constant) and isinstance(node.value, int | float) for node in nodes)
