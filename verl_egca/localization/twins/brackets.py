"""Decides where an expression needs brackets, by operator precedence."""

from __future__ import annotations

import ast

_CLOSED = (
    *(ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Set, ast.Dict, ast.Tuple),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.JoinedStr),
)
_LEVELS: tuple[tuple[type[ast.AST], ...], ...] = (  # from loose to tight
    *((ast.NamedExpr,), (ast.Lambda, ast.IfExp), (ast.Or,), (ast.And,), (ast.Not,), (ast.Compare,)),
    *((ast.BitOr,), (ast.BitXor,), (ast.BitAnd,), (ast.LShift, ast.RShift), (ast.Add, ast.Sub)),
    *(
        (ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.MatMult),
        (ast.USub, ast.UAdd, ast.Invert),
        (ast.Pow,),
        (ast.Await,),
    ),
)
_BINDING = {kind: level for level, kinds in enumerate(_LEVELS) for kind in kinds}


def opens(by: ast.expr, above: ast.AST, field: str) -> bool:
    """Whether an expression needs brackets as a field of its parent."""
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
