"""An edit of a program's text: the unit that the search tries and that a twin consists of."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from verl_egca.localization.twins.costs import Amounts, cost_of


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters ``[start, end)`` become ``text``; an insertion has ``start == end``.

    ``blame`` is the half-open character range of what is decided wrongly: the smallest expression or statement that holds
    the edit, or, where code is missing, what was written in its place. ``kind`` names the class of edits, ``form`` the
    change within it, ``where`` what it stands in; with the ``amounts`` they make its ``cost``, in bits (`costs`).
    """

    start: int
    end: int
    text: str
    kind: str
    blame: tuple[int, int]
    form: str = ""
    where: str = ""
    amounts: Amounts = ()

    @property
    def cost(self) -> float:
        return cost_of(self.kind, self.form, self.where, self.amounts)

    def signed(self, *amounts: tuple[str, float]) -> Edit:
        """With more amounts."""
        every = (*self.amounts, *amounts)
        return Edit(self.start, self.end, self.text, self.kind, self.blame, self.form, self.where, every)

    def apply(self, source: str) -> str:
        return source[: self.start] + self.text + source[self.end :]

    @property
    def size(self) -> int:
        """Characters taken away and put in."""
        return self.end - self.start + len(self.text)


_TOKEN = re.compile(r"\w+|\S")
_WORD = re.compile(r"\w\w")
_SKIPPED = re.compile(r"(?:\s|#[^\n]*)*")


def tokens(text: str) -> list[str]:
    """The words and marks of a piece of code."""
    return _TOKEN.findall(text)


def written_instead(source: str, offset: int, column: int = 0) -> tuple[int, int]:
    """The first tokens after a place where code is missing; the last one before it where nothing follows.

    The policy writes from left to right: had it written the missing code, those would not have come there. Where the
    missing code stands at a ``column`` deeper than what follows, that is the line's end and the indentation, too.
    """
    skipped = _SKIPPED.match(source, offset)
    token = _TOKEN.match(source, skipped.end() if skipped else offset)
    if token:
        line = source.rfind("\n", 0, token.start()) + 1
        if offset < line and token.start() - line < column:
            far = source.count("\n", offset, line) > 2  # past comments and empty lines
            return (line - 1 if far else offset), token.end()
        return token.span()
    tokens = list(_TOKEN.finditer(source, max(0, source.rfind("\n", 0, len(source[:offset].rstrip())))))
    return tokens[-1].span() if tokens else (offset, offset)


def applied(source: str, edits: Iterable[Edit]) -> str:
    """The text with several edits, which are disjoint; in any order."""
    for edit in sorted(edits, key=lambda edit: -edit.start):
        source = edit.apply(source)
    return source


def least(edit: Edit, source: str) -> Edit:
    """The edit without the whole words that both texts begin and end with."""
    old, text = source[edit.start : edit.end], edit.text
    head = _shared(old, text)
    while head and (_inside_word(old, head) or _inside_word(text, head)):
        head -= 1
    tail = _shared(old[head:][::-1], text[head:][::-1])
    while tail and (_inside_word(old, len(old) - tail) or _inside_word(text, len(text) - tail)):
        tail -= 1
    return replace(edit, start=edit.start + head, end=edit.end - tail, text=text[head : len(text) - tail])


def _shared(one: str, two: str) -> int:
    """How many characters both texts begin with."""
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, two, strict=False))
    return sum(1 for _ in pairs)


def _inside_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and _WORD.match(text, at - 1) is not None


def changed_characters(edit: Edit, source: str) -> int:
    """How much an edit changes; of one that brings in several pieces at once, what lies between them does not count."""
    if edit.size <= 60:
        return edit.size
    matcher = difflib.SequenceMatcher(None, source[edit.start : edit.end], edit.text, autojunk=False)
    return edit.size - 2 * sum(block.size for block in matcher.get_matching_blocks() if block.size > 3)


def changed(edit: Edit, source: str) -> tuple[int, int]:
    """From the first to the last token that an edit changes; what was written instead, if it only adds."""
    old = source[edit.start : edit.end]
    prefix = _shared(old, edit.text)
    suffix = _shared(old[prefix:][::-1], edit.text[prefix:][::-1])
    start, end = edit.start + prefix, edit.end - suffix
    if start >= end:
        return written_instead(source, start)
    touched = [t.span() for t in _TOKEN.finditer(source, edit.blame[0]) if t.start() < end and t.end() > start]
    return (touched[0][0], touched[-1][1]) if touched else (start, end)
