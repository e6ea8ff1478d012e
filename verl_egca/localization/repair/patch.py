"""One program as hunks on another: any selection of them can be written, and says what it changes."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from verl_egca.localization.repair.lines import Line, lines_of, matched
from verl_egca.localization.twins.edits import Edit, applied, written_instead

_OF_WORDS = frozenset({"words", "statement"})
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
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
    ours: int | None
    theirs: int | None


class Patch:
    """``hunks`` turn ``source`` into ``target``: all of them give a program with the target's tree, none the source."""

    def __init__(self, source: str, ours: Sequence[Line], target: str) -> None:
        self._source, self._target = source, target
        self._ours, self._theirs = ours, lines_of(target)
        self._rows = tuple(_merged(matched(ours, self._theirs), len(ours), len(self._theirs)))
        self._row_of_ours: dict[int | None, int] = {
            row.ours: place for place, row in enumerate(self._rows) if row.ours is not None
        }
        self._row_of_theirs: dict[int | None, int] = {
            row.theirs: place for place, row in enumerate(self._rows) if row.theirs is not None
        }
        self._step = next((_indentation(source, line) for line in ours if line.depth == 1), "    ") or "    "
        self.hunks = tuple(hunk for place in range(len(self._rows)) for hunk in self._hunks(place))
        self._before = sum(len(line.words) for line in ours)
        self._after = sum(len(line.words) for line in self._theirs)

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
            yield Hunk(place, "insert", 0, len(self._line(row).words))
        elif row.theirs is None:
            yield Hunk(place, "remove", len(self._line(row).words), 0)
        else:
            ours, theirs = self._ours[row.ours], self._theirs[row.theirs]
            if ours.texts != theirs.texts:
                yield from self._words(place, ours, theirs)
            if self._around(self._ours, row.ours, self._row_of_ours) != self._around(
                self._theirs, row.theirs, self._row_of_theirs
            ):
                yield Hunk(place, "depth", 0, 0)

    def _line(self, row: _Row) -> Line:
        if row.ours is not None:
            return self._ours[row.ours]
        assert row.theirs is not None
        return self._theirs[row.theirs]

    def _around(self, lines: Sequence[Line], line: int, row_of: Mapping[int | None, int]) -> int | None:
        """The row of the nearest line around that both programs have."""
        parent = lines[line].parent
        while parent is not None:
            row = self._rows[row_of[parent]]
            if row.ours is not None and row.theirs is not None:
                return row_of[parent]
            parent = lines[parent].parent
        return None

    def _words(self, place: int, ours: Line, theirs: Line) -> Iterator[Hunk]:
        one, two = ours.texts, theirs.texts
        codes = difflib.SequenceMatcher(None, one, two, autojunk=False).get_opcodes()
        for a, b, c, d in _balanced([code[1:] for code in codes if code[0] != "equal"], one, two):
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
        depths: dict[int | None, int] = {}
        blocks: list[tuple[int, str]] = [(0, "")]  # depth and indentation of the blocks that are open
        opened: tuple[int, str, _Row] | None = None  # a header that nothing has followed yet
        at = self._ours[0].start if self._ours else 0  # where what is put in goes
        for place, row in enumerate(self._rows):
            here = chosen.get(place, [])
            kinds = {hunk.kind for hunk in here}
            line = self._line(row)
            if row.ours is None and "insert" not in kinds:
                continue
            if "remove" in kinds:
                blame = line.first, line.last
                yield Edit(line.start, line.end, "", "remove", blame, 0.0)
                at = line.end
                continue
            depth = depths[place] = self._depth(place, "depth" in kinds, depths)
            if opened is not None and depth <= opened[0]:
                yield self._put(at, f"{opened[1]}{self._step}pass", "insert")
            if opened is not None and depth > opened[0]:
                blocks.append((depth, self._inner(opened, row)))
            else:
                while len(blocks) > 1 and blocks[-1][0] > depth:
                    blocks.pop()
            indentation = blocks[-1][1]
            if row.ours is None:
                yield self._put(at, indentation + self._target[line.first : line.last], "insert")
            else:
                if _indentation(self._source, line) != indentation:
                    blame = (line.start, line.first) if line.start < line.first else (line.first, line.words[0].end)
                    yield Edit(line.start, line.first, indentation, "depth", blame, 0.0)
                for hunk in sorted((hunk for hunk in here if hunk.kind in _OF_WORDS), key=lambda hunk: hunk.start):
                    yield self._rewritten(hunk)
                at = line.end
            opened = (depth, indentation, row) if self._opens(row, here) else None
        if opened is not None:
            yield self._put(at, f"{opened[1]}{self._step}pass", "insert")

    def _opens(self, row: _Row, here: Sequence[Hunk]) -> bool:
        ours = row.ours is not None and self._ours[row.ours].opens
        return ours or (row.theirs is not None and bool(here) and self._theirs[row.theirs].opens)

    def _inner(self, opened: tuple[int, str, _Row], row: _Row) -> str:
        """The indentation of the block that begins with a row."""
        _, indentation, header = opened
        if row.ours is None or header.ours is None or self._ours[row.ours].parent != header.ours:
            return indentation + self._step
        stays = _indentation(self._source, self._ours[header.ours]) == indentation
        return _indentation(self._source, self._ours[row.ours]) if stays else indentation + self._step

    def _depth(self, place: int, moved: bool, depths: Mapping[int | None, int]) -> int:
        """How deep a row is, by what is around it in the program that is written."""
        row = self._rows[place]
        if row.theirs is not None and (row.ours is None or moved):
            return self._within(self._theirs, row.theirs, self._row_of_theirs, depths)
        depth = self._within(self._ours, row.ours, self._row_of_ours, depths)
        if row.theirs is None or row.ours is None:
            return depth
        parent = self._theirs[row.theirs].parent
        own = self._around(self._ours, row.ours, self._row_of_ours)
        if own == self._around(self._theirs, row.theirs, self._row_of_theirs):
            while parent is not None and self._row_of_theirs[parent] != own:
                depth += self._row_of_theirs[parent] in depths  # what is put in around it
                parent = self._theirs[parent].parent
        return depth

    def _within(
        self,
        lines: Sequence[Line],
        line: int | None,
        row_of: Mapping[int | None, int],
        depths: Mapping[int | None, int],
    ) -> int:
        assert line is not None
        parent = lines[line].parent
        while parent is not None:
            if row_of[parent] in depths:
                return depths[row_of[parent]] + 1
            parent = lines[parent].parent
        return 0

    def _put(self, at: int, text: str, kind: str) -> Edit:
        column = len(text) - len(text.lstrip())
        if at >= len(self._source) and self._source and not self._source.endswith(("\n", "\r")):
            return Edit(at, at, f"\n{text}", kind, written_instead(self._source, at, column), 0.0)
        return Edit(at, at, f"{text}\n", kind, written_instead(self._source, at, column), 0.0)

    def _rewritten(self, hunk: Hunk) -> Edit:
        blame = hunk.start, hunk.end
        if blame[0] == blame[1]:
            blame = written_instead(self._source, hunk.start)
        return Edit(hunk.start, hunk.end, hunk.text, hunk.kind, blame, 0.0)


