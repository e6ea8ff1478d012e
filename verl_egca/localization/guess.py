"""The best guess where nothing could be proven: what each witness says of each statement, added up.

Witnesses are which statements ran in failing and not in passing cases, edits that brought the failing case nearer to what
it should give, where an exception was raised, and blocks that do nothing.
"""

from __future__ import annotations

import ast
from collections import defaultdict

from verl_egca.localization.base import Localization, NotLocalized, lines_of
from verl_egca.localization.observed import Runs
from verl_egca.localization.twins.search import Search
from verl_egca.localization.twins.sites import Program
from verl_egca.source import SourceRange

_SUSPICION, _NEARER, _RAISED, _EMPTY = 1.0, 2.0, 1.5, 1.5


class NoTwin(NotLocalized):
    """Nothing could be proven. ``guess`` is the likeliest place, None if there is no telling at all."""

    def __init__(self, reason: str, guess: Localization | None) -> None:
        super().__init__(reason)
        self.guess = guess


def best_guess(program: Program, runs: Runs, search: Search) -> Localization | None:
    score: dict[SourceRange, float] = defaultdict(float)
    most = max(runs.suspicion.values(), default=1.0)
    for place, suspicion in runs.suspicion.items():
        score[place] += _SUSPICION * suspicion / most
    nearer: dict[SourceRange, float] = defaultdict(float)
    for found in search.nearer:
        statement = program.statement_at(found.edit.blame[0])
        if statement is not None:
            nearer[program.header(statement)] += found.worth
    for place, worth in nearer.items():
        score[place] += _NEARER * worth / max(nearer.values())
    for statement in program.statements():
        place = program.header(statement)
        error = runs.case.error
        if error is not None and error.line is not None and place.line <= error.line <= place.end_line:
            score[place] += _RAISED
        if isinstance(statement, ast.Pass):
            score[place] += _EMPTY
    functions = {program.header(s) for s in program.statements() if isinstance(s, _DEFINITIONS)}
    ranked = sorted((p for p in score if p not in functions), key=lambda place: (-score[place], place))
    if not ranked:
        return None
    evidence = {
        "case": runs.case.case,
        "got": runs.case.got,
        "expected": runs.case.expected,
        "score": round(score[ranked[0]], 3),
        "trials": search.tried,
    }
    return Localization((ranked[0],), "guess", ranked=lines_of(ranked), evidence=evidence)


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
