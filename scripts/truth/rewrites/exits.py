"""Several ``return`` statements become one at the end, and one at the end becomes several."""

from __future__ import annotations

import ast

from truth.rewrites.build import assign, assigned_name, is_name, leaves, load
from truth.rewrites.program import Program, Site, own_nodes
from truth.rewrites.scopes import FunctionNode


class SingleExit:
    """Every ``return value`` becomes ``outcome = value``, and ``return outcome`` ends the function."""

    def sites(self, program: Program) -> list[Site]:
        return [
            _join(program, function)
            for function in program.functions
            if not program.is_generator(function) and _returns_only_at_ends(function)
        ]


class DirectReturns:
    """``outcome = value`` in every branch, then ``return outcome``, becomes ``return value`` in every branch."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for function in program.functions:
            match function.body[-2:]:
                case [ast.If() as branches, ast.Return(ast.Name(id=name))]:
                    if program.is_local(function, name) and _all_end_with(branches, name):
                        sites.append(_direct(function, branches))
        return sites


def _returns_only_at_ends(function: FunctionNode) -> bool:
    returns = [node for node in own_nodes(function) if isinstance(node, ast.Return)]
    at_ends = _ends(function.body)
    return at_ends is not None and len(returns) > 1 and len(at_ends) == len(returns)


def _ends(body: list[ast.stmt]) -> list[ast.Return] | None:
    """The returns that end each path, with only ``if`` statements around them; None if a path ends otherwise."""
    for index, statement in enumerate(body):
        if isinstance(statement, ast.Return):
            return [statement] if statement.value is not None and index == len(body) - 1 else None
        if isinstance(statement, ast.If) and leaves(statement.body[-1]):
            yes = _ends(statement.body)
            no = _ends([*statement.orelse, *body[index + 1 :]])
            return None if yes is None or no is None else yes + no
    return None


def _join(program: Program, function: FunctionNode) -> Site:
    def apply() -> None:
        name = program.fresh("outcome", "answer", "verdict")
        start = 1 if ast.get_docstring(function, clean=False) is not None else 0
        function.body[start:] = [*_assigned(function.body[start:], name), ast.Return(load(name))]

    return apply


def _assigned(body: list[ast.stmt], name: str) -> list[ast.stmt]:
    for index, statement in enumerate(body):
        if isinstance(statement, ast.Return):
            assert statement.value is not None
            return [*body[:index], assign(name, statement.value)]
        if isinstance(statement, ast.If) and leaves(statement.body[-1]):
            rest = _assigned([*statement.orelse, *body[index + 1 :]], name)
            return [*body[:index], ast.If(statement.test, _assigned(statement.body, name), rest)]
    return body


def _all_end_with(branches: ast.If, name: str) -> bool:
    for body in (branches.body, branches.orelse):
        if not body:
            return False
        last = body[-1]
        if assigned_name(last) != name and not (isinstance(last, ast.If) and _all_end_with(last, name)):
            return False
    return True


def _direct(function: FunctionNode, branches: ast.If) -> Site:
    def apply() -> None:
        _return_in_branches(branches)
        del function.body[-1]

    return apply


def _return_in_branches(branches: ast.If) -> None:
    for body in (branches.body, branches.orelse):
        last = body[-1]
        if isinstance(last, ast.If):
            _return_in_branches(last)
        elif isinstance(last, ast.Assign) and is_name(last.targets[0]):
            body[-1] = ast.Return(last.value)
