"""A program in the debugger's form: its text, each line with the numbers of the statements that begin there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from verl_egca.source import SourceRange, SourceText
from verl_egca.statements import Statement, statements


@dataclass(frozen=True, slots=True)
class Numbered:
    """A statement that may be blamed; ``ran``: whether it ran in the failing test."""

    number: int
    statement: Statement
    ran: bool


class Listing:
    """Numbers every statement except definitions, imports and docstrings."""

    def __init__(self, program: str, executed: Collection[SourceRange]) -> None:
        self._text = SourceText(program)
        blamable = [one for one in statements(program) if not (one.is_definition or one.is_inert)]
        self.numbered = [Numbered(i, one, one.place in executed) for i, one in enumerate(blamable, start=1)]
        self._numbers = {one.statement.place: one.number for one in self.numbered}

    def get(self, number: int) -> Numbered | None:
        return self.numbered[number - 1] if 1 <= number <= len(self.numbered) else None

    def number_of(self, place: SourceRange) -> int | None:
        return self._numbers.get(place)

    def lines(self) -> list[str]:
        """``3  | total += x``, or ``3* | total += x`` if the statement ran in the failing test."""
        marks: dict[int, list[str]] = {}
        for one in self.numbered:
            marks.setdefault(one.statement.place.line, []).append(f"{one.number}{'*' if one.ran else ''}")
        shown = {line: ",".join(numbers) for line, numbers in marks.items()}
        width = max((len(mark) for mark in shown.values()), default=1)
        count = self._text.line_count
        return [f"{shown.get(line, ''):<{width}} | {self._text.line(line)}" for line in range(1, count + 1)]
