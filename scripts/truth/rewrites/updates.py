"""Augmented and plain assignments, ``append`` and ``+=`` of a one-element list."""

from __future__ import annotations

import ast

from truth.rewrites.build import augment, clone, is_empty, load, method, same
from truth.rewrites.program import Block, Program, Site


class AugmentedToPlain:
    """``x += 1`` becomes ``x = x + 1``, if ``x`` is certainly not changed in place."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for index, statement in enumerate(block.statements):
                if isinstance(statement, ast.AugAssign) and _replaces(
                    program, block, statement.target, statement.value
                ):
                    target = statement.target
                    read = clone(target)
                    assert isinstance(read, ast.Name | ast.Subscript)
                    read.ctx = ast.Load()
                    plain = ast.Assign([target], ast.BinOp(read, statement.op, statement.value))
                    sites.append(block.replacement(index, 1, [plain]))
        return sites


class PlainToAugmented:
    """``x = x + 1`` becomes ``x += 1``, if ``x`` is certainly not changed in place."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for index, statement in enumerate(block.statements):
                match statement:
                    case ast.Assign([ast.Name() as target], ast.BinOp(ast.Name() as read, operator, value)):
                        if target.id == read.id and _replaces(program, block, target, value):
                            sites.append(block.replacement(index, 1, [augment(target.id, operator, value)]))
        return sites


class AppendToConcatenation:
    """``out.append(x)`` becomes ``out += [x]``, where ``out`` starts as an empty list here."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for index, statement in enumerate(block.statements):
                match statement:
                    case ast.Expr(ast.Call(ast.Attribute(ast.Name(id=name), "append"), [element], [])):
                        if not isinstance(element, ast.Starred) and _is_own_list(program, block, name):
                            made = augment(name, ast.Add(), ast.List([element], ast.Load()))
                            sites.append(block.replacement(index, 1, [made]))
        return sites


class ConcatenationToAppend:
    """``out += [x]`` becomes ``out.append(x)``, where ``out`` starts as an empty list here."""

    def sites(self, program: Program) -> list[Site]:
        sites: list[Site] = []
        for block in program.blocks:
            for index, statement in enumerate(block.statements):
                match statement:
                    case ast.AugAssign(ast.Name(id=name), ast.Add(), ast.List(elts=[element])):
                        if not isinstance(element, ast.Starred) and _is_own_list(program, block, name):
                            made = ast.Expr(method(name, "append", element))
                            sites.append(block.replacement(index, 1, [made]))
        return sites


def _replaces(program: Program, block: Block, target: ast.expr, value: ast.expr) -> bool:
    """Whether ``target op= value`` makes a new object: numbers and strings do, lists and arrays do not."""
    fixed = isinstance(value, ast.Constant) and isinstance(value.value, int | float | str)
    match target:
        case ast.Name(id=name):
            return fixed or _is_number_or_text(program, block, name)
        case ast.Subscript(ast.Name(), ast.Name() | ast.Constant()):
            return fixed
    return False


def _is_number_or_text(program: Program, block: Block, name: str) -> bool:
    """Whether every binding of the name in the function is a constant or an update of itself."""
    if not program.is_local(block.function, name):
        return False
    bindings = [use.node for use in program.scope(block.function).uses[name] if use.stores]
    return all(_binds_constant(program.parent.get(node), name) for node in bindings)


def _binds_constant(statement: ast.AST | None, name: str) -> bool:
    match statement:
        case ast.AugAssign():
            return True
        case ast.Assign([ast.Name()], ast.Constant(value=value)):
            return isinstance(value, int | float | str)
        case ast.Assign([ast.Name()], ast.BinOp(left, _, _)):
            return same(left, load(name))
    return False


def _is_own_list(program: Program, block: Block, name: str) -> bool:
    if not program.is_local(block.function, name):
        return False
    bindings = [program.parent.get(use.node) for use in program.scope(block.function).uses[name] if use.stores]
    fresh = [
        node
        for node in bindings
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and is_empty(node.value, "list")
    ]
    rest = [node for node in bindings if node not in fresh]
    return bool(fresh) and all(isinstance(node, ast.AugAssign) for node in rest)
