"""A program in pieces of one token, line by line: the page colours each by its token's advantage.

Rows without token boundaries are cut at the ends of the blamed characters instead; the page notes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from verl_egca.report.records import LocalizationRecord
from verl_egca.source import SourceRange, SourceText

By = Literal["token", "character"]
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that shares its credit; a line's end is ``\\n``.

    ``token`` is the index of the token in the response (of several, the first); None: the prompt's code, or unknown.
    ``blamed``: in the blamed span.
    """

    text: str
    token: int | None
    blamed: bool


@dataclass(frozen=True, slots=True)
class HeatMap:
    """``own_tokens``: the number of the response's tokens in the program; the others are around it."""

    by: By
    lines: tuple[tuple[Piece, ...], ...]
    own_tokens: int = 0


def heat_map(record: LocalizationRecord) -> HeatMap | None:
    """None for a row without a program."""
    if record.program is None:
        return None
    by: By = "token" if record.program_tokens else "character"
    cuts = list(_by_token(record) if by == "token" else _by_character(record))
    return HeatMap(by, tuple(_lines(record.program, cuts)), _own_tokens(record))


Cut = tuple[int, int | None, bool]  # a piece's first character, token, blame


def _by_token(record: LocalizationRecord) -> Iterator[Cut]:
    yield 0, None, False
    blamed = {token for first, last in record.token_spans for token in range(first, last)}
    for run in record.program_tokens:
        at = run.start
        for token, length in enumerate(run.lengths, run.token):
            if length:
                yield at, token, token in blamed
            at += length
        yield at, None, False


def _by_character(record: LocalizationRecord) -> Iterator[Cut]:
    source = SourceText(record.program or "")
    yield 0, None, False
    reached = 0
    for start, end in sorted(source.offsets(SourceRange(p.line, p.col, p.end_line, p.end_col)) for p in record.place):
        if max(start, reached) < end:
            yield max(start, reached), None, True
            yield end, None, False
            reached = end


def _lines(program: str, cuts: Sequence[Cut]) -> Iterator[tuple[Piece, ...]]:
    """The pieces of each line. Of cuts at one character the last counts."""
    here = 0  # the cut at the next piece's beginning
    for match in _LINE.finditer(program):
        at, end = match.span()
        if at == end:
            return
        text_end = at + len(match[0].rstrip("\r\n"))
        pieces: list[Piece] = []
        while at < end:
            while here + 1 < len(cuts) and cuts[here + 1][0] <= at:
                here += 1
            _, token, blamed = cuts[here]
            until = min(end, cuts[here + 1][0]) if here + 1 < len(cuts) else end
            if until <= text_end:
                pieces.append(Piece(program[at:until], token, blamed))
            elif at <= text_end:  # else the second half of \r\n, in a token of its own
                pieces.append(Piece(program[at:text_end] + "\n", token, blamed))
            at = until
        yield tuple(pieces)


def _own_tokens(record: LocalizationRecord) -> int:
    return len({token for run in record.program_tokens for token in range(run.token, run.token + len(run.lengths))})