def _merged(pairs: Sequence[tuple[int, int]], ours: int, theirs: int) -> Iterator[_Row]:
    i = j = 0
    for a, b in [*pairs, (ours, theirs)]:
        yield from (_Row(place, None) for place in range(i, a))
        yield from (_Row(None, place) for place in range(j, b))
        if a < ours:
            yield _Row(a, b)
        i, j = a + 1, b + 1


def _meet(one: str, two: str) -> bool:
    """Whether two texts would run into one word."""
    return all(end.isalnum() or end == "_" for end in (one[-1:], two[:1]))


def _indentation(source: str, line: Line) -> str:
    return source[line.start : line.first]


def _region(line: Line, first: int, last: int) -> tuple[int, int]:
    """The characters of some words, with the blanks around them."""
    words = line.words
    if first < last:
        return words[first].left, words[last - 1].right
    if first:
        return words[first - 1].end, words[first - 1].right
    return words[0].start, words[0].start


_Span = tuple[int, int, int, int]


def _balanced(spans: Sequence[Sequence[int]], one: Sequence[str], two: Sequence[str]) -> Iterator[_Span]:
    """Neighbouring changes as one, as long as they open brackets that they don't close."""
    held: list[Sequence[int]] = []
    for span in spans:
        held.append(span)
        a, b, c, d = held[0][0], span[1], held[0][2], span[3]
        if _is_closed(one[a:b]) and _is_closed(two[c:d]):
            yield a, b, c, d
            held = []
    if held:
        yield held[0][0], held[-1][1], held[0][2], held[-1][3]


def _is_closed(words: Sequence[str]) -> bool:
    depth = 0
    for word in words:
        depth += (word in _OPENING) - (word in _CLOSING)
        if depth < 0:
            return False
    return depth == 0


def _joined(edits: Iterator[Edit]) -> Iterator[Edit]:
    """Edits that touch become one."""
    held: Edit | None = None
    for edit in edits:
        if held is not None and edit.start == held.end:
            kind = held.kind if held.kind == edit.kind else "statement"
            blame = held.blame if held.kind != "insert" or edit.kind == "insert" else edit.blame
            held = Edit(held.start, edit.end, held.text + edit.text, kind, blame, 0.0)
        else:
            if held is not None:
                yield held
            held = edit
    if held is not None:
        yield held
