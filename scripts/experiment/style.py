"""A program in a random style: local names, operators and the order of operands.

The starter's solutions have one style, so a policy trained on them is uncertain only about its mistakes. A real model
is also uncertain about style.
"""

from __future__ import annotations

import ast
import random

NAMES = (  # for the first, second, .. name that a function binds
    ("t", "acc", "total", "out"),
    ("x", "item", "num", "elem"),
    ("v", "cur", "val", "part"),
    ("r", "res", "ans", "last"),
    ("h", "step", "one", "todo"),
    ("w", "left", "side", "more"),
)
_TURNED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq, ast.NotEq: ast.NotEq}


def restyle(prompt: str, body: str, rng: random.Random) -> str:
    """Restyle ``body``, which continues ``prompt``, a function's head and docstring; its results stay the same."""
    function = ast.parse(prompt + body).body[0]
    assert isinstance(function, ast.FunctionDef)
    names = _locals(function)
    drawn = [rng.choice(pool) for pool in NAMES[: len(names)]]
    restyled = _Restyler(dict(zip(names, drawn, strict=True)), rng).visit(function)
    lines = "\n".join(ast.unparse(statement) for statement in restyled.body[1:]).split("\n")
    return "".join(f"    {line}\n" for line in lines)


def _locals(function: ast.FunctionDef) -> list[str]:
    """Names that the body binds, in the order of the text, without parameters."""
    given = {argument.arg for argument in function.args.args}
    found = []
    for node in ast.walk(ast.Module(function.body, [])):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.append(node.id)
        elif isinstance(node, ast.FunctionDef):
            found += [node.name, *(argument.arg for argument in node.args.args)]
    return [name for name in dict.fromkeys(found) if name not in given]


class _Restyler(ast.NodeTransformer):
    def __init__(self, names: dict[str, str], rng: random.Random) -> None:
        self._names, self._rng = names, rng

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self._names.get(node.arg, node.arg))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """``t += x`` or ``t = t + x``."""
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name) or self._rng.random() < 0.5:
            return node
        name = node.target.id
        return ast.Assign([node.target], ast.BinOp(ast.Name(name, ast.Load()), node.op, node.value), lineno=0)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """``x > k`` or ``k < x``."""
        self.generic_visit(node)
        turned = _TURNED.get(type(node.ops[0]))
        if len(node.ops) > 1 or turned is None or self._rng.random() < 0.5:
            return node
        return ast.Compare(node.comparators[0], [turned()], [node.left])
