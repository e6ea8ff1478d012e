"""The program in a response, and each character's position in the response's text.

A response may be a fenced block, bare code, code with prose around it, or a completion that continues the prompt's
code; `verl_egca.extraction` finds the pieces of code and chooses the program. Extraction copies text and never repairs
it: the program runs as the policy wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verl_egca.extraction.candidate import Candidate, Finder
from verl_egca.extraction.choice import best_candidate
from verl_egca.extraction.facts import names_bound
from verl_egca.extraction.lines import Lines, joined, lines_between
from verl_egca.extraction.tokens import after_thinking, before_end_of_text
from verl_egca.problem import Problem


@dataclass(frozen=True, slots=True)
class SourceSegment:
    """``length`` characters of the program from ``source_start``, found in the response at ``response_start``."""

    source_start: int
    response_start: int
    length: int


@dataclass(frozen=True, slots=True)
class ExtractedProgram:
    """A program's source and its place in the response.

    Characters outside all segments are the prompt's code, which a completion continues.
    ``truncated``: the response was cut off at the length limit.
    """

    source: str
    segments: tuple[SourceSegment, ...]
    truncated: bool = False

    def to_response(self, start: int, end: int) -> tuple[int, int] | None:
        """The smallest half-open range of the response's characters that covers one of the source's.

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
) -> ExtractedProgram:
    """The program in a response. Never raises: text without code becomes a program that fails.

    Args:
        response: the response's text; special tokens may be left out or spelled out.
        truncated: the response was cut off at the length limit. An unfinished last program is taken as it is, unless an
            earlier one is whole.
        own: half-open ranges of the characters that the policy wrote, in order; default: all. Other text, such as a
            tool's output, is never part of the program.
    """
    stretches = ((0, len(response)),) if own is None else tuple((start, end) for start, end in own if start < end)
    chosen = _chosen(response, stretches, problem)
    if chosen is None:
        everything = tuple(line for start, end in stretches for line in lines_between(response, start, end))
        return _program(response, everything, "", truncated)
    return _program(response, chosen.lines, chosen.before, truncated)


def program_from_completion(completion: str, problem: Problem) -> ExtractedProgram:
    """A completion continues the prompt's code, character for character."""
    prefix = problem.code_prefix
    return ExtractedProgram(prefix + completion, (SourceSegment(len(prefix), 0, len(completion)),))


def program_from_solution(solution: str) -> ExtractedProgram:
    """A solution is the whole program."""
    return ExtractedProgram(solution, (SourceSegment(0, 0, len(solution)),))


def _chosen(response: str, stretches: Lines, problem: Problem) -> Candidate | None:
    """The program in the answer; else in the text after the answer's end; else in the thinking."""
    finder = Finder(response, problem)
    provided = names_bound(problem.preamble)

    def best(places: Lines) -> Candidate | None:
        return best_candidate(response, places, finder.candidates(places), finder.wanted, provided)

    said = after_thinking(response, stretches)
    proper = before_end_of_text(response, said)
    found = best(proper)
    if proper != said and (found is None or found.tree is None or not found.is_meant):
        found = _better(found, best(said))  # the end's mark may be inside a string
    if said != stretches and (found is None or not found.is_meant):
        found = _better(found, best(stretches))
    return found


def _better(first: Candidate | None, second: Candidate | None) -> Candidate | None:
    return second if first is None or (second is not None and second.worth > first.worth) else first


def _program(response: str, lines: Lines, before: str, truncated: bool) -> ExtractedProgram:
    """The lines, with the prompt's code in front if they continue it."""
    segments: list[SourceSegment] = []
    at = len(before)
    for first, last in lines:
        if segments and segments[-1].response_start + segments[-1].length == first:
            previous = segments.pop()
            segments.append(
                SourceSegment(previous.source_start, previous.response_start, previous.length + last - first)
            )
        else:
            segments.append(SourceSegment(at, first, last - first))
        at += last - first
    return ExtractedProgram(before + joined(response, lines), tuple(segments), truncated)
