"""Fenced blocks of an answer, as chat models write them.

A fence opens at the start of its line, in a list item or a quotation, or after words ("Here it is: ```python"). It closes
on a line of its own or at the end of a line of code ("return x```"). A fence in a string, such as a docstring, does
neither. An unclosed block reaches to the next opening fence, or to the end.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from verl_egca.extraction.bounded_parser import BoundedParser
from verl_egca.extraction.lines import (
    BYTE_ORDER_MARK,
    Lines,
    Range,
    is_blank,
    joined,
    lines_between,
    without_indentation,
)

_MARK = re.compile(r"`{3,}|^[ \t>]*(~{3,})")
_CONTAINER = re.compile(r"(?:[ \t>]|[-*+][ \t]|\d{1,9}[.)][ \t])*")
_LANGUAGE = re.compile(r"[{.\s]*([A-Za-z][\w+#.-]*)")
_PYTHON = re.compile(r"i?py(?!tb).*|.*\.py")  # "python3", "pycon", "solution.py"; not "pytb", a traceback
_PROMPT = re.compile(r"[ \t]*(?:>>>|\.\.\.)(?: |(?=[\r\n]|$))")
_LOOKED_AHEAD = 4  # fences after one that seems to be in a string
_TRIED = 16  # fences at the ends of lines that may close a block


class Tag(IntEnum):
    """The language that a fence names; of two pieces of equal worth, the one with the higher tag is the program."""

    OTHER = 0
    NO_FENCE = 1
    NONE = 2
    PYTHON = 3


@dataclass(frozen=True, slots=True)
class FencedBlock:
    """``with_info``: the lines and the code on the opening fence's line, where some models start; empty without it."""

    tag: Tag
    lines: Lines
    with_info: Lines


def fenced_blocks(text: str, start: int, end: int, parser: BoundedParser) -> Iterator[FencedBlock]:
    """The blocks in a range of the text, in its order."""
    lines = list(lines_between(text, start, end))
    marks = [mark for number, line in enumerate(lines) if (mark := _mark(text, number, line)) is not None]
    at = 0
    while at < len(marks):
        opening = marks[at]
        at += 1
        if opening.is_inline:
            yield _inline_block(text, opening)
        elif opening.opens:
            closing = _closing(text, lines, marks, at, parser)
            yield _block(text, lines, opening, closing)
            if closing is None:
                return
            at = marks.index(closing, at) + (not closing.reopens)


def without_prompts(text: str, lines: Lines) -> Lines:
    """The code after the prompts of an interactive session; empty for other lines."""
    prompts = [(line, _PROMPT.match(text, *line)) for line in lines]
    return tuple((match.end(), line[1]) for line, match in prompts if match and match.end() < line[1])


@dataclass(frozen=True, slots=True)
class _Mark:
    """A fence and the rest of its line: ``words`` before it, without the marks of a list or quotation."""

    line: int
    char: str
    width: int
    indent: int
    words: str
    place: Range
    info: Range
    info_text: str
    is_inline: bool  # opens and closes on this line

    @property
    def is_bare(self) -> bool:
        return not self.words and not self.info_text

    @property
    def opens(self) -> bool:
        return not self.words or _LANGUAGE.fullmatch(self.info_text or "python") is not None

    @property
    def reopens(self) -> bool:
        """Whether it opens a block even inside an open one, which then was never closed."""
        return bool(self.info_text) and self.opens


def _mark(text: str, number: int, line: Range) -> _Mark | None:
    content = text[line[0] : line[1]].rstrip()
    found = list(_MARK.finditer(content)) if "```" in content or "~~~" in content else []
    if not found or len(found) > 2:
        return None
    start, end = found[0].start(found[0].lastindex or 0), found[0].end()
    before = content[:start]
    container = _CONTAINER.fullmatch(before) is not None
    is_inline = len(found) == 2
    if is_inline and not (container and found[1].end() == len(content)):
        return None
    info = (end, found[1].start() if is_inline else len(content))
    return _Mark(
        line=number,
        char=content[start],
        width=end - start,
        indent=len(before) if container else 0,
        words="" if container else before,
        place=(line[0] + start, line[0] + end),
        info=(line[0] + info[0], line[0] + info[1]),
        info_text=content[slice(*info)].strip(),
        is_inline=is_inline,
    )


