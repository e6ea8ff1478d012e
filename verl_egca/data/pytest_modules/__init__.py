"""Modules of tests for pytest or unittest, turned into assertions that the judge runs.

    module_tests     a module's source -> `AssertionTests` and the entry point
    entry_point_of   the program's function that assertions call
    without_program_imports   assertions without their imports of the program

Each test function becomes a function of the set-up without decorators; a call of it becomes an assertion. Its fixtures
are called first in it, parameters are arguments of the call, a method makes its object. `with pytest.raises(…)` and
unittest's assertions run in those packages. Imports of the program's module are dropped: its names are global. A module
with a test that can't be judged like this (it replaces parts of the program, reads files, looks at printed text) is
refused: without that test a wrong program could pass.

    imports.py   imports of the program       out_of_reach.py   tests that need the program's process
    marks.py     decorators, parameters       fixtures.py       pytest's fixtures
    functions.py test functions               classes.py        classes of tests        unittest_assertions.py
    script.py    assertions outside of functions      entry_points.py      reading.py
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection

from verl_egca.data.pytest_modules.classes import Methods, test_classes_of
from verl_egca.data.pytest_modules.entry_points import entry_point_of
from verl_egca.data.pytest_modules.fixtures import definitions, fixture_decorator, fixtures_of
from verl_egca.data.pytest_modules.functions import Functions
from verl_egca.data.pytest_modules.imports import drop_program_imports, without_program_imports
from verl_egca.data.pytest_modules.out_of_reach import refuse_out_of_reach
from verl_egca.data.pytest_modules.reading import FunctionNode, Reading, bound_by, loaded_in
from verl_egca.data.pytest_modules.script import Script
from verl_egca.data.rows import BadInput
from verl_egca.execution.deciding import Deciding
from verl_egca.problem import AssertionTests

__all__ = ["entry_point_of", "module_tests", "without_program_imports"]

_WANTED = "lines such as `assert f(1) == 2` are wanted, at the left edge or in functions called test_…"


def module_tests(
    source: str,
    bad: Callable[[str], BadInput],
    *,
    reference: str | None = None,
    entry_point: str | None = None,
    modules: Collection[str] = (),
) -> tuple[AssertionTests, str | None]:
    """The tests of a module, and the program's entry point: the name that they call first. Runs nothing.

    Args:
        source: pytest's or unittest's tests, assertions at the left edge, or a function ``check(candidate)``.
        bad: makes an error from a sentence with line, function and remedy.
        reference: a right program, whose definitions are the program's names.
        entry_point: the entry point, where it is known; ``check`` gets it.
        modules: names by which the tests may import the program, besides ``solution``, ``main`` and similar.

    Raises:
        BadInput: made by ``bad``: the source is not Python, asserts nothing, never calls the program, or can't be
        judged.
    """
    try:
        return _tests(Reading(source, bad), reference, entry_point, modules)
    except RecursionError:
        raise bad("is nested too deeply to be read") from None


def _tests(
    reading: Reading, reference: str | None, entry_point: str | None, modules: Collection[str]
) -> tuple[AssertionTests, str | None]:
    drop_program_imports(reading, reference, modules)
    script = Script(reading, reference, entry_point)
    functions = _functions(reading, script)
    setup = [*script.setup, *functions.made, *_called_once(reading, ("setup_module", "setUpModule"))]
    items = [*script.items, *functions.items]
    refuse_out_of_reach(reading, [*setup, *items])
    deciding = Deciding(setup)
    if not any(deciding.decides(statement) for item in items for statement in item.body):
        raise reading.whole(f"asserts nothing; {_WANTED}")
    items = _of_the_program(reading, setup, items)
    if not items:
        raise reading.whole(f"asserts nothing about a program: its tests call none; {_WANTED}")
    needed = loaded_in([*setup, *items]) - reading.bound
    lines = [f"import {name}\n" for name in ("functools", "pytest") if name in needed]
    setup.sort(key=lambda node: not _is_future(node))
    future = sum(map(_is_future, setup))
    text = "".join(
        [*(f"{ast.unparse(n)}\n" for n in setup[:future]), *lines, *(f"{ast.unparse(n)}\n" for n in setup[future:])]
    )
    assertions = tuple(map(ast.unparse, items))
    entry = script.entry_point or entry_point_of(text, assertions, reference)
    return AssertionTests(setup=text, assertions=assertions), entry


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _functions(reading: Reading, script: Script) -> Functions:
    """The module's test functions and classes, in its order; removes them from the script's set-up."""
    functions = Functions(reading)
    fixtures = {fixture.name: fixture for fixture in fixtures_of(reading, script.setup)}
    for fixture in fixtures.values():
        functions.made += definitions(fixture, fixtures)
    classes = {found.node.name: found for found in test_classes_of(reading)}
    methods = Methods(reading, functions, fixtures)
    before, after = _called_once(reading, ("setup_function",)), _called_once(reading, ("teardown_function",))
    last = {node.name: node for node in script.setup if isinstance(node, FunctionNode | ast.ClassDef)}
    kept: list[ast.stmt] = []
    for node in script.setup:
        if isinstance(node, FunctionNode) and script.is_test(node):
            if last[node.name] is not node:  # pytest runs the last of one name
                continue
            if isinstance(node, ast.AsyncFunctionDef):
                raise reading.refusal(node, "is asynchronous, and can't be judged")
            marked = [*script.marks, *node.decorator_list]
            functions.add(node, node.name, node.args.args, marked, fixtures, before=before, after=after)
        elif isinstance(node, ast.ClassDef) and node.name in classes and last[node.name] is node:
            methods.add(classes[node.name], script.marks)
            kept.append(node)
        elif not (isinstance(node, FunctionNode) and fixture_decorator(reading, node) is not None):
            kept.append(node)
    script.setup = kept
    return functions


def _called_once(reading: Reading, names: tuple[str, ...]) -> list[ast.stmt]:
    """Calls of those hooks that the module defines."""
    hooks = [node for node in reading.tree.body if isinstance(node, ast.FunctionDef) and node.name in names]
    return [
        statement for node in hooks for statement in ast.parse(f"{node.name}({'None' if node.args.args else ''})").body
    ]


def _of_the_program(reading: Reading, setup: list[ast.stmt], items: list[ast.Module]) -> list[ast.Module]:
    """The items that use the program, also through the tests' functions or variables."""
    uses = {node.name: loaded_in([node]) for node in setup if isinstance(node, FunctionNode | ast.ClassDef)}
    imports = {name for node in setup if isinstance(node, ast.Import | ast.ImportFrom) for name in bound_by(node)}

    def uses_program(item: ast.Module) -> bool:
        seen, todo = set[str](), [*loaded_in([item])]
        while todo:
            name = todo.pop()
            if name == "candidate" or (name not in uses and reading.is_program_s(name)):
                return True
            if name in reading.bound - uses.keys() - imports and variables_may:
                return True
            if name not in seen:
                seen.add(name)
                todo += uses.get(name, ())
        return False

    variables_may = any(map(reading.is_program_s, loaded_in(setup)))
    return [*filter(uses_program, items)]
