"""``inputs`` and ``outputs``, as in verl's prime_code and sandbox_fusion, Eurus-2, APPS, TACO, code-r1 and Skywork.

With ``fn_name`` they are calls, without it standard input and output.
"""

from __future__ import annotations

from typing import Any

from verl_egca.data.rows import Row
from verl_egca.data.shapes.case_values import call_tests, check_numbers, stdio_tests
from verl_egca.data.shapes.entry_points import NAMES, said_entry_point
from verl_egca.data.shapes.kinds_of_tests import said_kind
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.shape import Judging, Shape
from verl_egca.data.shapes.starter_code import asks_for_definitions, only_function, starter_code
from verl_egca.data.shapes.unread_keys import refuse_unread


class Pairs(Shape):
    """verl's: in the ground truth, or as a row."""

    name = "prime_code"
    holds = ("inputs", "outputs")
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return "inputs" in tests or "outputs" in tests

    def judging(self, read: ReadRow) -> Judging:
        return judging_of_pairs(read)


class PackedPairs(Shape):
    """The same as an object, or as JSON text, under one key: APPS's and TACO's ``input_output``, DeepCoder's ``tests``."""

    name = "apps"
    holds = ("input_output", "tests", "test_cases", "unit_tests", "ground_truth")
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return "input_output" in tests or any(_is_pairs(tests.get(key)) for key in self.holds)

    def judging(self, read: ReadRow) -> Judging:
        key = next((key for key in self.holds if _is_pairs(read.tests.get(key))), "input_output")
        pairs = read.value(key)
        if pairs == "":
            raise read.bad(key, "is empty: the row holds no tests; leave it out")
        if not _is_pairs(pairs):
            raise read.bad(
                key, f"is {type(pairs).__name__}; an object with inputs and outputs, or its JSON text, is wanted"
            )
        within = read.within(key, pairs)
        refuse_unread(_PAIRS, within)
        return judging_of_pairs(within)


def _is_pairs(value: Any) -> bool:
    return isinstance(value, dict) and ("inputs" in value or "outputs" in value)


def judging_of_pairs(read: ReadRow) -> Judging:
    """Raises BadInput."""
    inputs, outputs = read.list("inputs"), read.list("outputs")
    check_numbers(read, inputs, outputs, _KEYS)
    entry = said_entry_point(read)
    kind = said_kind(read)
    if kind is False and entry is not None:
        raise read.bad("fn_name", f"is {entry!r}, and the row says that its tests are of standard input; one is wanted")
    if kind is True and entry is None:
        entry = only_function(starter_code(read))
        if entry is None:
            raise read.bad("fn_name", "is missing, and the row says that its tests are calls; add the function's name")
    if entry is not None:
        return Judging(call_tests(read, inputs, outputs, _KEYS), entry)
    if asks_for_definitions(starter_code(read)):
        raise read.bad(
            "fn_name",
            "is missing, and starter_code begins a function or a class; add the name that the tests call",
        )
    return Judging(stdio_tests(read, inputs, outputs, _KEYS))


_KEYS = ("inputs", "outputs")
_PAIRS = Pairs()
