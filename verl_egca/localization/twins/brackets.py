"""Where an expression needs brackets, by how tightly operators bind."""

from __future__ import annotations

import ast

_CLOSED = (
    *(ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Set, ast.Dict, ast.Tuple),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.JoinedStr),
)
_BINDING: dict[type[ast.AST], int] = {  # the higher, the tighter
    ast.NamedExpr: 0,
    ast.Lambda: 1,
    ast.IfExp: 1,
    ast.Or: 2,
    ast.And: 3,
    ast.Not: 4,
    ast.Compare: 5,
    ast.BitOr: 6,
    ast.BitXor: 7,
    ast.BitAnd: 8,
    ast.LShift: 9,
    ast.RShift: 9,
    ast.Add: 10,
    ast.Sub: 10,
    ast.Mult: 11,
    ast.Div: 11,
    ast.FloorDiv: 11,
    ast.Mod: 11,
    ast.MatMult: 11,
    ast.USub: 12,
    ast.UAdd: 12,
    ast.Invert: 12,
    ast.Pow: 13,
    ast.Await: 14,
}


def opens(by: ast.expr, above: ast.AST, field: str) -> bool:
    """Whether an expression needs brackets as a field of what is above it."""
    if isinstance(by, ast.Constant) and isinstance(by.value, int | float) and isinstance(above, ast.Attribute):
        return True
    if isinstance(by, _CLOSED):
        return False
    if isinstance(above, ast.Attribute | ast.Await | ast.Starred) or field in ("func",):
        return True
    if isinstance(above, ast.Subscript):
        return field == "value"
    if isinstance(above, ast.BinOp | ast.BoolOp | ast.UnaryOp | ast.Compare):
        is_left = field == "left" and isinstance(above, ast.BinOp) and not isinstance(above.op, ast.Pow)
        return _binding(by) < _binding(above) or (_binding(by) == _binding(above) and not is_left)
    if isinstance(above, ast.IfExp | ast.comprehension | ast.NamedExpr | ast.withitem | ast.FormattedValue):
        return _binding(by) <= 1
    return isinstance(by, ast.NamedExpr)


def _binding(node: ast.AST) -> int:
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.UnaryOp):
        return _BINDING[type(node.op)]
    return _BINDING.get(type(node), 20)
