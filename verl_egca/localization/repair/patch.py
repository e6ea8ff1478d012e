"""One program as hunks on another; any selection of hunks gives a text and its edits."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from verl_egca.localization.repair.lines import Line, lines_of, matched
from verl_egca.localization.twins.edits import Edit, applied, written_instead

_OF_WORDS = frozenset({"words", "statement"})
Kind = Literal["insert", "remove", "words", "statement", "depth"]


@dataclass(frozen=True, slots=True)
class Hunk:
    """A difference of one row; a change of words from the row's first word on makes it another ``statement``.

    ``start``, ``end`` and ``text`` belong to changes of words; ``weight`` counts words.
    """

    row: int
    kind: Kind
    old: int
    new: int
    start: int = 0
    end: int = 0
    text: str = ""

    @property
    def weight(self) -> int:
        return self.old + self.new + (self.kind == "depth")


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of one or both programs. ``above_ours`` and ``above_theirs`` are the rows around it, innermost first.

    ``put_in`` are surrounding rows of theirs alone, which enclose a line of both if they are written; ``is_moved``: the
    nearest common row around it differs between the programs.
    """

    line: Line
    ours: Line | None
    theirs: Line | None
    above_ours: tuple[int, ...]
    above_theirs: tuple[int, ...]
    put_in: tuple[int, ...]
    is_moved: bool


class Patch:
    """``hunks`` turn ``source`` into ``target``: all of them give a program with the target's tree, none the source."""

    def __init__(self, source: str, ours: Sequence[Line], target: str) -> None:
        self._source, self._target = source, target
        theirs = lines_of(target)
        self._rows = _rows(ours, theirs)
        self._step = next((self._indentation(line) for line in ours if line.depth == 1), "    ") or "    "
        self.hunks = tuple(hunk for place, row in enumerate(self._rows) for hunk in self._hunks(place, row))
        writing = _Writing(ours[0].start if ours else 0)
        self._unchanged = [writing.copy()]  # before each row of the source, and after the last row
        for place in range(len(self._rows)):
            list(self._written(place, (), writing))
            self._unchanged.append(writing.copy())
        self._before = sum(len(line.words) for line in ours)
        self._after = sum(len(line.words) for line in theirs)

    def share(self, selected: Collection[Hunk]) -> float:
        """How much of the program a selection rewrites, in [0, 1].

        The removed and added words as a share of the words of both programs; at least half of the added words' share
        of the target, so that a new program beside the unused old one is no small repair.
        """
        old, new = sum(hunk.old for hunk in selected), sum(hunk.new for hunk in selected)
        return max((old + new) / max(1, 2 * self._before + new - old), new / max(1, self._after) / 2)

    # ------------------------------------------------------------ hunks

    def _hunks(self, place: int, row: _Row) -> Iterator[Hunk]:
        if row.ours is None:
            yield Hunk(place, "insert", 0, len(row.line.words))
        elif row.theirs is None:
            yield Hunk(place, "remove", len(row.line.words), 0)
        else:
            if row.ours.texts != row.theirs.texts:
                yield from self._words(place, row.ours, row.theirs)
            if row.is_moved:
                yield Hunk(place, "depth", 0, 0)

    def _words(self, place: int, ours: Line, theirs: Line) -> Iterator[Hunk]:
        one, two = ours.texts, theirs.texts
        codes = difflib.SequenceMatcher(None, one, two, autojunk=False).get_opcodes()
        for a, b, c, d in (code[1:] for code in codes if code[0] != "equal"):
            start, end = _region(ours, a, b)
            first, last = _region(theirs, c, d)
            old, text = self._source[start:end], self._target[first:last]
            while old[:1].isspace() and old[:1] == text[:1]:
                old, text, start = old[1:], text[1:], start + 1
            while old[-1:].isspace() and old[-1:] == text[-1:]:
                old, text, end = old[:-1], text[:-1], end - 1
            if _meet(self._source[:start], text or self._source[end:]):
                text = f" {text}"
            if text and _meet(text, self._source[end:]):
                text += " "
            yield Hunk(place, "words" if a else "statement", b - a, d - c, start, end, text)

    # ------------------------------------------------------------ writing

    def edits(self, selected: Collection[Hunk]) -> list[Edit]:
        """Disjoint edits of the source, in order; each edit's ``blame`` is the first place that it changes."""
        return list(_joined(self._edits(selected))) if selected else []

    def apply(self, selected: Collection[Hunk]) -> str:
        return applied(self._source, self.edits(selected))

    def _edits(self, selected: Collection[Hunk]) -> Iterator[Edit]:
        chosen: dict[int, list[Hunk]] = {}
        for hunk in sorted(selected, key=lambda hunk: (hunk.row, hunk.start)):
            chosen.setdefault(hunk.row, []).append(hunk)
        first, last = min(chosen), max(chosen)
        writing = self._unchanged[first].copy()
        for place in range(first, len(self._rows)):
            yield from self._written(place, chosen.get(place, ()), writing)
            if place >= last and writing == self._unchanged[place + 1]:
                return
        if writing.opened is not None:
            yield self._put(writing.at, f"{writing.opened[1]}{self._step}pass")

    def _written(self, place: int, here: Sequence[Hunk], writing: _Writing) -> Iterator[Edit]:
        """The edits of a row."""
        row, line, kinds = self._rows[place], self._rows[place].line, {hunk.kind for hunk in here}
        if row.ours is None and "insert" not in kinds:
            return
        if "remove" in kinds:
            yield Edit(line.start, line.end, "", "remove", (line.first, line.last))
            writing.at = line.end
            return
        depth = writing.enter(place, row, "depth" in kinds)
        blocks, opened = writing.blocks, writing.opened
        if opened is not None and depth > opened[0]:
            is_own = row.above_ours[:1] == opened[2:] and self._indentation(self._rows[opened[2]].line) == opened[1]
            blocks.append((depth, self._indentation(line) if is_own else opened[1] + self._step))
        else:
            if opened is not None:
                yield self._put(writing.at, f"{opened[1]}{self._step}pass")
            while len(blocks) > 1 and blocks[-1][0] > depth:
                blocks.pop()
        indentation = blocks[-1][1]
        if row.ours is None:
            yield self._put(writing.at, indentation + self._target[line.first : line.last])
        else:
            if self._indentation(line) != indentation:
                blame = (line.start, line.first) if line.start < line.first else (line.first, line.words[0].end)
                yield Edit(line.start, line.first, indentation, "depth", blame)
            yield from (self._rewritten(hunk) for hunk in here if hunk.kind in _OF_WORDS)
            writing.at = line.end
        opens = line.opens or (bool(here) and row.theirs is not None and row.theirs.opens)
        writing.opened = (depth, indentation, place) if opens else None

    def _indentation(self, line: Line) -> str:
        return self._source[line.start : line.first]

    def _put(self, at: int, text: str) -> Edit:
        blame = written_instead(self._source, at, len(text) - len(text.lstrip()))
        is_last = at >= len(self._source) and self._source and not self._source.endswith(("\n", "\r"))
        return Edit(at, at, f"\n{text}" if is_last else f"{text}\n", "insert", blame)

    def _rewritten(self, hunk: Hunk) -> Edit:
        blame = (hunk.start, hunk.end) if hunk.start < hunk.end else written_instead(self._source, hunk.start)
        return Edit(hunk.start, hunk.end, hunk.text, hunk.kind, blame)


