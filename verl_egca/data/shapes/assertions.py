"""Tests that are Python source: lists of assertions, ``check`` functions, and modules of pytest's or unittest's tests."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, ClassVar

from verl_egca.data.rows import Row
from verl_egca.data.shapes.check_function import defines_check, judging_of_check, source_of
from verl_egca.data.shapes.entry_points import said_entry_point
from verl_egca.data.shapes.mbpp import called_function
from verl_egca.data.shapes.pairs import NAMES
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.shape import Judging, Shape
from verl_egca.problem import AssertionTests
from verl_egca.statements import parse


class AssertionList(Shape):
    """AceCode-87K's ``test_cases``, AceCode-V2's ``tests``: a statement that asserts each."""

    name = "acecode"
    holds: ClassVar[tuple[str, ...]] = ("test_cases", "tests", "ground_truth")
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
                raise read.bad(key, "stands beside assert_case, which would run with standard input; this is not read")
        return judging_of_assertions(self, read, read.list("assert_case"), "assert_case")


class Functional(Shape):
    """code-r1's ``functional``: source that runs after the program. Its forks have it as a list, and ``extra_info.prefix``."""

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


class CheckOfMethod(Shape):
    """Skywork-OR1's LeetCode rows: ``import_prefix``, ``test_code``, ``entry_point``."""

    name = "skywork"
    holds = ("test_code", "import_prefix", "entry_point")
    reads = frozenset({"import_prefix", *NAMES})

    def recognises(self, tests: Row) -> bool:
        return "test_code" in tests

    def judging(self, read: ReadRow) -> Judging:
        prefix = read.text("import_prefix", required=False).rstrip()
        return judging_of_source(self, read, "test_code", f"{prefix}\n" if prefix else "")


def judging_of_assertions(shape: Shape, read: ReadRow, assertions: Sequence[Any], key: str) -> Judging:
    """A case an item. Raises BadInput."""
    if not assertions:
        raise read.bad(key, "holds no assertions")
    for item in assertions:
        if not isinstance(item, str):
            raise read.bad(key, f"holds {item!r:.80}; Python that asserts is wanted")
        if parse(item, limit=None) is None:
            raise read.bad(key, f"holds what is not Python: {item[:80]!r}")
    reference = next(shape.references(read), "")
    entry = said_entry_point(read, NAMES) or called_function(reference, list(assertions)) or _called_first(assertions)
    return Judging(AssertionTests(assertions=tuple(assertions)), entry)


def judging_of_source(shape: Shape, read: ReadRow, key: str, preamble: str = "") -> Judging:
    """Raises BadInput."""
    _, tree = source_of(read, key)
    entry = said_entry_point(read, NAMES)
    if defines_check(tree):
        return judging_of_check(read, key, tree, entry, preamble)
    raise read.bad(key, "defines no function 'check'")


def _called_first(assertions: Sequence[str]) -> str | None:
    """The function that an assertion calls, where no reference says which of its names is the program's."""
    known = set(dir(__builtins__)) if not isinstance(__builtins__, dict) else set(__builtins__)
    for text in assertions:
        tree = parse(text, limit=None)
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in known:
                return node.func.id
    return None


def _is_list_of_assertions(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(i, str) for i in value) and "assert" in value[0]
