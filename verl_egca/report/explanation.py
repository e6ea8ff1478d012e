"""The output of ``egca explain``: the program with the blame marked, its reason and certainty, and token advantages."""

from __future__ import annotations

import re

from rich.text import Text

from verl_egca.gates.mode import Mode
from verl_egca.report.finding import fact, facts
from verl_egca.report.marked_program import marked_program
from verl_egca.report.records import Finding
from verl_egca.source import SourceRange, SourceText

TOKEN = re.compile(r"^[ \t]+|\w+|[^\w\s]", re.MULTILINE)


def explanation(finding: Finding) -> Text:
    """A text for a terminal of any width."""
    program = finding.program or ""
    places = [SourceRange(place.line, place.col, place.end_line, place.end_col) for place in finding.place]
    text = marked_program(program, places).append("\n")
    text.append_text(fact("tests", f"{finding.tests_passed} of {finding.tests_total} pass"))
    if finding.mode == Mode.CORRECT:
        return text.append_text(
            fact("blamed", "nothing: a program that passes gets its advantage on all of its tokens")
        )
    text.append_text(facts(finding))
    return text.append_text(fact("credit", _credit(program, places)))


def _credit(program: str, places: list[SourceRange]) -> str:
    """The share of each token in an advantage of -1; tokens are words, signs and indentations."""
    source = SourceText(program)
    blamed = [source.offsets(place) for place in places]
    tokens = [match.span() for match in TOKEN.finditer(program)]
    marked = sum(any(start < last and first < end for first, last in blamed) for start, end in tokens)
    if not tokens:
        return "no token to give it to"
    uniform = f"-1 on each of the {len(tokens)} tokens"
    focused = "the marked token" if marked == 1 else f"each of the {marked} marked tokens"
    landed = (
        f"-1 on {focused}, 0 on the others\nGRPO: {uniform}\n"
        f"the paper, egca.span_weight=full: {-len(tokens) / marked:.1f} on {focused}"
        if marked
        else f"{uniform}, as in GRPO"
    )
    return f"of an advantage of -1: {landed}\n(a word, a sign or an indentation is a token here; a policy's tokenizer has its own)"
