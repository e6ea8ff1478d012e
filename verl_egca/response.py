"""The program in a response, and where each of its characters stands in the response's text.

A response may be a fenced block (the last one that defines the entry point, closed or not), bare code, code with prose
around it, or a completion that continues the prompt's code. Extraction copies text and never repairs it: what the policy
wrote is what runs, and every character of it keeps its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from verl_egca.problem import Problem
from verl_egca.statements import parse

_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})(?P<info>[^\r\n`]*)\r?$", re.MULTILINE)
_CODE_START = re.compile(r"^(?:from\s+\w|import\s+\w|def\s+\w|class\s+\w|async\s+def\s|@\w|if\s+__name__|\w+\s*=)")
_PYTHON = {"", "python", "py", "python3", "py3"}


@dataclass(frozen=True, slots=True)
class Segment:
    """``length`` characters of the program from ``source_start``, standing in the response from ``response_start``."""

    source_start: int
    response_start: int
    length: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program's source and its place in the response.

    What no segment covers is not the response's: the prompt's code that a completion continues.
    ``truncated``: the response was cut off at the length limit.
    """

    source: str
    segments: tuple[Segment, ...]
    truncated: bool = False

    def to_response(self, start: int, end: int) -> tuple[int, int] | None:
        """The smallest range of the response's characters that covers a half-open range of the source's.

        None if the range has no character in the response.
        """
        places = []
        for segment in self.segments:
            first = max(start, segment.source_start)
            last = min(end, segment.source_start + segment.length)
            if first < last:
                shift = segment.response_start - segment.source_start
                places.append((first + shift, last + shift))
        return (places[0][0], places[-1][1]) if places else None


def extract_program(
    response: str, problem: Problem, *, truncated: bool = False, own: Sequence[tuple[int, int]] | None = None
) -> Program:
    """The program that a chat response holds; never raises, and is never empty-handed: bad text is a program that fails.

    Args:
        response: the response's text, special tokens left out.
        truncated: it was cut off at the length limit, so its last block may not be closed.
        own: half-open ranges of its characters that the policy wrote itself, in order; all of it if not given. The
            rest, a tool's output for one, is never part of the program.
    """
    if own is not None:
        response = "".join(
            char if any(start <= at < end for start, end in own) or char in "\r\n" else " "
            for at, char in enumerate(response)
        )
    blocks = [block for block in _fenced_blocks(response) if block.language in _PYTHON]
    blocks = blocks or list(_fenced_blocks(response))
    if blocks:
        defining = [block for block in blocks if _defines(_text(response, block), problem.entry_point)]
        return _program(response, (defining or blocks)[-1].lines, problem, truncated)
    return _program(response, _code_lines(response, problem), problem, truncated)


def program_from_completion(completion: str, problem: Problem) -> Program:
    """A completion continues the prompt's code, character for character."""
    prefix = problem.code_prefix
    return Program(prefix + completion, (Segment(len(prefix), 0, len(completion)),))


def program_from_solution(solution: str) -> Program:
    """A solution is the whole program."""
    return Program(solution, (Segment(0, 0, len(solution)),))


@dataclass(frozen=True, slots=True)
class _Block:
    language: str
    lines: tuple[tuple[int, int], ...]  # half-open character ranges of the response, line ends included


def _fenced_blocks(text: str) -> Iterator[_Block]:
    """Blocks between fences; one that is not closed reaches to the end. A fence closes one of its own kind."""
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif fence["mark"].startswith(opening["mark"]) and not fence["info"].strip():
            yield _block(text, opening, fence.start())
            opening = None
        elif fence["mark"][0] == opening["mark"][0] and fence["info"].strip():  # the one before was never closed
            yield _block(text, opening, fence.start())
            opening = fence
    if opening is not None:
        yield _block(text, opening, len(text))


def _block(text: str, opening: re.Match[str], end: int) -> _Block:
    """The lines after the opening fence; its indentation, in a list item for one, is no part of the code."""
    start = min(opening.end() + 1, end)
    width = len(opening["indent"])
    lines = []
    for first, last in _lines(text, start, end):
        blank = len(text[first:last]) - len(text[first:last].lstrip(" \t"))
        if first + min(width, blank) < last:  # else the text ends within the indentation
            lines.append((first + min(width, blank), last))
    return _Block(opening["info"].strip().split(" ")[0].lower(), tuple(lines))


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    edges = [start, *(m.end() for m in re.finditer(r"\r\n|\r|\n", text[start:end])), end - start]
    edges = [edges[0], *(start + edge for edge in edges[1:])]
    yield from ((first, last) for first, last in pairwise(edges) if first < last)


def _text(response: str, block: _Block) -> str:
    return "".join(response[first:last] for first, last in block.lines)


def _program(response: str, lines: tuple[tuple[int, int], ...], problem: Problem, truncated: bool) -> Program:
    """The lines as a program, after the prompt's code if they only continue it."""
    text = "".join(response[first:last] for first, last in lines)
    prefix = problem.code_prefix if _continues(text, problem) else ""
    segments: list[Segment] = []
    at = len(prefix)
    for first, last in lines:
        if segments and segments[-1].response_start + segments[-1].length == first:
            previous = segments.pop()
            segments.append(Segment(previous.source_start, previous.response_start, previous.length + last - first))
        else:
            segments.append(Segment(at, first, last - first))
        at += last - first
    return Program(prefix + text, tuple(segments), truncated)


def _continues(text: str, problem: Problem) -> bool:
    """Whether code continues the prompt's: there is code to continue, and it does not define the entry point itself."""
    return bool(problem.code_prefix) and not _defines(text, problem.entry_point)


def _defines(text: str, entry_point: str | None) -> bool:
    """Whether code defines the entry point at its top level, judged by lines: the code may not parse."""
    if entry_point is None:
        return False
    name = re.escape(entry_point)
    return (
        re.search(rf"^(?:(?:async[ \t]+)?def[ \t]+{name}\b|class[ \t]+{name}\b|{name}[ \t]*=)", text, re.MULTILINE)
        is not None
    )


def _code_lines(text: str, problem: Problem) -> tuple[tuple[int, int], ...]:
    """The lines of a response without fences: all of it, or its code where prose stands around that.

    Prose before the first line that starts like code at the left edge is left out, and so is prose at the end, as long as
    leaving it out makes the rest parse. A completion (indented code) is taken whole up to such prose.
    """
    lines = list(_lines(text, 0, len(text)))
    start = 0
    if not _continues(text, problem):
        starts = [i for i, (first, last) in enumerate(lines) if _CODE_START.match(text[first:last])]
        defined = [i for i in starts if _defines(text[lines[i][0] : lines[i][1]], problem.entry_point)]
        if starts and (defined or problem.entry_point is None):
            start = starts[0] if not defined else min(starts[0], defined[0])
    prefix = problem.code_prefix if _continues(text, problem) else ""
    kept = lines[start:]
    if kept and parse(prefix + text[kept[0][0] : kept[-1][1]]) is None:
        for end in _prose_starts(text, kept):
            if parse(prefix + text[kept[0][0] : kept[end - 1][1]]) is not None:
                return tuple(kept[:end])
    return tuple(kept)


def _prose_starts(text: str, lines: list[tuple[int, int]]) -> Iterator[int]:
    """Places where prose may begin: lines at the left edge that do not start like code, first ones first."""
    for index in range(1, len(lines)):
        line = text[lines[index][0] : lines[index][1]]
        if line.strip() and not line[0].isspace() and not _CODE_START.match(line):
            yield index
