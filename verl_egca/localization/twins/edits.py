"""An edit of a program's text: the unit of the search and of a twin."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from verl_egca.localization.twins.costs import Amounts, cost_of


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces the characters ``[start, end)`` by ``text``; an insertion has ``start == end``.

    ``blame`` is the half-open character range of the wrong decision: the smallest expression or statement that holds
    the edit, or, for missing code, the tokens in its place. ``kind`` names the class of edits, ``form`` the change in
    the class, ``where`` its surroundings; with the ``amounts`` they make its ``cost``, in bits (`costs`).
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
        """The edit with more amounts."""
        every = (*self.amounts, *amounts)
        return Edit(self.start, self.end, self.text, self.kind, self.blame, self.form, self.where, every)

    def apply(self, source: str) -> str:
        return source[: self.start] + self.text + source[self.end :]

    @property
    def size(self) -> int:
        """The number of removed and added characters."""
        return self.end - self.start + len(self.text)


_TOKEN = re.compile(r"\w+|\S")
_WORD = re.compile(r"\w\w")
_SKIPPED = re.compile(r"(?:\s|#[^\n]*)*")


def tokens(text: str) -> list[str]:
    """The words and punctuation marks of a piece of code."""
    return _TOKEN.findall(text)


def written_instead(source: str, offset: int, column: int = 0) -> tuple[int, int]:
    """The first tokens after a place of missing code; the last token before it if none follows.

    The policy writes from left to right: with the missing code, these tokens would not follow there. If the missing
    code belongs at a ``column`` deeper than the next token, they include the line's end and the indentation.
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
    """The text with several disjoint edits, given in any order."""
    for edit in sorted(edits, key=lambda edit: -edit.start):
        source = edit.apply(source)
    return source


def least(edit: Edit, source: str) -> Edit:
    """The edit without the whole words at the start and the end that both texts share."""
    old, text = source[edit.start : edit.end], edit.text
    head = _shared(old, text)
    while head and (_inside_word(old, head) or _inside_word(text, head)):
        head -= 1
    tail = _shared(old[head:][::-1], text[head:][::-1])
    while tail and (_inside_word(old, len(old) - tail) or _inside_word(text, len(text) - tail)):
        tail -= 1
    return replace(edit, start=edit.start + head, end=edit.end - tail, text=text[head : len(text) - tail])


def _shared(one: str, two: str) -> int:
    """The length of the common prefix."""
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, two, strict=False))
    return sum(1 for _ in pairs)


def _inside_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and _WORD.match(text, at - 1) is not None


def changed_characters(edit: Edit, source: str) -> int:
    """The number of characters that an edit changes, without the unchanged ones between its pieces."""
    if edit.size <= 60:
        return edit.size
    matcher = difflib.SequenceMatcher(None, source[edit.start : edit.end], edit.text, autojunk=False)
    return edit.size - 2 * sum(block.size for block in matcher.get_matching_blocks() if block.size > 3)


def changed(edit: Edit, source: str) -> tuple[int, int]:
    """The range from the first to the last token that an edit changes; for an insertion, the tokens in its place."""
    old = source[edit.start : edit.end]
    prefix = _shared(old, edit.text)
    suffix = _shared(old[prefix:][::-1], edit.text[prefix:][::-1])
    start, end = edit.start + prefix, edit.end - suffix
    if start >= end:
        return written_instead(source, start)
    touched = [t.span() for t in _TOKEN.finditer(source, edit.blame[0]) if t.start() < end and t.end() > start]
    return (touched[0][0], touched[-1][1]) if touched else (start, end)
