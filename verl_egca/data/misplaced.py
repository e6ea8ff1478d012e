"""Errors that only the compiler finds: ``return`` outside of a function, ``break`` outside of a loop."""

from __future__ import annotations

import ast
import symtable

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_OF_FUNCTIONS = {ast.Return: "return", ast.Yield: "yield", ast.YieldFrom: "yield from", ast.Await: "await"}
_OF_LOOPS = {ast.Break: "break", ast.Continue: "continue"}


def misplaced(source: str, tree: ast.Module) -> str | None:
    """The first such error in source that has this tree; None if none is found."""
    try:
        symtable.symtable(source, "<tests>", "exec")
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error)
    todo: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while todo:
        node, in_function, in_loop = todo.pop()
        kind = type(node)
        if kind in _OF_FUNCTIONS and not in_function:
            return f"line {getattr(node, 'lineno', 0)}: {_OF_FUNCTIONS[kind]} outside of a function"
        if kind in _OF_LOOPS and not in_loop:
            return f"line {getattr(node, 'lineno', 0)}: {_OF_LOOPS[kind]} outside of a loop"
        if isinstance(node, ast.ImportFrom) and node.module == "__future__" and not _is_at_the_beginning(node, tree):
            return f"line {node.lineno}: imports from __future__ stand at the beginning"
        for name, value in ast.iter_fields(node):
            function, loop = in_function, in_loop
            if name == "body" and isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
                function, loop = not isinstance(node, ast.ClassDef), False
            elif name == "body" and isinstance(node, _LOOPS):
                loop = True
            children = value if isinstance(value, list) else [value]
            todo += [(child, function, loop) for child in children if isinstance(child, ast.AST)]
    return None


def _is_at_the_beginning(node: ast.ImportFrom, tree: ast.Module) -> bool:
    for statement in tree.body:
        if statement is node:
            return True
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        is_future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        if not (is_text or is_future):
            return False
    return False