@dataclass(slots=True)
class _Writing:
    """The state while a program is written. ``at`` is the place of new text.

    ``depths`` are the depths of the written rows, ``blocks`` the depth and indentation of each open block, ``opened``
    the depth, indentation and place of a header without a row after it.
    """

    at: int
    depths: dict[int, int] = field(default_factory=dict)
    blocks: list[tuple[int, str]] = field(default_factory=lambda: [(0, "")])
    opened: tuple[int, str, int] | None = None

    def copy(self) -> _Writing:
        return _Writing(self.at, dict(self.depths), list(self.blocks), self.opened)

    def enter(self, place: int, row: _Row, moved: bool) -> int:
        """The depth of a row, by the rows around it in the written program."""
        above = row.above_theirs if row.ours is None or moved else row.above_ours
        depth = next((self.depths[one] + 1 for one in above if one in self.depths), 0)
        if not moved:
            depth += sum(one in self.depths for one in row.put_in)
        self.depths[place] = depth
        return depth


def _rows(ours: Sequence[Line], theirs: Sequence[Line]) -> list[_Row]:
    pairs: list[tuple[int | None, int | None]] = []
    i = j = 0
    for a, b in [*matched(ours, theirs), (len(ours), len(theirs))]:
        pairs += [(place, None) for place in range(i, a)] + [(None, place) for place in range(j, b)]
        pairs += [(a, b)] if a < len(ours) else []
        i, j = a + 1, b + 1
    here = {one: place for place, (one, _) in enumerate(pairs)}
    there = {other: place for place, (_, other) in enumerate(pairs)}
    shared = {place for place, pair in enumerate(pairs) if None not in pair}
    rows = []
    for place, (one, other) in enumerate(pairs):
        line, counterpart = ours[one] if one is not None else None, theirs[other] if other is not None else None
        above_ours = tuple(here[above] for above in _above(ours, one))
        above_theirs = tuple(there[above] for above in _above(theirs, other))
        nearest, nearest_theirs = (next(filter(shared.__contains__, way), None) for way in (above_ours, above_theirs))
        is_moved = nearest != nearest_theirs
        put_in = tuple(itertools.takewhile(lambda row, until=nearest: row != until, above_theirs))  # type: ignore[misc]
        put_in = put_in if place in shared and not is_moved else ()
        shown = line or counterpart
        assert shown is not None
        rows.append(_Row(shown, line, counterpart, above_ours, above_theirs, put_in, is_moved))
    return rows


def _above(lines: Sequence[Line], line: int | None) -> Iterator[int]:
    while line is not None and (line := lines[line].parent) is not None:
        yield line


def _meet(one: str, two: str) -> bool:
    """Whether two texts would join into one word."""
    return all(end.isalnum() or end == "_" for end in (one[-1:], two[:1]))


def _region(line: Line, first: int, last: int) -> tuple[int, int]:
    """The range of characters of some words, with the blanks around them."""
    words = line.words
    if first < last:
        return words[first].left, words[last - 1].right
    if first:
        return words[first - 1].end, words[first - 1].right
    return words[0].start, words[0].start


def _joined(edits: Iterator[Edit]) -> Iterator[Edit]:
    """Joins edits that touch."""
    held: Edit | None = None
    for edit in edits:
        if held is not None and edit.start == held.end:
            kind = held.kind if held.kind == edit.kind else "statement"
            blame = held.blame if held.kind != "insert" or edit.kind == "insert" else edit.blame
            held = Edit(held.start, edit.end, held.text + edit.text, kind, blame)
        else:
            if held is not None:
                yield held
            held = edit
    if held is not None:
        yield held
