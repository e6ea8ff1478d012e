"""Helper functions that only compute a value, written out where they are called."""

from __future__ import annotations

import ast

from verl_egca.localization.twins.patterns import Filling
from verl_egca.localization.twins.trees import clone, is_docstring, names_in, parameters


def inline_helpers(tree: ast.Module) -> None:
    """Calls of the module's functions that are a ``return`` alone become what they return; the functions stay."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    _Inliner({name: node for name, node in functions.items() if _value(node) is not None}).visit(tree)


def _value(node: ast.FunctionDef) -> ast.expr | None:
    """What a function returns that does nothing else, and does not call itself."""
    match node.args, [statement for statement in node.body if not is_docstring(statement)]:
        case ast.arguments(vararg=None, kwarg=None, kwonlyargs=[], defaults=[]), [
            ast.Return(value=ast.expr() as value)
        ]:
            return value if node.name not in names_in(value) and not node.decorator_list else None
    return None


class _Inliner(ast.NodeTransformer):
    def __init__(self, helpers: dict[str, ast.FunctionDef]) -> None:
        self._helpers = helpers

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        helper = self._helpers.get(getattr(node.func, "id", ""))
        value = _value(helper) if helper is not None else None
        if helper is None or value is None or node.keywords or len(node.args) != len(parameters(helper)):
            return node
        filled: ast.AST = Filling(dict(zip(parameters(helper), node.args, strict=True))).visit(clone(value))
        return filled
