"""``counterfactual``: blames the places of a smallest set of edits that makes the program pass, proven by a run."""

from __future__ import annotations

import difflib
import importlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from verl_egca.debugger.client import Debugger
from verl_egca.localization.attempt import Attempt, Attempts
from verl_egca.localization.base import FailingSample, Localization, Localizer, lines_of
from verl_egca.localization.confirmed import Confirmed
from verl_egca.localization.divergence import first_divergence, told
from verl_egca.localization.guess import NoTwin, best_guess, likelihoods
from verl_egca.localization.options import Options
from verl_egca.localization.references import MAX_EVENTS, NeedsOtherCases
from verl_egca.localization.registry import register
from verl_egca.localization.repair import WORDS, differences, patch_to, smallest_repair
from verl_egca.localization.repair.pieces import SEVERAL
from verl_egca.localization.share import repaired
from verl_egca.localization.twins.edits import Edit, applied, changed, least
from verl_egca.localization.twins.program import Program
from verl_egca.localization.twins.search import Nearer, Search, Twin
from verl_egca.source import SourceRange
from verl_egca.tracing.trace import decode

_FIRST_EDITS = 3  # each of these is searched for a second edit
_SINGLE, _ONE = 0.25, 0.65  # of the budget: for single edits before the repair from above, and before several edits
_BEFORE_NEXT = 0.6  # of the remaining budget, for each edit beside one with which more cases pass
_SMALL = 0.1  # of a program: no search improves a repair that rewrites no more
_BLAMED = {"likeliest": 2, "first": 1, "all": None}  # the number of blamed places if a proof has several
_MOST_REWRITTEN = 1 / 3


@dataclass(frozen=True, slots=True)
class _Found:
    """The result of a search. ``share``: the part of the program that a smallest repair rewrites, if known."""

    edits: tuple[Edit, ...] = ()
    full: bool = False
    share: float | None = None


@register
class CounterfactualLocalizer(Localizer):
    name = "counterfactual"
    finds_causes = True

    def __init__(self, options: Options | None = None, debugger: Debugger | None = None) -> None:
        super().__init__(options, debugger)
        self._attempts = Attempts(self.options)
        importlib.import_module("scipy.optimize")  # slow import: here rather than during the first sample's search

    def localize(self, sample: FailingSample) -> Localization:
        started = time.thread_time()
        with self._attempts.on(sample) as attempt:
            search = attempt.search()
            found = _search(attempt, search)
            text = applied(sample.program, found.edits)
            if found.full and not attempt.trials.run(text).passed:
                raise NoTwin("twin_not_proven", _guess(attempt, search, found.share))
            if not found.edits:
                self._check_reference(attempt)
            parted = _parted(attempt, text) if found.edits else {}
        if not found.edits:
            raise NoTwin("no_twin", _guess(attempt, search, found.share))
        cpu_ms = round((time.thread_time() - started) * 1e3 + attempt.trials.cpu_ms)
        return self._localization(attempt, search, found, text, {**parted, "cpu_ms": cpu_ms})

    def _check_reference(self, attempt: Attempt) -> None:
        """Raises NeedsOtherCases if the reference fails the case alone: such a case shows no program's mistake."""
        reference = attempt.reference
        if reference is not None and reference.fails_alone(attempt.runs.case.index, attempt.trials):
            raise NeedsOtherCases

    def _localization(
        self, attempt: Attempt, search: Search, found: _Found, text: str, more: dict[str, Any]
    ) -> Localization:
        program, runs = attempt.program, attempt.runs
        edits = self._by_blame(attempt, search, found.edits)
        places = list(dict.fromkeys(self._place(program, edit) for edit in edits))
        places[1:1] = self._unused(attempt, search, found.edits)
        blamed = places[: _BLAMED[self.options.several]]
        others = [self._place(program, twin.edit) for twin in search.ranked()]
        evidence: dict[str, Any] = {
            "case": runs.case.case,
            "got": runs.case.got,
            "expected": runs.case.expected,
            "edits": [
                {"start": edit.start, "end": edit.end, "text": edit.text, "kind": edit.kind} for edit in found.edits
            ],
            "diff": _diff(program.source, text),
            "trials": search.tried,
            "share": found.share,
            **more,
        }
        confirmed = Confirmed.FULL if found.full else Confirmed.PARTIAL
        ranked = lines_of([*places, *others, *runs.suspects()])
        return Localization(_disjoint(blamed), self.name, confirmed, ranked, evidence)

    def _by_blame(self, attempt: Attempt, search: Search, edits: Sequence[Edit]) -> list[Edit]:
        """The edits in the order of blame, by `Options.several`."""
        program, runs = attempt.program, attempt.runs
        if self.options.several == "first" or len(edits) == 1:
            return sorted(edits, key=runs.first_run)
        against = likelihoods(program, runs, search)

        def likelihood(edit: Edit) -> float:
            statement = program.statement_at(edit.blame[0])
            return against.get(program.header(statement), -1.0) if statement is not None else -1.0

        return sorted(edits, key=lambda edit: (-likelihood(edit), runs.first_run(edit)))

    def _unused(self, attempt: Attempt, search: Search, edits: Sequence[Edit]) -> list[SourceRange]:
        """Of the statements that ran and that the proof leaves without effect, the likeliest to blame."""
        program, ran = attempt.program, set(attempt.runs.trace.executed)
        left = attempt.effects.unused(edits)
        places = ran.intersection(program.header(statement) for statement in left)
        against = likelihoods(program, attempt.runs, search) if places else {}
        return sorted(places, key=lambda place: (-against.get(place, -math.inf), place))[:1]

    def _place(self, program: Program, edit: Edit) -> SourceRange:
        edit = _within(edit, program.source)
        if self.options.granularity == "token":
            return program.text.between(*changed(edit, program.source))
        if self.options.granularity == "statement":
            statement = program.statement_at(edit.blame[0])
            if statement is not None:
                return program.header(statement)
        return program.text.between(*(program.around(edit.start, edit.end) if edit.kind == WORDS else edit.blame))


