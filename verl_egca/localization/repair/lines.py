"""The logical lines of a program as words with places, and the matching of the lines of two programs."""

from __future__ import annotations

import functools
import itertools
import tokenize
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from verl_egca.localization.twins.names import in_order
from verl_egca.localization.twins.shapes import likeness
from verl_egca.source import SourceText
from verl_egca.statements import literal

_LEAST_ALIKE = 0.4  # less similar lines are no pair
_GAP = 0.3  # a pair gains only if its likeness exceeds this
_SAME_DEPTH, _PLACED, _EQUAL = 0.15, 0.05, 0.3
_OTHER_KEYWORD, _ONE_OPENS, _SHORT = 0.6, 0.3, 0.4
_BLANK = (tokenize.NL, tokenize.COMMENT, tokenize.ENCODING, tokenize.ENDMARKER, tokenize.TYPE_COMMENT)
_BEFORE_BRACKETS = frozenset({"if", "elif", "while", "return", "in", "assert", "=", "+=", "-=", "not"})
_BEFORE_TUPLES = frozenset({"return", "="})
_NEED_BRACKETS = frozenset({"for", ":=", "yield", "await"})
_KEYWORDS = frozenset(
    {"if", "elif", "else", "for", "while", "return", "break", "continue", "try", "except", "finally", "with", "raise"}
    | {"def", "class", "import", "from", "pass", "assert", "del", "global", "nonlocal", "lambda"}
)


@dataclass(frozen=True, slots=True)
class Word:
    """A token. ``left`` is the end of the previous token in its line, ``right`` the start of the next one."""

    text: str  # of a string, its ``repr``
    start: int
    end: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Line:
    """A statement, or the header of a compound statement.

    ``start`` is the start of its first row, ``end`` the end of its last row and of a following docstring; ``first`` and
    ``last`` are the start and the end of its text.
    """

    words: tuple[Word, ...]
    texts: tuple[str, ...]
    depth: int
    parent: int | None  # index of the line that opens the block around it
    start: int
    end: int
    first: int
    last: int
    opens: bool  # a block


def lines_of(source: str) -> tuple[Line, ...]:
    """The lines in order, without lines of only a string, such as docstrings; empty if the text has no tokens."""
    text = SourceText(source)
    rows = iter([text.line(number) + "\n" for number in range(1, text.line_count + 1)])
    try:
        return tuple(_lines(text, list(tokenize.generate_tokens(lambda: next(rows, "")))))
    except (tokenize.TokenError, SyntaxError):
        return ()


def _lines(text: SourceText, tokens: Sequence[tokenize.TokenInfo]) -> list[Line]:
    found: list[Line] = []
    around: list[int] = []  # the lines whose blocks are open
    held: list[tokenize.TokenInfo] = []
    for token in tokens:
        if token.type == tokenize.INDENT:
            around.append(len(found) - 1)
            found[-1] = replace(found[-1], opens=True)
        elif token.type == tokenize.DEDENT:
            around.pop()
        elif token.type == tokenize.NEWLINE:
            end = text.offset(held[-1].end[0] + 1, 0)
            if len(held) == 1 and held[0].type == tokenize.STRING:
                found[-1:] = [replace(line, end=end) for line in found[-1:]]
            else:
                words, start = _words(text, held), text.offset(held[0].start[0], 0)
                places = text.offset(*held[0].start), text.offset(*held[-1].end)
                texts = tuple(word.text for word in words)
                parent = around[-1] if around else None
                found.append(Line(words, texts, len(around), parent, start, end, *places, opens=False))
            held = []
        elif token.type not in _BLANK and token.string:
            held.append(token)
    return found


def _words(text: SourceText, tokens: Sequence[tokenize.TokenInfo]) -> tuple[Word, ...]:
    silent = _silent([token.string for token in tokens])
    spans = [(text.offset(*token.start), text.offset(*token.end)) for token in tokens]
    found = []
    for place, token in enumerate(tokens):
        if place not in silent:
            start, end = spans[place]
            left = spans[place - 1][1] if place else start
            right = spans[place + 1][0] if place + 1 < len(spans) else end
            shown = _shown(token.string) if token.type == tokenize.STRING else token.string
            found.append(Word(shown, start, end, left, right))
    return tuple(found)


def _silent(words: Sequence[str]) -> set[int]:
    """Redundant brackets around a whole condition or value."""
    last = len(words) - 1 - (words[-1] == ":")
    if last < 2 or words[last] != ")":
        return set()
    opened: list[int] = []
    pairs: dict[int, int] = {}
    for place, word in enumerate(words):
        if word in ("(", "[", "{"):
            opened.append(place)
        elif word in (")", "]", "}") and opened:
            pairs[place] = opened.pop()
    first = pairs.get(last)
    if not first or words[first] != "(" or words[first - 1] not in _BEFORE_BRACKETS or last - first < 2:
        return set()
    needed = _NEED_BRACKETS if words[first - 1] in _BEFORE_TUPLES else _NEED_BRACKETS | {","}
    return set() if needed & set(words[first:last]) else {first, last}


@functools.lru_cache(maxsize=4096)
def _shown(text: str) -> str:
    try:
        return repr(literal(text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


# ------------------------------------------------------------ pairs


def matched(ours: Sequence[Line], theirs: Sequence[Line]) -> list[tuple[int, int]]:
    """Pairs of indices, in order in both programs, with the greatest total gain."""
    head = _equal_lines(zip(ours, theirs, strict=False))
    tail = _equal_lines(zip(reversed(ours[head:]), reversed(theirs[head:]), strict=False))
    here, there = ours[head : len(ours) - tail], theirs[head : len(theirs) - tail]
    bags, other_bags = [_bag(line) for line in here], [_bag(line) for line in there]
    gains = [
        [_gain(a, b, bags[i], other_bags[j], i / len(here) - j / len(there)) for j, b in enumerate(there)]
        for i, a in enumerate(here)
    ]
    pairs = [(place, place) for place in range(head)]
    pairs += [(head + i, head + j) for i, j in in_order(gains)]
    return pairs + [(len(ours) - place, len(theirs) - place) for place in range(tail, 0, -1)]


def _equal_lines(pairs: Iterable[tuple[Line, Line]]) -> int:
    """How many of the first pairs are equal."""
    equal = itertools.takewhile(lambda pair: pair[0].depth == pair[1].depth and pair[0].texts == pair[1].texts, pairs)
    return sum(1 for _ in equal)


def _gain(a: Line, b: Line, here: Counter[object], there: Counter[object], apart: float) -> float:
    if a.opens != b.opens and (len(a.words) <= 2 or len(b.words) <= 2):
        return 0.0
    alike = likeness(here, there)
    first, second = a.words[0].text, b.words[0].text
    if first != second and (first in _KEYWORDS or second in _KEYWORDS):
        alike *= _OTHER_KEYWORD
    if a.opens != b.opens:
        alike *= _ONE_OPENS
    if alike < _LEAST_ALIKE:
        return 0.0
    gain = alike - _GAP + _SAME_DEPTH * (a.depth == b.depth) + _PLACED * (1 - abs(apart)) + _EQUAL * (alike == 1)
    return gain * _SHORT if len(a.words) <= 2 and len(b.words) <= 2 else gain


def _bag(line: Line) -> Counter[object]:
    texts = line.texts
    return Counter([*texts, *itertools.pairwise(texts)])
