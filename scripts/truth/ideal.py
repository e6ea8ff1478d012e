"""The answers of a debugger that knows the mistake, and of one that knows nothing: the bounds of a debugger's use."""

from __future__ import annotations

import difflib
import random
import re
from collections.abc import Iterable
from typing import Any

from truth.sets import Case
from verl_egca.localization.dialogue.listing import Listing
from verl_egca.source import SourceText
from verl_egca.statements import Statement

Reply = dict[str, Any]

_PROGRAM = re.compile(
    r"^The program that fails:\n(?P<listing>.*?)\n\n^The test that it fails:$", re.MULTILINE | re.DOTALL
)


class Ideal:
    """Answers with the statement that holds the mistake, and its text in the program without the mistake."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._mended = {_lines(case.program): case for case in cases if case.mended is not None}

    def __call__(self, question: str) -> Reply | None:
        """The answer; None for a program of no known case."""
        case = self._mended.get(_asked_about(question))
        return _correct(case.program, case.mended) if case is not None and case.mended is not None else None


class Nonsense:
    """Answers in the right form: with a random statement, and a useless correction."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __call__(self, question: str) -> Reply:
        most = sum(len(re.findall(r"\d+", line.partition("|")[0])) for line in _listing(question))
        number = self._random.randint(1, max(1, most))
        return {
            "statement": number,
            "correction": self._random.choice([None, "pass", "x = 0"]),
            "reason": "It is wrong.",
        }


def _correct(program: str, mended: str) -> Reply | None:
    """The smallest numbered statement around all differences, and its lines in the mended program."""
    ours, theirs = _lines(program), _lines(mended)
    same = difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    changed = [(a, b) for tag, a, b, _, _ in same if tag != "equal"]
    if not changed:
        return None
    first, last = changed[0][0] + 1, max(changed[-1][1], changed[0][0] + 1)  # lines from 1
    around = [
        one
        for one in Listing(program, ()).numbered
        if one.statement.place.line <= first and last <= one.statement.end_line
    ]
    if not around:
        return None
    best = min(around, key=lambda one: (one.statement.end_line - one.statement.place.line, one.statement.place.col))
    return {"statement": best.number, "correction": _lines_of(best.statement, ours, theirs), "reason": "Known."}


def _lines_of(statement: Statement, ours: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    before, after = statement.place.line - 1, len(ours) - statement.end_line
    return "\n".join(theirs[before : len(theirs) - after])


def _asked_about(question: str) -> tuple[str, ...]:
    return tuple(line.partition("| ")[2] for line in _listing(question))


def _listing(question: str) -> list[str]:
    found = _PROGRAM.search(question)
    return found["listing"].split("\n") if found else []


def _lines(program: str) -> tuple[str, ...]:
    text = SourceText(program)
    return tuple(text.line(number) for number in range(1, text.line_count + 1))
