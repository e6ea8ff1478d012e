"""The syntax tree of a test module: its imported names, and errors with their lines."""

from __future__ import annotations

import ast
import builtins
import functools
from collections.abc import Callable, Iterable, Iterator

from verl_egca.data.misplaced import misplaced
from verl_egca.data.rows import BadInput
from verl_egca.execution.warm import WARM
from verl_egca.statements import parse

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_BUILTINS = frozenset(dir(builtins))


class Reading:
    """``tree`` is changed as the module is read; ``bad`` makes an error from a sentence, also in the constructor."""

    def __init__(self, source: str, bad: Callable[[str], BadInput]) -> None:
        self._bad = bad
        tree = parse(source, limit=None)
        if tree is None:
            raise bad(f"is not Python{_where(source)}; a module of tests is wanted")
        if (why := misplaced(source, tree)) is not None:
            raise bad(f"is not Python ({why}); a module of tests is wanted")
        self.tree = tree
        self._functions = [n for n in ast.walk(tree) if isinstance(n, FunctionNode | ast.ClassDef)]
        self._imported = dict(_imports(tree))

    def refusal(self, node: ast.AST, why: str) -> BadInput:
        """The error with the line and function of ``node``."""
        line = getattr(node, "lineno", 0)
        around = [f for f in self._functions if _first_line(f) <= line <= (f.end_lineno or line)]
        where = f"line {line}" + (f", {'.'.join(f.name for f in around)}" if around else "")
        return self._bad(f"{where}: {why}")

    def whole(self, why: str) -> BadInput:
        """The error for the module."""
        return self._bad(why)

    def dotted(self, node: ast.AST) -> str:
        """The full name, such as ``pytest.mark.skip``, whatever its import's alias; "" for other expressions."""
        path: list[str] = []
        while isinstance(node, ast.Attribute):
            path.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self._imported.get(node.id, node.id), *path])

    def is_imported(self, name: str) -> bool:
        """Whether the name is a module, or comes from one."""
        return name in self._imported or name in WARM

    @functools.cached_property
    def bound(self) -> frozenset[str]:
        """Names that the module's top level binds, without the imports of the program."""
        return frozenset(name for statement in self.tree.body for name in bound_by(statement))

    def is_program_s(self, name: str) -> bool:
        """Whether neither the tests nor Python define the name."""
        return not (name in self.bound or name in _BUILTINS or name in WARM or name in ("pytest", "functools"))


def bound_by(statement: ast.stmt) -> Iterator[str]:
    """Names that a top-level statement binds."""
    if isinstance(statement, FunctionNode | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((alias.asname or alias.name).partition(".")[0] for alias in names)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name


def loaded_in(nodes: Iterable[ast.AST]) -> set[str]:
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def is_within(name: str, prefix: str) -> bool:
    """Whether a dotted name is ``prefix`` or an attribute of it."""
    return name == prefix or name.startswith(f"{prefix}.")


def _first_line(function: FunctionNode | ast.ClassDef) -> int:
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
            case ast.ImportFrom(module=str(module), names=names, level=0):
                for alias in names:
                    yield alias.asname or alias.name, f"{module}.{alias.name}"


def _where(text: str) -> str:
    try:
        ast.parse(text)
    except SyntaxError as error:
        return f" (line {error.lineno}: {error.msg})"
    except (ValueError, RecursionError, MemoryError) as error:
        return f" ({error})"
    return ""
