"""Could a program carry something from one call to the next?"""

from __future__ import annotations

import ast

_STATELESS = (ast.Constant, ast.Lambda, ast.Name, ast.UnaryOp)


def carries_state(source: str) -> bool:
    """Whether globals, default arguments, class or function attributes, or caches could. False if it does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    for node in ast.walk(tree):
        match node:
            case ast.Global() | ast.Nonlocal():
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                defaults = [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
                if not all(isinstance(default, _STATELESS) for default in defaults):
                    return True
                if getattr(node, "decorator_list", None):
                    return True
            case ast.Attribute(ctx=ast.Store()):
                return True
            case ast.Module() | ast.ClassDef():
                for statement in node.body:
                    if isinstance(statement, ast.Assign | ast.AnnAssign) and not isinstance(
                        statement.value, _STATELESS
                    ):
                        return True
    return False