def _closing(text: str, lines: list[Range], marks: list[_Mark], at: int, parser: BoundedParser) -> _Mark | None:
    """The mark that ends the block of ``marks[at - 1]``; None if the block reaches to the text's end."""
    opening, at_ends_of_lines = marks[at - 1], list[_Mark]()
    for place in range(at, len(marks)):
        mark = marks[place]
        if mark.is_inline or mark.char != opening.char:
            continue
        if mark.words:
            if mark.width < opening.width or mark.words.lstrip().startswith("#"):
                continue
            if len(at_ends_of_lines) == _TRIED or not parser.may_search(mark.place[0] - opening.place[1]):
                break
            if parser.parse(_content(text, lines, opening, mark)) is not None:
                return mark
            at_ends_of_lines.append(mark)
        elif (
            mark.reopens or (mark.is_bare and mark.width >= opening.width and mark.indent < opening.indent + 4)
        ) and not _in_string(text, lines, marks, at - 1, place, parser):
            return mark
    return next((mark for mark in at_ends_of_lines if not mark.info_text), None)


def _in_string(
    text: str, lines: list[Range], marks: list[_Mark], opening: int, place: int, parser: BoundedParser
) -> bool:
    """Whether a string is open at a mark, and the block parses if it ends at a later one."""
    content = _content(text, lines, marks[opening], marks[place])
    if content.count('"""') % 2 == content.count("'''") % 2 == 0:
        return False
    later = marks[place + 1 : place + 1 + _LOOKED_AHEAD]
    return any(
        parser.may_search(mark.place[0] - marks[opening].place[1])
        and parser.parse(_content(text, lines, marks[opening], mark)) is not None
        for mark in later
    )


def _content(text: str, lines: list[Range], opening: _Mark, closing: _Mark | None) -> str:
    return joined(text, _inner_lines(text, lines, opening, closing))


def _inner_lines(text: str, lines: list[Range], opening: _Mark, closing: _Mark | None) -> Lines:
    """The lines between two marks, without the indentation of the opening one (in a list item, for example)."""
    inner = lines[opening.line + 1 : closing.line if closing is not None else len(lines)]
    if closing is not None and closing.words:
        inner.append((lines[closing.line][0], closing.place[0]))
    before = text[lines[opening.line][0] : opening.place[0]]
    if ">" in before and not opening.words:
        mark = re.compile(rf"(?:[ \t]*>){{{before.count('>')}}}[ \t]?")
        quoted = ((mark.match(text, *line), line) for line in inner)
        inner = [(match.end() if match else line[0], line[1]) for match, line in quoted]
        return tuple((first, last) for first, last in inner if first < last)
    return without_indentation(text, inner, opening.indent)


def _block(text: str, lines: list[Range], opening: _Mark, closing: _Mark | None) -> FencedBlock:
    inner = _inner_lines(text, lines, opening, closing)
    if inner and text.startswith(BYTE_ORDER_MARK, inner[0][0]):
        inner = tuple(lines_between(text, *inner[0])) + inner[1:]
    tag, rest = _tag(text, opening)
    info = text[rest : opening.info[1]]
    starts_code = keyword.iskeyword(info.partition(" ")[0]) or re.match(r"\w+\(", info) is not None
    return FencedBlock(tag, inner, ((rest, lines[opening.line][1]), *inner) if starts_code else ())


def _inline_block(text: str, mark: _Mark) -> FencedBlock:
    """Code between two fences on one line: its first word is a tag only if it says Python."""
    tag, start = _tag(text, mark)
    code = (start, mark.info[1]) if tag is Tag.PYTHON else mark.info
    lines = () if is_blank(text, code) else without_indentation(text, [code], mark.info[1])
    return FencedBlock(max(tag, Tag.NONE), lines, ())


def _tag(text: str, mark: _Mark) -> tuple[Tag, int]:
    """The tag from the words after a fence, and the start of code among them."""
    found = _LANGUAGE.match(text, *mark.info)
    if found is None:
        return Tag.NONE, mark.info[1]
    if _PYTHON.fullmatch(found[1].lower()) is None:
        return Tag.OTHER, found.start(1)
    rest = found.end()
    while text.startswith((" ", "\t"), rest):
        rest += 1
    return Tag.PYTHON, rest
