"""What can be learned from trusted test source by reading it: names that it defines, loads and calls."""

from __future__ import annotations

import ast

from verl_egca.data.rows import Row


def parse(row: Row, key: str, source: str) -> ast.Module:
    """The syntax tree of a row's Python. Raises BadRow."""
    try:
        return ast.parse(source)
    except SyntaxError as error:
        row.bad(key, f"is not Python: {error.msg} (its line {error.lineno})")
    except (ValueError, RecursionError, MemoryError) as error:
        row.bad(key, f"is not Python: {error}")


def defined(tree: ast.Module) -> dict[str, ast.stmt]:
    """The statements at a module's top level by the names that they bind."""
    names: dict[str, ast.stmt] = {}
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names[name] = statement
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update((alias.asname or alias.name.split(".")[0], statement) for alias in aliases)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                stored = (n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
                names.update((name, statement) for name in stored)
    return names


def loaded(node: ast.AST) -> set[str]:
    """Every name that is read anywhere in it."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def called(node: ast.AST) -> list[str]:
    """Every name that is called in it, outermost calls first."""
    return [n.func.id for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
