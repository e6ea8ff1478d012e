"""The best guess without a proof: the sum of all witnesses' weights for each statement.

The main witnesses are edits with which a failing case passes, and edits that bring its value nearer to the expected
one. The weak witnesses: the place of an exception, an empty block, statements that ran only in failing cases, and the
experience that mistakes are deep and late rather than in initialisation and return. The weights were fitted, coarsely,
to mutants of independent solutions (`scripts/bench_localization.py`, sets second, second-two and runtime, seed 7).
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable

from verl_egca.localization.base import Localization, NotLocalized, lines_of
from verl_egca.localization.runs import Runs
from verl_egca.localization.twins.program import Program
from verl_egca.localization.twins.search import Nearer, Search, Twin
from verl_egca.localization.twins.trees import DEFINITIONS, is_docstring
from verl_egca.source import SourceRange

_NEARER, _PARTIAL, _RAISED, _EMPTY, _DEEPER, _LATER, _PLAIN_RETURN = 1.25, 1.75, 0.75, 0.75, 0.5, 0.5, -0.5
_SUSPICION = 0.1


class NoTwin(NotLocalized):
    """No twin was found. ``guess`` is the likeliest place, None without any witness."""

    def __init__(self, reason: str, guess: Localization | None) -> None:
        super().__init__(reason)
        self.guess = guess


def best_guess(program: Program, runs: Runs, search: Search) -> Localization | None:
    scores = likelihoods(program, runs, search)
    if not scores:
        return None
    ranked = sorted(scores, key=lambda place: (-scores[place], place))
    evidence = {
        "case": runs.case.case,
        "got": runs.case.got,
        "expected": runs.case.expected,
        "score": round(scores[ranked[0]], 3),
        "trials": search.tried,
    }
    return Localization((ranked[0],), "guess", ranked=lines_of(ranked), evidence=evidence)


def likelihoods(program: Program, runs: Runs, search: Search) -> dict[SourceRange, float]:
    """The weight of evidence against each statement, keyed by its place; higher is likelier."""
    nearer = _votes(program, search.nearer)
    partial = _votes(program, search.twins)
    order = {place: rank / len(runs.trace.executed) for rank, place in enumerate(runs.trace.executed)}
    error = runs.case.error
    line = error.line if error is not None else None

    def score(statement: ast.stmt) -> float:
        place = program.header(statement)
        return (
            _NEARER * nearer.get(place, 0.0)
            + _PARTIAL * partial.get(place, 0.0)
            + _SUSPICION * runs.suspicion.get(place, 0.0)
            + _RAISED * (line is not None and place.line <= line <= place.end_line)
            + _EMPTY * isinstance(statement, ast.Pass)
            + _DEEPER * program.depth_of(statement)
            + _LATER * order.get(place, 1.0)
            + _PLAIN_RETURN * _returns_what_is_there(statement)
        )

    return {program.header(one): score(one) for one in program.statements() if not _says_nothing(one)}


def _votes(program: Program, found: Iterable[Twin | Nearer]) -> dict[SourceRange, float]:
    """The votes of edits for each statement, scaled to a maximum of 1."""
    votes: dict[SourceRange, float] = defaultdict(float)
    for one in found:
        statement = program.statement_at(one.edit.blame[0])
        if statement is not None:
            votes[program.header(statement)] += one.worth
    most = max(votes.values(), default=1.0) or 1.0
    return {place: worth / most for place, worth in votes.items()}


def _says_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, (*DEFINITIONS, ast.Import, ast.ImportFrom)) or is_docstring(statement)


def _returns_what_is_there(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and isinstance(statement.value, ast.Name | ast.Constant | None)
