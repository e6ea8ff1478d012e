"""The words that a program is made of: what small edits may draw from."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Each in the order of the text, without repetition."""

    constants: tuple[str, ...]  # as written by ``repr``
    functions: tuple[str, ...]  # builtins that are called or passed
    methods: tuple[str, ...]
    operators: tuple[type[ast.operator], ...]
    comparisons: tuple[type[ast.cmpop], ...]


def vocabulary(program: ast.Module) -> Vocabulary:
    constants: dict[str, None] = {}
    functions: dict[str, None] = {}
    methods: dict[str, None] = {}
    operators: dict[type[ast.operator], None] = {}
    comparisons: dict[type[ast.cmpop], None] = {}
    docstrings = {id(node.value) for node in ast.walk(program) if isinstance(node, ast.Expr)}
    for node in ast.walk(program):
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                constants[repr(-value)] = None
            case ast.Constant(value=value) if id(node) not in docstrings:
                constants[repr(value)] = None
            case ast.Name(id=name, ctx=ast.Load()) if callable(getattr(builtins, name, None)):
                functions[name] = None
            case ast.Call(func=ast.Attribute(attr=name)):
                methods[name] = None
            case ast.BinOp(op=operator) | ast.AugAssign(op=operator):
                operators[type(operator)] = None
            case ast.Compare(ops=ops):
                comparisons.update((type(op), None) for op in ops)
    return Vocabulary(tuple(constants), tuple(functions), tuple(methods), tuple(operators), tuple(comparisons))
