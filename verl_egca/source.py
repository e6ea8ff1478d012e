"""Places in a program's text and their conversions: lines and columns, character offsets, `ast`'s UTF-8 columns.

Lines are the parser's: they end at ``\\n``, ``\\r\\n`` or ``\\r`` and nowhere else (``str.splitlines`` also splits at
form feeds and Unicode separators, which would shift every line after one).
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, order=True)
class SourceRange:
    """Half-open range of source text: 1-based lines, 0-based columns in characters."""

    line: int
    col: int
    end_line: int
    end_col: int


class SourceText:
    """A program's text with its line index; positions past the end are clipped to it."""

    def __init__(self, text: str) -> None:
        self.text = text
        breaks = list(_LINE_END.finditer(text))
        self._starts = [0, *(m.end() for m in breaks)]
        self._ends = [*(m.start() for m in breaks), len(text)]  # without the line's end

    @property
    def line_count(self) -> int:
        return len(self._starts)

    def line(self, number: int) -> str:
        """Line ``number`` (1-based) without its end; empty past the last one."""
        if not 1 <= number <= len(self._starts):
            return ""
        return self.text[self._starts[number - 1] : self._ends[number - 1]]

    def offset(self, line: int, col: int) -> int:
        """Character offset of (1-based line, 0-based column), clipped to the line and the text."""
        if line < 1:
            return 0
        if line > len(self._starts):
            return len(self.text)
        return min(self._starts[line - 1] + max(col, 0), self._ends[line - 1])

    def position(self, offset: int) -> tuple[int, int]:
        """(1-based line, 0-based column) of a character offset."""
        offset = min(max(offset, 0), len(self.text))
        row = bisect_right(self._starts, offset) - 1
        return row + 1, offset - self._starts[row]

    def offsets(self, place: SourceRange) -> tuple[int, int]:
        """The range as half-open character offsets."""
        return self.offset(place.line, place.col), self.offset(place.end_line, place.end_col)

    def between(self, start: int, end: int) -> SourceRange:
        """The range of half-open character offsets."""
        return SourceRange(*self.position(start), *self.position(end))

    def of_node(self, node: ast.expr | ast.stmt | ast.excepthandler) -> SourceRange:
        """The range of an `ast` node, in character columns."""
        end_line = node.end_lineno if node.end_lineno is not None else node.lineno
        end_col = node.end_col_offset if node.end_col_offset is not None else node.col_offset
        return SourceRange(
            node.lineno, self._char_col(node.lineno, node.col_offset), end_line, self._char_col(end_line, end_col)
        )

    def of_line(self, number: int) -> SourceRange:
        """The range of one line without the blanks around its code."""
        text = self.line(number)
        return SourceRange(number, len(text) - len(text.lstrip()), number, len(text.rstrip()))

    def _char_col(self, line: int, byte_col: int) -> int:
        return len(self.line(line).encode("utf-8", "surrogatepass")[:byte_col].decode("utf-8", "ignore"))
