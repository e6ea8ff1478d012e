"""The shape of a data set's rows: it recognises them, and reads their tests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from verl_egca.data.plain_values import name_of
from verl_egca.data.references import programs_in
from verl_egca.data.rows import Row
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.starter_code import starter_code
from verl_egca.problem import AssertionTests, CallTests, StdioTests


@dataclass(frozen=True, slots=True)
class Judging:
    """The fields of `Problem` that decide whether a program solves it."""

    tests: AssertionTests | CallTests | StdioTests
    entry_point: str | None = None
    preamble: str = ""
    code_prefix: str = ""


class Shape(ABC):
    """``holds``: the keys of its tests; errors name the first. ``reads``: the keys that it reads of those that can
    change the meaning of tests (`unread_keys`).
    """

    name: ClassVar[str]
    holds: ClassVar[tuple[str, ...]]
    reads: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def recognises(self, tests: Row) -> bool:
        """Whether a mapping without null values holds tests of this shape."""

    @abstractmethod
    def judging(self, read: ReadRow) -> Judging:
        """Raises BadInput."""

    def statement(self, read: ReadRow) -> str:
        """The text that a policy reads if the row has no chat; "" without one."""
        for key in _STATEMENTS:
            for _, value in read.said(key):
                if isinstance(value, str):
                    return _with_starter(value, starter_code(read))
        return ""

    def references(self, read: ReadRow) -> Iterator[str]:
        """Programs that the row gives as solutions, the likeliest first, unchecked."""
        for key in _REFERENCES:
            for _, value in read.said(key):
                yield from programs_in(value)

    def task_id(self, read: ReadRow) -> str | None:
        """The row's name for its problem, if it has one."""
        return named(read.row, read.tests)


def named(*mappings: Row) -> str | None:
    """The first name under the keys by which data sets name problems."""
    for key in _NAMES:
        for mapping in mappings:
            if (name := name_of(mapping.get(key))) is not None:
                return name
    return None


_NAMES = ("task_id", "question_id", "problem_id", "id", "name")
_STATEMENTS = (
    "question problem question_content problem_statement query problem_description description instruction prompt text input"
).split()
_REFERENCES = ("solution solutions canonical_solution gold_standard_solution reference reference_solution").split()


def _with_starter(statement: str, starter: str) -> str:
    if not starter.strip() or starter.strip() in statement:
        return statement
    return f"{statement.rstrip()}\n\nBegin with this code:\n```python\n{starter.rstrip()}\n```\n"
