"""Dropping the tests' imports of the program, whose names are global there, and undoing their aliases."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import sys
from collections.abc import Callable, Collection

from verl_egca.data.pytest_modules.entry_points import defined_in
from verl_egca.data.pytest_modules.reading import FunctionNode, Reading, bound_by, loaded_in
from verl_egca.data.rows import BadInput
from verl_egca.problem import AssertionTests
from verl_egca.statements import parse

_PROGRAM = frozenset(
    "solution solutions main program __main__ candidate answer submission implementation module target student_code "
    "your_module your_program your_code your_solution your_file your_script your_module_name your_implementation "
    "my_module my_program my_code my_solution solution_module solution_code solution_file the_module the_solution src app".split()
)
_PACKAGES = frozenset(  # packages that a test may need and this machine may lack
    "numpy pandas scipy sympy sklearn matplotlib seaborn torch tensorflow keras requests bs4 flask django fastapi yaml "
    "networkx nltk PIL cv2 hypothesis parameterized freezegun faker pydantic attr attrs lxml sqlalchemy statsmodels "
    "responses aiohttp httpx pytest_mock psutil pytz dateutil regex sortedcontainers mpmath gmpy2 numba".split()
)


def drop_program_imports(
    reading: Reading, reference: str | None, modules: Collection[str], refuses: bool = True
) -> None:
    """Drop the imports of the program's module from the tree, and use its names without aliases.

    Raises the module's BadInput: an imported package is not installed, or the tests define a name that they import.
    """
    _drop_paths(reading)
    found = _Imports(reading, {*_PROGRAM, *modules}, set(defined_in(reference)), refuses)
    reading.tree = found.visit(reading.tree)
    reading.tree.body = [node for node in reading.tree.body if not isinstance(node, ast.Pass)]
    _NamesApart(reading, found).apply()


def without_program_imports(
    tests: AssertionTests, bad: Callable[[str], BadInput], reference: str | None
) -> AssertionTests:
    """The tests without their imports of the program (``from solution import f``). Other imports stay.

    Raises BadInput, made by ``bad``, as `drop_program_imports`.
    """
    if not any("import" in text for text in (tests.setup, *tests.assertions)):
        return tests
    parsed = [parse(text, limit=None) for text in tests.assertions]
    reading = Reading(tests.setup, bad)
    items: list[ast.stmt] = [ast.If(ast.Constant(True), t.body, []) for t in parsed if t is not None and t.body]
    if len(items) < len(parsed):
        raise bad("holds an assertion that is not Python")
    reading.tree.body += items
    reading = Reading(ast.unparse(reading.tree), bad)  # lines and names of one text
    before = ast.dump(reading.tree)
    drop_program_imports(reading, reference, (), refuses=False)
    if ast.dump(reading.tree) == before:
        return tests
    body = reading.tree.body
    setup, blocks = body[: len(body) - len(items)], body[len(body) - len(items) :]
    return AssertionTests(
        setup="".join(f"{ast.unparse(node)}\n" for node in setup),
        assertions=tuple("\n".join(map(ast.unparse, block.body)) for block in blocks if isinstance(block, ast.If)),
    )


@functools.cache
def _installed() -> frozenset[str]:
    return frozenset({*sys.stdlib_module_names, *importlib.metadata.packages_distributions()})


class _Imports(ast.NodeTransformer):
    """``renamed``: the program's names by the tests' aliases; ``modules``: the paths by which they name its module."""

    def __init__(self, reading: Reading, modules: Collection[str], defined: set[str], refuses: bool) -> None:
        self._reading, self._modules, self._defined, self._refuses = reading, modules, defined, refuses
        self._uses: dict[str, set[str]] = {}
        for node in ast.walk(reading.tree):
            if isinstance(node, ast.Attribute) and (path := _path(node.value)):
                self._uses.setdefault(path, set()).add(node.attr)
        self._tries = 0
        self.imported: dict[str, ast.AST] = {}
        self.renamed: dict[str, str] = {}
        self.modules: dict[str, ast.AST] = {}

    def visit_Try(self, node: ast.Try) -> ast.AST:
        self._tries += 1
        self.generic_visit(node)
        self._tries -= 1
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        names = {alias.name for alias in node.names}
        if not self._is_program_s(node, node.module or "", names, relative=node.level > 0):
            return node
        for alias in node.names:
            if alias.name in self._modules and alias.name not in self._defined and not node.module:
                self.modules[alias.asname or alias.name] = node  # from . import solution
            elif alias.asname and alias.asname != alias.name:
                self.renamed[alias.asname] = alias.name
            elif alias.name != "*":
                self.imported[alias.name] = node
        return ast.copy_location(ast.Pass(), node)

    def visit_Import(self, node: ast.Import) -> ast.AST:
        kept = []
        for alias in node.names:
            if self._is_program_s(node, alias.name, self._uses.get(alias.asname or alias.name, set())):
                self.modules[alias.asname or alias.name] = node
            else:
                kept.append(alias)
        return ast.copy_location(ast.Import(kept) if kept else ast.Pass(), node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """``np = pytest.importorskip("numpy")``: without the package there would be no verdict."""
        match node:
            case ast.Assign(
                targets=[ast.Name(id=bound)], value=ast.Call(args=[ast.Constant(value=str(name)), *_]) as call
            ):
                if self._reading.dotted(call.func) == "pytest.importorskip":
                    if name.partition(".")[0] not in _installed():
                        raise self._reading.refusal(node, f"needs {name}, which is not installed here")
                    return ast.copy_location(ast.Import([ast.alias(name, bound)]), node)
        return node

    def _is_program_s(self, node: ast.stmt, module: str, names: set[str], relative: bool = False) -> bool:
        """``names`` are those of the module that the tests use."""
        top, _, rest = module.partition(".")
        if relative or top in self._modules or rest.rpartition(".")[2] in self._modules:
            return True
        if top in _installed() or top == "__future__":
            return False
        if names & self._defined or "*" in names:
            return True
        if not self._defined and top not in _PACKAGES:
            return True  # the program's names are unknown
        if self._tries or not self._refuses:
            return False  # the tests may not need that package; else the judge reports it
        raise self._reading.refusal(
            node, f"imports {module}, which is not installed here; install it, or name the program's module `solution`"
        )


class _NamesApart:
    """Uses the program's names without aliases, and renames the tests' names that equal one of them."""

    def __init__(self, reading: Reading, found: _Imports) -> None:
        self._reading, self._found = reading, found
        self._bound = {n for statement in reading.tree.body for n in bound_by(statement)} - set(found.modules)
        nodes = [n for statement in reading.tree.body for n in ast.walk(statement)]
        self._arguments = {n.arg for n in nodes if isinstance(n, ast.arg)}
        self._bound_inside = self._arguments | {
            n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
        }
        self._bound_inside |= {n.name for n in nodes if isinstance(n, FunctionNode | ast.ClassDef)}
        self.names: dict[str, str] = {}
        self._lines: dict[str, str] = {}

    def apply(self) -> None:
        for name, node in self._found.imported.items():
            if name in self._bound:
                raise self._reading.refusal(node, f"imports {name}, of which the tests have another; rename theirs")
        for alias, name in self._found.renamed.items():
            self.names[alias] = self._reached(name, alias if alias in self._bound_inside else "")
        names = _Renamer(self._reading, self._found.modules, self)
        self._reading.tree = names.visit(self._reading.tree)
        self._reading.tree.body[:0] = ast.parse("".join(f"{a} = {n}\n" for a, n in self._lines.items())).body

    def attribute(self, name: str) -> str:
        """The name for ``solution.<name>``."""
        return self._reached(name, "")

    def _reached(self, name: str, alias: str) -> str:
        if name in self._bound and name not in self._arguments:
            self.names[name] = f"{name}_of_tests"
        elif name in self._bound_inside:
            alias = alias or f"program_{name}"
        if alias:
            self._lines[alias] = name
        return alias or name


class _Renamer(ast.NodeTransformer):
    def __init__(self, reading: Reading, modules: Collection[str], renaming: _NamesApart) -> None:
        self._reading, self._modules, self._renaming = reading, modules, renaming

    def visit_Module(self, node: ast.Module) -> ast.AST:
        for inner in ast.walk(node):  # before any name is changed
            if isinstance(inner, ast.Attribute) and _path(inner.value) in self._modules:
                self._renaming.attribute(inner.attr)
        self.generic_visit(node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if _path(node.value) in self._modules:
            if not isinstance(node.ctx, ast.Load):
                raise self._reading.refusal(node, "sets a name of the program, which runs in another process")
            return ast.copy_location(ast.Name(self._renaming.attribute(node.attr), ast.Load()), node)
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self._modules and isinstance(node.ctx, ast.Load):
            raise self._reading.refusal(
                node, f"uses the module {node.id} itself; `from {node.id} import …` its functions instead"
            )
        node.id = self._renaming.names.get(node.id, node.id)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._renaming.names.get(node.name, node.name)
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._renaming.names.get(node.name, node.name)
        self.generic_visit(node)
        return node


def _path(node: ast.expr) -> str:
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.insert(0, node.attr)
        node = node.value
    return ".".join([node.id, *path]) if isinstance(node, ast.Name) else ""


def _drop_paths(reading: Reading) -> None:
    """Drop ``sys.path.insert(0, here)``, and assignments that only serve it."""
    body = reading.tree.body
    body[:] = [s for s in body if not (isinstance(s, ast.Expr) and _sets_path(reading, s.value))]
    while True:
        needless = [s for s in body if isinstance(s, ast.Assign) and _is_about_paths(reading, s)]
        unused = [s for s in needless if not _stored(s) & loaded_in(other for other in body if other is not s)]
        if not unused:
            return
        body[:] = [s for s in body if not any(s is one for one in unused)]


def _stored(statement: ast.Assign) -> set[str]:
    return {n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)}


def _is_about_paths(reading: Reading, statement: ast.Assign) -> bool:
    return any(
        path == "__file__" or path.startswith(("os.path.", "os.getcwd"))
        for path in map(reading.dotted, ast.walk(statement))
    )


def _sets_path(reading: Reading, value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and reading.dotted(value.func).startswith("sys.path.")
