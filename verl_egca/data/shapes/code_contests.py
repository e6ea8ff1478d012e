"""DeepMind's CodeContests: public, private and generated tests of standard input."""

from __future__ import annotations

from typing import Any

from verl_egca.data.plain_values import says_nothing
from verl_egca.data.rows import Row
from verl_egca.data.shapes.case_values import check_numbers, stdio_tests
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.shape import Judging, Shape

_TESTS = ("public_tests", "private_tests", "generated_tests")


class CodeContests(Shape):
    """Each key holds an object of two lists, ``input`` and ``output``, or a list of cases."""

    name = "code_contests"
    holds = _TESTS

    def recognises(self, tests: Row) -> bool:
        return any(key in tests for key in self.holds)

    def judging(self, read: ReadRow) -> Judging:
        inputs: list[Any] = []
        outputs: list[Any] = []
        for key in _TESTS:
            if says_nothing(read.tests.get(key)):
                continue
            value = read.value(key)
            if isinstance(value, list) and all(
                isinstance(case, dict) and {"input", "output"} <= case.keys() for case in value
            ):
                value = {"input": [case["input"] for case in value], "output": [case["output"] for case in value]}
            if not isinstance(value, dict):
                raise read.bad(key, f"is {type(value).__name__}; an object of the lists input and output is wanted")
            tests = read.within(key, value)
            some, theirs = tests.list("input"), tests.list("output")
            if len(some) != len(theirs):
                check_numbers(tests, some, theirs, ("input", "output"))
            inputs += some
            outputs += theirs
        check_numbers(read, inputs, outputs, ("public_tests", "private_tests"))
        return Judging(stdio_tests(read, inputs, outputs, ("public_tests", "public_tests")))
