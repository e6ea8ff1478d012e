"""A failing response with its proven repair, in the policy's own tokens: a target where no sample passed.

The repair is a list of edits of the program's characters, but its tokens must be those that the policy would write:
`` <=`` is one token, not ``<`` and ``=``. So the repaired text is tokenized again from the last token before the
change; the tokens before that stay as sampled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict

from verl_egca.response import ExtractedProgram
from verl_egca.spans import Tokenizer, TokenPieces, token_pieces


class WrittenTwin(BaseModel):
    """A failing response whose repair passes every test, written out.

    ``ids`` end as the sampled response ended. ``changed`` are the half-open ranges of ``ids`` that the sampled response
    lacks, in order and non-empty. The first starts at the decision: the first token that differs. Where the repair only
    deletes, the changed token is the one after the deletion.
    """

    model_config = ConfigDict(frozen=True)

    ids: tuple[int, ...]
    changed: tuple[tuple[int, int], ...]


class NoWrittenTwin(Exception):
    """No twin can be written; the message is a short, stable reason for counting."""


def written_twin(
    tokenizer: Tokenizer,
    ids: Sequence[int],
    program: ExtractedProgram,
    pieces: TokenPieces,
    edits: Sequence[Mapping[str, Any]],
    *,
    limit: int | None = None,
) -> WrittenTwin:
    """The twin of a sampled response.

    Args:
        ids: the response's T token ids.
        program: what was extracted from its text.
        pieces: the text and the tokens' places in it (`token_pieces` of ``ids``).
        edits: the whole repair, from ``evidence["edits"]`` of a `Confirmed.FULL` localization: the
            characters [``start``, ``end``) of the program become ``text``.
        limit: the most tokens in a response.

    Raises:
        NoWrittenTwin: ``truncated`` (response cut off), ``unchanged`` (the edits change nothing), ``edits_overlap``,
            ``outside_response`` (an edit of the prompt's code, or across prose), ``special_tokens`` (after the change,
            other than at the end), ``not_decoded`` (the tokens do not read as the repaired text), ``too_long``.
    """
    if program.truncated:
        raise NoWrittenTwin("truncated")
    text = pieces.text
    changes = [_in_response(change, program) for change in _changes(program.source, edits)]
    repaired = _applied(text, changes)
    special = set(tokenizer.all_special_ids)
    body = len(ids)
    while body and ids[body - 1] in special:
        body -= 1
    old, new = _written(tokenizer, text), _written(tokenizer, repaired)
    cut, resumed = _last_common_boundary(pieces, body, new, changes[0].start)
    if any(token in special for token in ids[cut:body]):
        raise NoWrittenTwin("special_tokens")
    out = (*ids[:cut], *new.ids[resumed:], *ids[body:])
    if limit is not None and len(out) > limit:
        raise NoWrittenTwin("too_long")
    if token_pieces(tokenizer, out).text != repaired:
        raise NoWrittenTwin("not_decoded")
    divergence = _alike(ids, out)
    if divergence == len(out):
        raise NoWrittenTwin("unchanged")
    shift = cut - resumed
    found = ((first + shift, last + shift) for first, last in _differences(old, new, changes))
    return WrittenTwin(ids=out, changed=tuple(_from_decision(found, divergence, len(out))))


def repaired_program(source: str, edits: Sequence[Mapping[str, Any]]) -> str:
    """The program after its whole repair. Raises NoWrittenTwin as `written_twin` does."""
    return _applied(source, _changes(source, edits))


@dataclass(frozen=True, slots=True)
class _Change:
    """Replaces the characters ``[start, end)`` by ``text``; at most one of the two is empty."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Written:
    """A text, tokenized by the tokenizer."""

    ids: tuple[int, ...]
    pieces: TokenPieces


def _changes(source: str, edits: Sequence[Mapping[str, Any]]) -> list[_Change]:
    """The edits in the order of their places, reduced to the characters that change."""
    changes: list[_Change] = []
    reached = 0
    for edit in sorted(edits, key=lambda edit: -edit["start"])[::-1]:  # at one place, the later edit comes first
        start, end, new = edit["start"], edit["end"], edit["text"]
        if start < reached:
            raise NoWrittenTwin("edits_overlap")
        reached, old = end, source[start:end]
        head = _alike(old, new)
        tail = _alike(old[head:][::-1], new[head:][::-1])
        change = _Change(start + head, end - tail, new[head : len(new) - tail])
        if change.start < change.end or change.text:
            changes.append(change)
    if not changes:
        raise NoWrittenTwin("unchanged")
    return changes