def _search(attempt: Attempt, search: Search) -> _Found:
    """Tries one edit, then the reference reduced to its needed parts, then costlier single edits, then several."""
    twin = search.run(_SINGLE if attempt.reference is not None else _ONE)
    if _is_proof(twin):
        return _Found(_apart(attempt, search, twin.edit), True)
    repair = repaired(attempt, search, _MOST_REWRITTEN)
    share = repair.share if repair is not None else None
    if repair is not None and repair.share <= _SMALL:
        return _Found(repair.edits, True, share)
    twin = search.run(_ONE if search.twins or search.nearer else 1.0)
    if _is_proof(twin):
        return _Found(_apart(attempt, search, twin.edit), True, share)
    several = _climbed(attempt, search)
    if several is not None:
        return _Found(several, True, share)
    if repair is not None and repair.share <= _MOST_REWRITTEN:
        return _Found(repair.edits, True, share)
    return _Found(_apart(attempt, search, twin.edit), twin.full, share) if twin is not None else _Found(share=share)


def _is_proof(twin: Twin | None) -> TypeGuard[Twin]:
    return twin is not None and twin.full and twin.sound


def _apart(attempt: Attempt, search: Search, edit: Edit) -> tuple[Edit, ...]:
    """An edit of several pieces, split into one edit for each needed piece."""
    if edit.kind != SEVERAL:
        return (edit,)
    source = attempt.program.source
    patch = patch_to(source, edit.apply(source))
    needed = smallest_repair([patch], search.passes, enough=0.0)
    edits = needed.edits if needed is not None else tuple(patch.edits(patch.hunks))
    first, last = edits[0], edits[-1]
    if "\n" in source[first.start : last.end] or any(one.kind != WORDS for one in edits):
        return edits
    text = applied(source[: last.end], edits)[first.start :]  # brackets that open in one and close in another
    return (replace(first, end=last.end, text=text),)


def _within(edit: Edit, source: str) -> Edit:
    """The change within a statement, if an edit rewrites the statement and keeps its first word."""
    if edit.kind != "statement":
        return edit
    inner = least(edit, source)
    is_within = source[edit.start : inner.start].strip() and source[inner.start : inner.end].strip()
    return replace(inner, kind=WORDS) if is_within else edit


def _guess(attempt: Attempt, search: Search, share: float | None) -> Localization | None:
    guess = best_guess(attempt.program, attempt.runs, search)
    return replace(guess, evidence={**guess.evidence, "share": share}) if guess is not None else None


def _climbed(attempt: Attempt, search: Search) -> tuple[Edit, ...] | None:
    """Partial twins, or edits that bring a case nearer, each the base of the next search, until all cases pass."""
    firsts: dict[int, Edit] = {}
    helping: list[Twin | Nearer] = [*search.ranked(), *search.ranked_nearer()]
    for found in helping:
        firsts.setdefault(search.line(found), found.edit)
    ordered = list(firsts.values())[:_FIRST_EDITS]
    for place, first in enumerate(ordered):
        left = (search.budget - search.tried) // (len(ordered) - place)
        text = _upwards(attempt, first, search, left)
        if text is not None:
            return differences(attempt.program.source, text)
    return None


def _upwards(attempt: Attempt, edit: Edit, search: Search, budget: int) -> str | None:
    """The program with the edit and further edits, each of which makes more cases pass; None if some cases still fail.

    ``budget`` counts trials.
    """
    until = search.tried + budget
    while (base := attempt.edited(edit, search)) is not None and search.tried < until:
        rest = base.search(until - search.tried)
        twin = rest.run(_BEFORE_NEXT) or rest.run()
        search.tried += rest.tried
        if twin is None:
            return None
        if twin.full:
            return twin.edit.apply(base.program.source)
        attempt, edit = base, twin.edit
    return None


def _parted(attempt: Attempt, text: str) -> dict[str, Any]:
    """The divergence of the program's run from its twin's. It is exact, since both have the same structure."""
    runs = attempt.runs
    twin = decode(attempt.trials.traces(text, [runs.case.index], MAX_EVENTS)[0])
    found = first_divergence(runs.trace, twin)
    if found is None:
        return {}
    other = told(found.reference) if found.reference is not None else None
    return {"divergence": {"candidate": told(found.candidate), "twin": other}}


def _disjoint(places: Sequence[SourceRange]) -> tuple[SourceRange, ...]:
    """The places in order, without those that overlap an earlier place of the list."""
    kept: list[SourceRange] = []
    for one in places:
        if all(_end(one) <= _start(other) or _end(other) <= _start(one) for other in kept):
            kept.append(one)
    return tuple(sorted(kept))


def _start(place: SourceRange) -> tuple[int, int]:
    return place.line, place.col


def _end(place: SourceRange) -> tuple[int, int]:
    return place.end_line, place.end_col


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "program", "twin", n=1, lineterm="")
    return "\n".join(lines)[:2_000]
