"""A program with the blame marked, by colour and by carets below."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.text import Text

from verl_egca.report.untrusted import safe
from verl_egca.source import SourceRange, SourceText

_BLAMED = "bold white on red"
_CARETS = "red"


def marked_program(program: str, places: Sequence[SourceRange]) -> Text:
    """The numbered program; every line ends with a line end."""
    source = SourceText(program)
    text = Text()
    for number in range(1, source.line_count + 1):
        line = source.line(number)
        if number == source.line_count and not line:
            break
        pieces = _pieces(line, number, places)
        text.append(f"{number:>4}  ", style="dim")
        for piece, blamed in pieces:
            text.append(piece, style=_BLAMED if blamed else "")
        text.append("\n")
        if any(blamed for _, blamed in pieces):
            text.append(" " * 6 + _carets(pieces) + "\n", style=_CARETS)
    return text


def _pieces(line: str, number: int, places: Sequence[SourceRange]) -> list[tuple[str, bool]]:
    """The line's text in pieces, and whether each is blamed."""
    blamed = [False] * len(line)
    for place in places:
        if place.line <= number <= place.end_line:
            first = place.col if number == place.line else len(line) - len(line.lstrip())
            last = place.end_col if number == place.end_line else len(line)
            blamed[first:last] = [True] * len(blamed[first:last])
    pieces = groupby(zip(line, blamed, strict=True), key=lambda pair: pair[1])
    return [(safe("".join(character for character, _ in piece)), is_blamed) for is_blamed, piece in pieces]


def _carets(pieces: Sequence[tuple[str, bool]]) -> str:
    """The carets below a line, as wide as its pieces on a terminal; tabs stay tabs."""
    below = (
        "".join("\t" if character == "\t" else ("^" if blamed else " ") * cell_len(character) for character in piece)
        for piece, blamed in pieces
    )
    return "".join(below).rstrip()
