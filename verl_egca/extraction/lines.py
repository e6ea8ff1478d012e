"""Lines of a response as ranges of characters, so that chosen, cut and joined text keeps its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

Range = tuple[int, int]  # half-open, characters of the response
Lines = tuple[Range, ...]  # a line each, its end included; in the order of the text

_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK = " \t\f\r\n"
BYTE_ORDER_MARK = "\ufeff"


def lines_between(text: str, start: int, end: int) -> Iterator[Range]:
    """The lines, or parts of lines, of a range of the text; a byte order mark at its start is left out."""
    while text.startswith(BYTE_ORDER_MARK, start, end):
        start += 1
    edges = [start, *(match.end() for match in _LINE_END.finditer(text, start, end)), end]
    yield from ((first, last) for first, last in pairwise(edges) if first < last)


def joined(text: str, lines: Iterable[Range]) -> str:
    return "".join(text[first:last] for first, last in lines)


def is_blank(text: str, line: Range) -> bool:
    return not text[line[0] : line[1]].strip(_BLANK)


def indentation(text: str, line: Range) -> int:
    """The number of blanks at a line's start."""
    piece = text[line[0] : line[1]]
    return len(piece) - len(piece.lstrip(" \t"))


def without_indentation(text: str, lines: Iterable[Range], width: int) -> Lines:
    """The lines without up to ``width`` blanks at their start, and without lines that are empty then."""
    cut = ((first + min(width, indentation(text, (first, last))), last) for first, last in lines)
    return tuple((first, last) for first, last in cut if first < last)


def dedented(text: str, lines: Lines) -> Lines:
    """The lines without their common indentation."""
    widths = [indentation(text, line) for line in lines if not is_blank(text, line)]
    return without_indentation(text, lines, min(widths, default=0))
