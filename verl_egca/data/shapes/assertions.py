"""Tests that are Python source: lists of assertions, ``check`` functions, and modules of pytest's or unittest's tests."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from verl_egca.data.plain_values import shown
from verl_egca.data.pytest_modules import entry_point_of, module_tests
from verl_egca.data.rows import Row
from verl_egca.data.shapes.check_function import calls_check, defines_check, judging_of_check, source_of
from verl_egca.data.shapes.entry_points import NAMES, said_entry_point
from verl_egca.data.shapes.humaneval import helpers_of
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.shape import Judging, Shape
from verl_egca.problem import AssertionTests
from verl_egca.statements import parse

_ARE_NOT_HERE = "isn't installed where programs are run"


class AssertionList(Shape):
    """AceCode-87K's ``test_cases``, AceCode-V2's ``tests``, OpenCodeInstruct's ``unit_tests``: a list of assertions."""

    name = "acecode"
    holds = ("test_cases", "tests", "ground_truth", "unit_tests")
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return any(_is_list_of_assertions(tests.get(key)) for key in self.holds)

    def judging(self, read: ReadRow) -> Judging:
        key = next(key for key in self.holds if _is_list_of_assertions(read.tests.get(key)))
        return judging_of_assertions(self, read, read.list(key), key)


class SandboxAssertions(Shape):
    """verl's sandbox_fusion: each of ``assert_case`` runs after the program, in its namespace."""

    name = "sandbox_fusion"
    holds = ("assert_case", "inputs", "outputs")
    reads = frozenset({"assert_case", *NAMES})

    def recognises(self, tests: Row) -> bool:
        cases = tests.get("assert_case")
        return isinstance(cases, list) and any(isinstance(item, str) and item for item in cases)

    def judging(self, read: ReadRow) -> Judging:
        for key in ("inputs", "outputs"):
            if key in read.tests and any(value not in (None, "") for value in read.list(key)):
                raise read.bad(key, "stands beside assert_case, which would run with standard input; leave the row out")
        return judging_of_assertions(self, read, read.list("assert_case"), "assert_case")


class Functional(Shape):
    """code-r1's ``functional``: source that runs after the program. Forks have a list, and ``extra_info.prefix``."""

    name = "code-r1 functional"
    holds = ("functional",)
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return "functional" in tests

    def judging(self, read: ReadRow) -> Judging:
        preamble = next((f"{text.rstrip()}\n" for _, text in read.said("prefix") if isinstance(text, str)), "")
        if isinstance(read.tests["functional"], list):
            found = judging_of_assertions(self, read, read.list("functional"), "functional")
            return Judging(found.tests, found.entry_point, preamble)
        return judging_of_source(self, read, "functional", preamble)


class PytestOfCodeR1(Shape):
    """code-r1's ``pytest``: a module of tests that imports the program from ``solution``."""

    name = "code-r1 pytest"
    holds = ("pytest",)
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return "pytest" in tests

    def judging(self, read: ReadRow) -> Judging:
        return judging_of_source(self, read, "pytest")


class ModuleOfTests(Shape):
    """``test`` or ``test_code`` with a module of tests, or with ``check`` but not HumanEval's other keys: KodCode."""

    name = "kodcode"
    holds = ("test", "test_code", "test_info")
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return isinstance(tests.get("test"), str) or isinstance(tests.get("test_code"), str)

    def judging(self, read: ReadRow) -> Judging:
        return judging_of_source(self, read, "test" if "test" in read.tests else "test_code")


class BigCodeBench(Shape):
    """unittest's tests of a function; the packages that tests and programs import must be installed."""

    name = "bigcodebench"
    holds = ("test", "entry_point", "complete_prompt", "instruct_prompt", "canonical_solution", "code_prompt", "libs")
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return {"test", "code_prompt"} <= tests.keys() or {"test", "complete_prompt"} <= tests.keys()

    def judging(self, read: ReadRow) -> Judging:
        if missing := _not_installed(read.tests.get("libs")):
            raise read.bad(
                "libs", f"needs {', '.join(missing)}, which {_ARE_NOT_HERE}; install it, or leave the row out"
            )
        found = judging_of_source(self, read, "test")
        prompt = next((read.text(key) for key in ("code_prompt", "complete_prompt") if key in read.tests), "")
        code = read.text("complete_prompt", required=False)
        return Judging(found.tests, found.entry_point, helpers_of(prompt, found.entry_point or ""), code_prefix=code)

    def statement(self, read: ReadRow) -> str:
        return read.text("instruct_prompt" if "instruct_prompt" in read.tests else "complete_prompt")

    def references(self, read: ReadRow) -> Iterator[str]:
        body = read.text("canonical_solution", required=False)
        prompt = next((read.text(key) for key in ("complete_prompt", "code_prompt") if key in read.tests), "")
        if body.strip():
            yield prompt + body


