"""MBPP: the full set, its sanitized part, and EvalPlus's MBPP+."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from textwrap import indent

from verl_egca.data.plain_values import name_of, shown
from verl_egca.data.pytest_modules import entry_point_of
from verl_egca.data.rows import Row
from verl_egca.data.shapes.check_function import called
from verl_egca.data.shapes.entry_points import NAMES, said_entry_point
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.shape import Judging, Shape
from verl_egca.problem import AssertionTests
from verl_egca.source import SourceText
from verl_egca.statements import parse

MBPP_SHOWS = "\nYour code should pass these tests:\n\n"  # between the statement and the assertions
_SETUP = frozenset({"test_setup_code", "test_imports"})


class Mbpp(Shape):
    """The prompt shows the assertions, as in the data set's paper: only they name the function."""

    name = "mbpp"
    holds = ("test_list", "challenge_test_list", "code", "text", *sorted(_SETUP))
    reads = _SETUP | set(NAMES)

    def recognises(self, tests: Row) -> bool:
        return "test_list" in tests

    def judging(self, read: ReadRow) -> Judging:
        assertions = _assertions(read)
        imports = _texts(read, "test_imports") if "test_imports" in read.tests else []
        setup = "\n".join([*imports, read.text("test_setup_code", required=False)]).strip()
        tests = AssertionTests(setup=setup, assertions=tuple(assertions))
        entry = said_entry_point(read) or entry_point_of(setup, assertions, next(self.references(read), None))
        return Judging(tests, entry)

    def statement(self, read: ReadRow) -> str:
        text = read.text("text" if "text" in read.tests else "prompt")
        shown = "\n".join(_assertions(read))
        return f"{text.strip()}{MBPP_SHOWS}{shown}\n"

    def references(self, read: ReadRow) -> Iterator[str]:
        code = read.tests.get("code")
        if isinstance(code, str) and code.strip():
            yield code.replace("\r\n", "\n")
        else:
            yield from super().references(read)

    def task_id(self, read: ReadRow) -> str | None:
        """``MBPP/11``, for a row's 11, ``MBPP/11`` or EvalPlus's ``Mbpp/11``."""
        name = name_of(read.tests.get("task_id", read.row.get("task_id")))
        if name is None:
            return super().task_id(read)
        family, _, number = name.rpartition("/")
        return f"MBPP/{number}" if family.lower() in ("", "mbpp") else name


class MbppPlus(Mbpp):
    """The prompt shows MBPP's assertions. The loop at the end of ``test`` decides, and covers them."""

    name = "mbpp-plus"
    holds = ("test", *Mbpp.holds)

    def recognises(self, tests: Row) -> bool:
        return {"test_list", "test"} <= tests.keys()

    def judging(self, read: ReadRow) -> Judging:
        shown, test = super().judging(read), read.text("test")
        tree = parse(test, limit=None)
        if tree is None or not tree.body or not isinstance(tree.body[-1], ast.For):
            raise read.bad("test", "does not end with a loop over inputs, or is not Python; EvalPlus's test is wanted")
        assert isinstance(shown.tests, AssertionTests)
        start = SourceText(test).offset(tree.body[-1].lineno, 0)
        setup, loop = f"{shown.tests.setup}\n{test[:start]}".strip(), test[start:].strip()
        if any(isinstance(node, ast.Name) and node.id == "candidate" for node in ast.walk(tree.body[-1])):
            setup += f"\ndef check(candidate):\n{indent(loop, '    ')}\n"  # early releases call the function so
            if shown.entry_point is None:
                raise read.bad("entry_point", "is missing, and the assertions call no function; add its name")
            loop = f"check({called(shown.entry_point)})"
        return Judging(AssertionTests(setup=setup, assertions=(loop,)), shown.entry_point)


def _assertions(read: ReadRow) -> list[str]:
    assertions = _texts(read, "test_list")
    if not assertions:
        raise read.bad("test_list", "holds no assertions")
    return assertions


def _texts(read: ReadRow, key: str) -> list[str]:
    texts = read.list(key)
    for item in texts:
        if not isinstance(item, str):
            raise read.bad(key, f"holds {shown(item)}; text is wanted")
    return texts
