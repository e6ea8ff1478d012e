"""One program as hunks on another: any selection of them can be written, and says what it changes."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from verl_egca.localization.repair.lines import Line, lines_of, matched
from verl_egca.localization.twins.edits import Edit, applied, written_instead

_OF_WORDS = frozenset({"words", "statement"})
Kind = Literal["insert", "remove", "words", "statement", "depth"]


@dataclass(frozen=True, slots=True)
class Hunk:
    """A difference of one row; a change of words that begins with the row's first makes it another ``statement``.

    ``start``, ``end`` and ``text`` are of changes of words; ``weight`` counts words.
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
    """A line of one program, or of both. ``above_ours`` and ``above_theirs`` are the rows around it, from inside out."""

    ours: Line | None
    theirs: Line | None
    above_ours: tuple[int, ...]
    above_theirs: tuple[int, ...]

    @property
    def line(self) -> Line:
        line = self.ours or self.theirs
        assert line is not None
        return line


class Patch:
    """``hunks`` turn ``source`` into ``target``: all of them give a program with the target's tree, none the source."""

    def __init__(self, source: str, ours: Sequence[Line], target: str) -> None:
        self._source, self._target = source, target
        theirs = lines_of(target)
        self._rows = _rows(ours, theirs)
        self._step = next((self._indentation(line) for line in ours if line.depth == 1), "    ") or "    "
        self._start = ours[0].start if ours else 0
        self.hunks = tuple(hunk for place in range(len(self._rows)) for hunk in self._hunks(place))
        self._before = sum(len(line.words) for line in ours)
        self._after = sum(len(line.words) for line in theirs)

    def share(self, selected: Collection[Hunk]) -> float:
        """How much of the program a selection rewrites, in [0, 1].

        The words that it takes away or brings among those of both programs; or half of what it brings as a share of the
        target, so that a program that is left standing unused beside another one does not count as mended.
        """
        old, new = sum(hunk.old for hunk in selected), sum(hunk.new for hunk in selected)
        return max((old + new) / max(1, 2 * self._before + new - old), new / max(1, self._after) / 2)

    # ------------------------------------------------------------ hunks

    def _hunks(self, place: int) -> Iterator[Hunk]:
        row = self._rows[place]
        if row.ours is None:
            yield Hunk(place, "insert", 0, len(row.line.words))
        elif row.theirs is None:
            yield Hunk(place, "remove", len(row.line.words), 0)
        else:
            if row.ours.texts != row.theirs.texts:
                yield from self._words(place, row.ours, row.theirs)
            if self._shared(row.above_ours) != self._shared(row.above_theirs):
                yield Hunk(place, "depth", 0, 0)

    def _shared(self, above: Sequence[int]) -> int | None:
        """The nearest row that both programs have."""
        rows = self._rows
        return next((place for place in above if rows[place].ours is not None and rows[place].theirs is not None), None)

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
        """Disjoint edits of the source, in order; ``blame`` of each is the first place that it changes."""
        return list(_joined(self._edits(frozenset(selected))))

    def apply(self, selected: Collection[Hunk]) -> str:
        return applied(self._source, self.edits(selected))

    def _edits(self, selected: frozenset[Hunk]) -> Iterator[Edit]:
        chosen: dict[int, list[Hunk]] = {}
        for hunk in selected:
            chosen.setdefault(hunk.row, []).append(hunk)
        depths: dict[int, int] = {}  # of the rows that are written
        blocks: list[tuple[int, str]] = [(0, "")]  # depth and indentation of those that are open
        opened: tuple[int, str, int] | None = None  # depth, indentation and place of a header that nothing has followed
        at = self._start  # where what is put in goes
        for place, row in enumerate(self._rows):
            here, line = chosen.get(place, []), row.line
            kinds = {hunk.kind for hunk in here}
            if row.ours is None and "insert" not in kinds:
                continue
            if "remove" in kinds:
                yield Edit(line.start, line.end, "", "remove", (line.first, line.last))
                at = line.end
                continue
            depth = depths[place] = self._depth(row, "depth" in kinds, depths)
            if opened is not None and depth > opened[0]:
                is_own = row.above_ours[:1] == opened[2:] and self._indentation(self._rows[opened[2]].line) == opened[1]
                blocks.append((depth, self._indentation(line) if is_own else opened[1] + self._step))
            else:
                if opened is not None:
                    yield self._put(at, f"{opened[1]}{self._step}pass")
                while len(blocks) > 1 and blocks[-1][0] > depth:
                    blocks.pop()
            indentation = blocks[-1][1]
            if row.ours is None:
                yield self._put(at, indentation + self._target[line.first : line.last])
            else:
                if self._indentation(line) != indentation:
                    blame = (line.start, line.first) if line.start < line.first else (line.first, line.words[0].end)
                    yield Edit(line.start, line.first, indentation, "depth", blame)
                for hunk in sorted((hunk for hunk in here if hunk.kind in _OF_WORDS), key=lambda hunk: hunk.start):
                    yield self._rewritten(hunk)
                at = line.end
            opens = line.opens or (bool(here) and row.theirs is not None and row.theirs.opens)
            opened = (depth, indentation, place) if opens else None
        if opened is not None:
            yield self._put(at, f"{opened[1]}{self._step}pass")

    def _depth(self, row: _Row, moved: bool, depths: Mapping[int, int]) -> int:
        """How deep a row is, by what is around it in the program that is written."""
        depth = _within(row.above_theirs if row.ours is None or moved else row.above_ours, depths)
        shared = self._shared(row.above_ours)
        if row.ours is not None and row.theirs is not None and not moved and shared == self._shared(row.above_theirs):
            put_in = itertools.takewhile(lambda place: place != shared, row.above_theirs)
            depth += sum(place in depths for place in put_in)
        return depth

    def _indentation(self, line: Line) -> str:
        return self._source[line.start : line.first]

    def _put(self, at: int, text: str) -> Edit:
        blame = written_instead(self._source, at, len(text) - len(text.lstrip()))
        is_last = at >= len(self._source) and self._source and not self._source.endswith(("\n", "\r"))
        return Edit(at, at, f"\n{text}" if is_last else f"{text}\n", "insert", blame)

    def _rewritten(self, hunk: Hunk) -> Edit:
        blame = (hunk.start, hunk.end) if hunk.start < hunk.end else written_instead(self._source, hunk.start)
        return Edit(hunk.start, hunk.end, hunk.text, hunk.kind, blame)


