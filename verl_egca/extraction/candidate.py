"""The pieces of a response that may be its program."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verl_egca.extraction.bare import code_stretches
from verl_egca.extraction.bounded_parser import BoundedParser
from verl_egca.extraction.facts import CodeFacts, facts_of, inert_names
from verl_egca.extraction.fences import FencedBlock, Tag, fenced_blocks, without_prompts
from verl_egca.extraction.lines import Lines, Range, dedented, joined, lines_between
from verl_egca.extraction.prompt import PromptCode
from verl_egca.extraction.worth import Worth, names_by_line, wanted_names, worth_of, worth_of_broken
from verl_egca.problem import Problem


@dataclass(frozen=True, slots=True)
class Candidate:
    """A piece of code. ``before`` is the prompt's code that it continues, or empty.

    ``tree`` and ``facts`` are of both together, None if they do not parse; ``names`` are bound at the left edge.
    """

    lines: Lines
    tag: Tag
    worth: Worth
    names: frozenset[str]
    before: str = ""
    tree: ast.Module | None = None
    facts: CodeFacts | None = None

    @property
    def is_meant(self) -> bool:
        """Whether it is meant as an answer: marked as Python, with definitions, or at least part of the program."""
        definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        defines = self.tree is not None and any(isinstance(node, definitions) for node in self.tree.body)
        return self.worth >= Worth.PARTIAL or (self.worth is not Worth.NOTHING and (self.tag is Tag.PYTHON or defines))


class Finder:
    """Finds the candidates for one problem in one response."""

    def __init__(self, response: str, problem: Problem) -> None:
        self._text = response
        self.wanted = wanted_names(problem)
        self._prompt = PromptCode.of(problem)
        self._parser = BoundedParser()

    def candidates(self, stretches: Sequence[Range]) -> list[Candidate]:
        """The candidates in some stretches: code in fences, and code among prose if no fence holds a program."""
        found: list[Candidate] = []
        for stretch in stretches:
            whole = self._whole(stretch)
            found += self._fenced(stretch) if whole is None else [whole]
        if all(candidate.worth < Worth.CONTINUES for candidate in found):
            for stretch in stretches:
                found += self._among_prose(stretch)
        return found

    def _whole(self, stretch: Range) -> Candidate | None:
        """All of a stretch, if it is a program; fences in its docstrings do not count then."""
        candidate = self._candidate(tuple(lines_between(self._text, *stretch)), Tag.PYTHON)
        if candidate.tree is None or candidate.worth < Worth.CONTINUES:
            return None
        return None if any(inert_names(node) is not None for node in candidate.tree.body) else candidate

    def _fenced(self, stretch: Range) -> Iterator[Candidate]:
        for block in fenced_blocks(self._text, *stretch, self._parser):
            yield max((self._candidate(lines, block.tag) for lines in self._readings(block)), key=lambda c: c.worth)

    def _readings(self, block: FencedBlock) -> Iterator[Lines]:
        """The ways to read a block; the first of equal worth counts."""
        if block.with_info and self._parser.parse(joined(self._text, block.with_info)) is not None:
            yield block.with_info
        tree = self._parser.parse(joined(self._text, block.lines))
        if tree is not None and any(inert_names(node) for node in tree.body):  # "python", and below it the code
            yield from (code.lines for code in code_stretches(self._text, block.lines, self._parser))
        yield block.lines
        if tree is None:
            yield from (dedented(self._text, block.lines), without_prompts(self._text, block.lines))

    def _among_prose(self, stretch: Range) -> Iterator[Candidate]:
        """Code among prose. A script's parts do not count: without its unparsed lines it is another program."""
        lines = tuple(lines_between(self._text, *stretch))
        for code in code_stretches(self._text, lines, self._parser, self._prompt):
            if code.is_part and not self.wanted:
                continue
            yield self._candidate(code.lines, Tag.NO_FENCE, continues=code.continues)

    def _candidate(self, lines: Lines, tag: Tag, *, continues: bool = False) -> Candidate:
        text = joined(self._text, lines)
        if self._prompt is not None and (continues or self._prompt.may_continue(text)):
            return self._continuing(lines, tag, text, self._prompt)
        tree = self._parser.parse(text)
        if tree is None:
            worth = worth_of_broken(text, self.wanted)
            if tag is Tag.PYTHON and text.strip():
                worth = max(worth, Worth.BROKEN_CODE)
            return Candidate(lines, tag, worth, names_by_line(text))
        facts = facts_of(tree)
        return Candidate(lines, tag, worth_of(tree, facts, self.wanted), facts.top, "", tree, facts)

    def _continuing(self, lines: Lines, tag: Tag, text: str, prompt: PromptCode) -> Candidate:
        found = prompt.before(text, self._parser)
        if found is None:
            is_code = worth_of_broken(text, self.wanted) is not Worth.NOTHING
            return Candidate(lines, tag, Worth.BROKEN if is_code else Worth.NOTHING, frozenset(), prompt.code)
        before, tree = found
        return Candidate(lines, tag, Worth.CONTINUES, frozenset(), before, tree, facts_of(tree))
