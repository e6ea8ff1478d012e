"""Conditional expressions and the equivalent ``if`` statements."""

from __future__ import annotations

import ast

from truth.rewrites.build import assign, assigned_name, if_
from truth.rewrites.program import Program, Site

TRUTH_OPERATORS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot)


class TernaryToIf:
    """``return a if c else b`` and ``x = a if c else b`` become ``if`` statements."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for index, statement in enumerate(block.statements):
                match statement:
                    case ast.Return(ast.IfExp(test, body, orelse)):
                        made: list[ast.stmt] = [if_(test, [ast.Return(body)], [ast.Return(orelse)])]
                    case ast.Assign([ast.Name(id=name)], ast.IfExp(test, body, orelse)):
                        made = [if_(test, [assign(name, body)], [assign(name, orelse)])]
                    case _:
                        continue
                sites.append(block.replacement(index, 1, made))
        return sites


class IfToTernary:
    """An ``if`` statement that returns, or assigns one name, on both branches becomes a conditional expression."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for index, statement in enumerate(block.statements):
                made = _one_statement(statement)
                if made is not None:
                    sites.append(block.replacement(index, 1, [made]))
            for index, first, second in block.pairs():
                if isinstance(first, ast.If) and not first.orelse:
                    made = _one_statement(if_(first.test, first.body, [second]))
                    if isinstance(made, ast.Return):
                        sites.append(block.replacement(index, 2, [made]))
        return sites


def _one_statement(statement: ast.stmt) -> ast.stmt | None:
    match statement:
        case ast.If(test, [ast.Return(ast.expr() as yes)], [ast.Return(ast.expr() as no)]):
            return ast.Return(_choice(test, yes, no))
        case ast.If(test, [ast.Assign() as yes], [ast.Assign() as no]):
            name = assigned_name(yes)
            if name is not None and assigned_name(no) == name:
                return assign(name, _choice(test, yes.value, no.value))
    return None


def _choice(test: ast.expr, yes: ast.expr, no: ast.expr) -> ast.expr:
    """``True if a == b else False`` is the comparison itself."""
    if _is_truth(test) and isinstance(yes, ast.Constant) and isinstance(no, ast.Constant):
        if (yes.value, no.value) == (True, False) and yes.value is True and no.value is False:
            return test
        if yes.value is False and no.value is True:
            return ast.UnaryOp(ast.Not(), test)
    return ast.IfExp(test, yes, no)


def _is_truth(test: ast.expr) -> bool:
    """Whether the value is certainly a ``bool`` if operands are builtin values."""
    match test:
        case ast.Compare(ops=ops):
            return all(isinstance(operator, TRUTH_OPERATORS) for operator in ops)
        case ast.UnaryOp(ast.Not()):
            return True
        case ast.BoolOp(values=values):
            return all(_is_truth(value) for value in values)
        case ast.Call(ast.Name(id="isinstance")):
            return True
    return False
