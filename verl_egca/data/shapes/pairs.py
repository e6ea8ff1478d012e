"""``inputs`` and ``outputs``: what verl's prime_code and sandbox_fusion score, and Eurus-2, APPS, TACO, code-r1, Skywork hold.

With ``fn_name`` they are calls, without standard input and output. Bare, as JSON text in ``input_output``, or as ``tests``.
"""

from __future__ import annotations

from typing import ClassVar

from verl_egca.data.rows import Row
from verl_egca.data.shapes.case_values import call_tests, check_numbers, stdio_tests
from verl_egca.data.shapes.entry_points import said_entry_point
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.shape import Judging, Shape
from verl_egca.data.shapes.starter_code import asks_for_definitions, starter_code

NAMES = ("fn_name", "func_name", "entry_point", "method_name")


class Pairs(Shape):
    """verl's own: in the ground truth, or as a row."""

    name = "prime_code"
    holds = ("inputs", "outputs")
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return "inputs" in tests or "outputs" in tests

    def judging(self, read: ReadRow) -> Judging:
        return judging_of_pairs(read)


class PackedPairs(Shape):
    """The same as JSON text, or as an object, under one key: APPS's and TACO's ``input_output``."""

    name = "apps"
    holds: ClassVar[tuple[str, ...]] = ("input_output",)
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return "input_output" in tests

    def judging(self, read: ReadRow) -> Judging:
        key = self.holds[0]
        pairs = read.value(key)
        if pairs == "":
            raise read.bad(key, "is empty: the row holds no tests; leave it out")
        if not isinstance(pairs, dict) or not ("inputs" in pairs or "outputs" in pairs):
            raise read.bad(
                key, f"is {type(pairs).__name__}; an object with inputs and outputs, or its JSON text, is wanted"
            )
        return judging_of_pairs(read.within(key, pairs))


def judging_of_pairs(read: ReadRow) -> Judging:
    """Raises BadInput."""
    inputs, outputs = read.list("inputs"), read.list("outputs")
    check_numbers(read, inputs, outputs, _KEYS)
    entry = said_entry_point(read, NAMES)
    if entry is not None:
        return Judging(call_tests(read, inputs, outputs, _KEYS), entry)
    if asks_for_definitions(starter_code(read)):
        raise read.bad(
            "fn_name",
            "is missing, and starter_code begins a function or a class: what the tests call can't be told",
        )
    return Judging(stdio_tests(read, inputs, outputs, _KEYS))


_KEYS = ("inputs", "outputs")