def _rows(ours: Sequence[Line], theirs: Sequence[Line]) -> list[_Row]:
    pairs: list[tuple[int | None, int | None]] = []
    i = j = 0
    for a, b in [*matched(ours, theirs), (len(ours), len(theirs))]:
        pairs += [(place, None) for place in range(i, a)] + [(None, place) for place in range(j, b)]
        pairs += [(a, b)] if a < len(ours) else []
        i, j = a + 1, b + 1
    here = {one: place for place, (one, _) in enumerate(pairs)}
    there = {other: place for place, (_, other) in enumerate(pairs)}
    return [
        _Row(
            ours[one] if one is not None else None,
            theirs[other] if other is not None else None,
            tuple(here[above] for above in _above(ours, one)),
            tuple(there[above] for above in _above(theirs, other)),
        )
        for one, other in pairs
    ]


def _above(lines: Sequence[Line], line: int | None) -> Iterator[int]:
    while line is not None and (line := lines[line].parent) is not None:
        yield line


def _within(above: Sequence[int], depths: Mapping[int, int]) -> int:
    return next((depths[place] + 1 for place in above if place in depths), 0)


def _meet(one: str, two: str) -> bool:
    """Whether two texts would run into one word."""
    return all(end.isalnum() or end == "_" for end in (one[-1:], two[:1]))


def _region(line: Line, first: int, last: int) -> tuple[int, int]:
    """The characters of some words, with the blanks around them."""
    words = line.words
    if first < last:
        return words[first].left, words[last - 1].right
    if first:
        return words[first - 1].end, words[first - 1].right
    return words[0].start, words[0].start


def _joined(edits: Iterator[Edit]) -> Iterator[Edit]:
    """Edits that touch become one."""
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