def _in_response(change: _Change, program: ExtractedProgram) -> _Change:
    """The change in the response's characters. An insertion between two segments goes to the end of the first."""
    for segment in program.segments:
        if segment.source_start <= change.start and change.end <= segment.source_start + segment.length:
            shift = segment.response_start - segment.source_start
            return _Change(change.start + shift, change.end + shift, change.text)
    raise NoWrittenTwin("outside_response")


def _applied(text: str, changes: Sequence[_Change]) -> str:
    for change in reversed(changes):
        text = text[: change.start] + change.text + text[change.end :]
    return text


def _written(tokenizer: Tokenizer, text: str) -> _Written:
    ids = tuple(tokenizer(text, add_special_tokens=False)["input_ids"])
    pieces = token_pieces(tokenizer, ids)
    if pieces.text != text:
        raise NoWrittenTwin("not_decoded")
    return _Written(ids, pieces)


def _boundaries(pieces: TokenPieces, most: int) -> dict[int, int]:
    """Character offsets between tokens, each with the fewest of the first ``most`` tokens that write up to it."""
    counts: dict[int, int] = {}
    reached, starts = 0, [*pieces.starts[:most], len(pieces.text)]
    for count in range(most + 1):
        if count:
            reached = max(reached, pieces.ends[count - 1])
        if starts[count] >= reached:
            counts.setdefault(reached, count)
    return counts


def _last_common_boundary(pieces: TokenPieces, body: int, new: _Written, most: int) -> tuple[int, int]:
    """The largest (sampled tokens, new tokens) up to ``most`` that write the same characters."""
    sampled, anew = _boundaries(pieces, body), _boundaries(new.pieces, len(new.ids))
    place = max(place for place in sampled if place <= most and place in anew)
    return sampled[place], anew[place]


def _differences(old: _Written, new: _Written, changes: Sequence[_Change]) -> Iterator[tuple[int, int]]:
    """Half-open ranges of new tokens that the old text lacks; for a deletion, the token after it."""
    pairs = [(-1, -1), *_same_tokens(old, new, changes), (len(old.ids), len(new.ids))]
    for before, after in pairwise(pairs):
        there, here = old.ids[before[0] + 1 : after[0]], new.ids[before[1] + 1 : after[1]]
        if there == here:
            continue
        head = _alike(there, here)
        tail = _alike(there[head:][::-1], here[head:][::-1])
        first = before[1] + 1 + head
        yield first, max(after[1] - tail, first + 1)


def _same_tokens(old: _Written, new: _Written, changes: Sequence[_Change]) -> Iterator[tuple[int, int]]:
    """(old, new) positions of the equal tokens that no change touches, in order."""
    at = {span: place for place, span in enumerate(zip(old.pieces.starts, old.pieces.ends, strict=True))}
    kept = list(_kept(changes, len(old.pieces.text)))
    for place, (start, end) in enumerate(zip(new.pieces.starts, new.pieces.ends, strict=True)):
        while kept and end > kept[0][1]:
            kept.pop(0)
        if kept and start >= kept[0][0]:
            shift = kept[0][2]
            origin = at.get((start - shift, end - shift))
            if origin is not None and old.ids[origin] == new.ids[place]:
                yield origin, place


def _kept(changes: Sequence[_Change], length: int) -> Iterator[tuple[int, int, int]]:
    """(start, end, shift) of the stretches between changes: offsets in the new text, and their shift from the old."""
    reached = shift = 0
    for change in changes:
        yield reached + shift, change.start + shift, shift
        reached, shift = change.end, shift + len(change.text) - (change.end - change.start)
    yield reached + shift, length + shift, shift


def _alike(one: Sequence[Any], other: Sequence[Any]) -> int:
    """The length of the common prefix."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _from_decision(found: Iterable[tuple[int, int]], divergence: int, length: int) -> Iterator[tuple[int, int]]:
    """Merged ranges within the response, starting at the divergence of the two."""
    start, end = divergence, divergence + 1
    for first, last in found:
        first, last = max(first, divergence), min(last, length)
        if first >= last:
            continue
        if first <= end:
            end = max(end, last)
        else:
            yield start, end
            start, end = first, last
    yield start, end