class PythonText(Shape):
    """Assertions, or a module of tests, as one text under one key."""

    name = "python tests"
    holds = ("ground_truth", "tests", "test_cases", "unit_tests")
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return any(_is_test_source(tests.get(key)) for key in self.holds)

    def judging(self, read: ReadRow) -> Judging:
        return judging_of_source(self, read, next(key for key in self.holds if _is_test_source(read.tests.get(key))))


class CheckOfMethod(Shape):
    """Skywork-OR1's LeetCode rows: ``import_prefix``, ``test_code``, ``entry_point``."""

    name = "skywork"
    holds = ("test_code", "import_prefix", "entry_point")
    reads = frozenset({"import_prefix", *NAMES})

    def recognises(self, tests: Row) -> bool:
        return {"test_code", "entry_point"} <= tests.keys()

    def judging(self, read: ReadRow) -> Judging:
        prefix = read.text("import_prefix", required=False).rstrip()
        return judging_of_source(self, read, "test_code", f"{prefix}\n" if prefix else "")


def judging_of_assertions(shape: Shape, read: ReadRow, assertions: Sequence[Any], key: str) -> Judging:
    """One case for each item. Raises BadInput."""
    if not assertions:
        raise read.bad(key, "holds no assertions")
    for item in assertions:
        if not isinstance(item, str):
            raise read.bad(key, f"holds {shown(item)}; Python that asserts is wanted")
        if parse(item, limit=None) is None:
            raise read.bad(key, f"holds text that is not Python: {item[:80]!r}")
    entry = said_entry_point(read) or entry_point_of("", assertions, next(shape.references(read), None))
    return Judging(AssertionTests(assertions=tuple(assertions)), entry)


def judging_of_source(shape: Shape, read: ReadRow, key: str, preamble: str = "") -> Judging:
    """The tests of a module, or of a ``check`` function. Raises BadInput."""
    source, tree = source_of(read, key)
    entry = said_entry_point(read) or _declared(read)
    if defines_check(tree) and (entry or calls_check(tree)):
        return judging_of_check(read, key, tree, entry, preamble)
    reference = next(shape.references(read), None)
    tests, found = module_tests(source, lambda why: read.bad(key, why), reference=reference, entry_point=entry)
    return Judging(tests.model_copy(update={"setup": preamble + tests.setup}), entry or found, preamble)


def _declared(read: ReadRow) -> str | None:
    """KodCode's name of the tested function, if it gives one."""
    for _, info in read.said("test_info"):
        names = [item.get("function_name") for item in info if isinstance(item, dict)] if isinstance(info, list) else []
        if len(names) == 1 and isinstance(names[0], str) and names[0].isidentifier():
            return names[0]
    return None


def _not_installed(libraries: Any) -> list[str]:
    if isinstance(libraries, str):
        libraries = re.findall(r"[\w.]+", libraries)  # BigCodeBench writes the list as Python does
    if not isinstance(libraries, list):
        return []
    roots = {name.partition(".")[0] for name in libraries if isinstance(name, str)}
    return sorted(name for name in roots if name.isidentifier() and not _is_installed(name))


def _is_installed(name: str) -> bool:
    return name in sys.stdlib_module_names or find_spec(name) is not None


def _is_test_source(value: Any) -> bool:
    """Whether a text is Python that asserts or holds tests, and not a program."""
    if not isinstance(value, str) or not ("assert" in value or "test" in value or "check" in value):
        return False
    tree = parse(value, limit=None)
    return tree is not None and any(map(_is_test, tree.body))


def _is_test(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name.startswith("test") or node.name == "check"
    return isinstance(node, ast.Assert) or (isinstance(node, ast.ClassDef) and node.name.startswith("Test"))


def _is_list_of_assertions(value: Any) -> bool:
    return (
        isinstance(value, list) and all(isinstance(one, str) for one in value) and any("assert" in one for one in value)
    )
