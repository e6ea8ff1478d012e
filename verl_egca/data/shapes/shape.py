"""The shape of a data set's rows: how it is recognised, and what its tests are."""

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
    """What decides whether a program solves the row's problem; the fields are `Problem`'s."""

    tests: AssertionTests | CallTests | StdioTests
    entry_point: str | None = None
    preamble: str = ""
    code_prefix: str = ""


class Shape(ABC):
    """``holds`` are the keys that its tests stand under, the one that errors name first; ``reads`` are those, of the keys that
    can change what tests mean, that it reads (see `unread_keys`).
    """

    name: ClassVar[str]
    holds: ClassVar[tuple[str, ...]]
    reads: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def recognises(self, tests: Row) -> bool:
        """Whether a mapping, without keys that say nothing, holds tests of this shape."""

    @abstractmethod
    def judging(self, read: ReadRow) -> Judging:
        """Raises BadInput."""

    def statement(self, read: ReadRow) -> str:
        """What a policy reads where the row has no chat; "" if it has nothing."""
        for key in _STATEMENTS:
            for _, value in read.said(key):
                if isinstance(value, str):
                    return _with_starter(value, starter_code(read))
        return ""

    def references(self, read: ReadRow) -> Iterator[str]:
        """Programs that the row gives as solutions, the likeliest first; whether they parse or pass isn't known."""
        for key in _REFERENCES:
            for _, value in read.said(key):
                yield from programs_in(value)

    def task_id(self, read: ReadRow) -> str | None:
        """The row's own name for its problem, if there is one."""
        return named(read.row, read.tests)


def named(*mappings: Row) -> str | None:
    """The first plain value under a key that data sets name their problems by."""
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
