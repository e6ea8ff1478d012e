"""An edit of a program's text: the unit that the search tries and that a twin consists of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters ``[start, end)`` become ``text``; an insertion has ``start == end``.

    ``blame`` is the half-open character range of what is decided wrongly: the smallest expression or statement that holds
    the edit, or, where code is missing, what was written in its place. ``kind`` names the class of edits. ``cost`` orders
    edits: a surprise in bits or so, lower is likelier before anything is known of how the program ran.
    """

    start: int
    end: int
    text: str
    kind: str
    blame: tuple[int, int]
    cost: float

    def apply(self, source: str) -> str:
        return source[: self.start] + self.text + source[self.end :]

    @property
    def size(self) -> int:
        """Characters taken away and put in."""
        return self.end - self.start + len(self.text)
