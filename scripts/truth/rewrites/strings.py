"""f-strings and the equivalent concatenations."""

from __future__ import annotations

import ast

from truth.rewrites.build import call
from truth.rewrites.program import Program, Site, expressions, put


class ConcatenationToFormat:
    """``"a" + str(x)`` becomes ``f"a{x}"``; at least one part must be literal text, the others ``str(...)`` calls."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for node in expressions(program):
            inside = program.parent.get(node)
            if isinstance(node, ast.BinOp) and not (isinstance(inside, ast.BinOp) and isinstance(inside.op, ast.Add)):
                parts = _parts(node)
                pieces = [_piece(program, part) for part in parts]
                known = [piece for piece in pieces if piece is not None]
                texts = sum(isinstance(piece, ast.Constant) for piece in known)
                if len(known) == len(parts) and 0 < texts < len(parts):
                    sites.append(put(program, node, ast.JoinedStr(list(known))))
        return sites


class FormatToConcatenation:
    """``f"a{x}"`` becomes ``"a" + str(x)``; not with a format or a conversion."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for node in expressions(program):
            if isinstance(node, ast.JoinedStr) and program.is_builtin("str"):
                parts = [_term(value) for value in node.values]
                terms = [part for part in parts if part is not None]
                if terms and len(terms) == len(parts) and not isinstance(program.parent[node], ast.FormattedValue):
                    sites.append(put(program, node, _sum(terms)))
        return sites


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_parts(node.left), *_parts(node.right)]
    return [node]


def _piece(program: Program, part: ast.expr) -> ast.expr | None:
    match part:
        case ast.Constant(value=str()):
            return part
        case ast.Call(ast.Name(id="str"), [ast.expr() as value], []) if not isinstance(value, ast.Starred):
            return ast.FormattedValue(value, -1, None) if program.is_builtin("str") else None
    return None


def _term(value: ast.expr) -> ast.expr | None:
    match value:
        case ast.Constant():
            return value
        case ast.FormattedValue(inner, -1, None):
            return call("str", inner)
    return None


def _sum(terms: list[ast.expr]) -> ast.expr:
    first, *rest = terms
    for term in rest:
        first = ast.BinOp(first, ast.Add(), term)
    return first
