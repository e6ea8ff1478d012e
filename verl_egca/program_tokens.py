"""The response tokens that wrote a program, stored compactly, to show credit token by token.

A run is a stretch of the program that the response wrote in one piece. Its tokens are consecutive; each is stored as
the number of characters that it adds, about three bytes of JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from verl_egca.response import ExtractedProgram
from verl_egca.spans import TokenPieces


class TokenRun(BaseModel):
    """Tokens ``token``, ``token + 1``, ... of the response, which wrote the program from character ``start``.

    ``lengths`` are the characters that each adds to the program. A token adds 0 if it only completes a character that
    the token before it began, or if it is a special token.
    """

    model_config = ConfigDict(frozen=True)

    token: int
    start: int
    lengths: tuple[int, ...]


def token_runs(program: ExtractedProgram, pieces: TokenPieces) -> tuple[TokenRun, ...]:
    """The runs in the program's order. The prompt's code, which a completion continues, has no tokens."""
    runs, at = [], 0
    for segment in program.segments:
        first, last = segment.response_start, segment.response_start + segment.length
        while at < len(pieces.ends) and not _touches(pieces, at, first, last):
            at += 1
        token, lengths, reached = at, [], first
        while at < len(pieces.ends) and pieces.starts[at] < last:
            end = min(max(pieces.ends[at], reached), last)
            lengths.append(end - reached)
            reached = end
            at += 1
        at = max(token, at - 1)  # its last token may write the start of the next segment too
        if lengths:
            runs.append(TokenRun(token=token, start=segment.source_start, lengths=tuple(lengths)))
    return tuple(runs)


def first_characters(runs: Sequence[TokenRun], count: int) -> tuple[TokenRun, ...]:
    """The runs of the program's first ``count`` characters."""
    return tuple(run for run in (_until(run, count) for run in runs) if run.lengths)


def _touches(pieces: TokenPieces, token: int, first: int, last: int) -> bool:
    start, end = pieces.starts[token], pieces.ends[token]
    return start < end and start < last and first < end


def _until(run: TokenRun, count: int) -> TokenRun:
    return run.model_copy(update={"lengths": tuple(_kept(run, count))})


def _kept(run: TokenRun, count: int) -> Iterator[int]:
    at = run.start
    for length in run.lengths:
        if at >= count:
            return
        yield min(length, count - at)
        at += length
