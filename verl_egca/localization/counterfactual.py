"""``counterfactual``: the place of the smallest edit found that makes the program pass, proven by running it."""

from __future__ import annotations

import ast
import difflib
import functools
import importlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from verl_egca.execution.sandbox import Trials
from verl_egca.execution.verdict import Outcome, Verdict
from verl_egca.localization.base import FailingSample, Localization, NotLocalized, Options, lines_of
from verl_egca.localization.divergence import first_divergence, told
from verl_egca.localization.guess import NoTwin, best_guess
from verl_egca.localization.observed import Runs, traced_cases
from verl_egca.localization.runs import MAX_EVENTS, KnownReference, NeedsOtherCases, References, fails, given_to
from verl_egca.localization.twins.alignment import align
from verl_egca.localization.twins.clues import Clues, kinds_of
from verl_egca.localization.twins.edits import Edit, changed
from verl_egca.localization.twins.guards import BASE_CASE
from verl_egca.localization.twins.mutations import (
    LEAST_LOOSE,
    LEAST_OMISSION,
    LEAST_SLIP,
    loose_ends,
    omissions,
    slips,
)
from verl_egca.localization.twins.resemblance import resemblance
from verl_egca.localization.twins.search import Nearer, Search, Source, Twin, costlier
from verl_egca.localization.twins.sites import Program
from verl_egca.localization.twins.transplants import FAR_COST, Transplants
from verl_egca.source import SourceRange
from verl_egca.tracing.trace import decode

_TRIAL_CPU_S = 0.25  # past which a case of a trial is given up; its steps end it first, unless single ones take long
_RESEMBLES = 0.5  # programs that look less alike than that are compared closely only once
_UNLIKE = 2.5  # bits: an edit by comparing them is no cheaper
_SMALL_EDIT = 40  # characters that an edit may change, however short the program is
_CASES = frozenset({BASE_CASE})
_FIRST_EDITS = 3  # to which a second edit is looked for
_TRIAL_MS = 1.0  # what a trial is reckoned at, whatever it takes
_LEAST_STEPS, _STEPS_AN_EVENT = 2_000, 8  # what a trial may take, by what the program did where it passed
_ALIKE = (
    8.0  # bits that a piece of a reference that is like the program is ahead of other edits, a half of which at most
)


class CounterfactualLocalizer:
    name = "counterfactual"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()
        self._references = References()
        importlib.import_module("scipy.optimize")  # takes a while: here, and not within the first sample's search

    def localize(self, sample: FailingSample) -> Localization:
        try:
            program = Program(sample.program)
        except ValueError:
            raise NotLocalized("not_a_program") from None
        started = time.thread_time()
        with sample.sandbox.trials(sample.problem, _TRIAL_CPU_S) as trials:
            self._trace_reference(sample, trials)
            runs = Runs.of(sample, program, trials, self._options)
            search = self._search(sample, program, runs, trials)
            twin = search.run(self._sources(sample, program, runs, trials))
            found = [twin.edit] if twin else []
            full = twin is not None and twin.full
            if not full:
                pair = self._pair(sample, search)
                if pair is not None:
                    found, full = pair, True
            text = apply_all(sample.program, found)
            if full and not trials.run(text).passed:
                raise NoTwin("twin_not_proven", best_guess(program, runs, search))
            if not found:
                self._check_reference(sample, runs, trials)
            parted = self._parted(runs, text, trials) if found else {}
        if not found:
            raise NoTwin("no_twin", best_guess(program, runs, search))
        found_so = self._localization(sample, program, runs, search, found, text, full)
        cpu_ms = round((time.thread_time() - started) * 1e3 + trials.cpu_ms)
        return replace(found_so, evidence={**found_so.evidence, **parted, "cpu_ms": cpu_ms})

    def _trace_reference(self, sample: FailingSample, trials: Trials) -> None:
        """All cases that are looked at in one go, and before the program has run in the process."""
        reference = self._references.of(sample.problem)
        if reference is not None:
            failing, passing = traced_cases(sample.verdict, self._options)
            reference.traces([case.index for case in (*failing, *passing)], trials)

    def _check_reference(self, sample: FailingSample, runs: Runs, trials: Trials) -> None:
        """Raises NeedsOtherCases: a case that the reference fails by itself tells nothing of where a program is wrong."""
        reference = self._references.of(sample.problem)
        if reference is not None and reference.fails_alone(runs.case.index, trials):
            raise NeedsOtherCases

    def _parted(self, runs: Runs, text: str, trials: Trials) -> dict[str, Any]:
        """Where the program's run parts from its twin's: they are built alike, so that this is exact."""
        twin = decode(trials.traces(text, [runs.case.index], MAX_EVENTS)[0])
        found = first_divergence(runs.trace, twin)
        if found is None:
            return {}
        other = told(found.reference) if found.reference is not None else None
        return {"divergence": {"candidate": told(found.candidate), "twin": other}}

    def _search(self, sample: FailingSample, program: Program, runs: Runs, trials: Trials) -> Search:
        steps = [_STEPS_AN_EVENT * len(runs.traces[case].events) for case in runs.cases.passing if case in runs.traces]
        reference = self._references.of(sample.problem)
        if reference is not None:
            steps += [reference.steps(case, trials) for case in runs.cases.chosen]
        # an edit that rewrites the program explains nothing
        most = max(_SMALL_EDIT, len(ast.unparse(program.tree)) // 3)
        budget = int(self._options.budget_ms / _TRIAL_MS)
        return Search(sample.program, trials, runs.cases, max([_LEAST_STEPS, *steps]), budget, most, _CASES)

    def _sources(self, sample: FailingSample, program: Program, runs: Runs, trials: Trials) -> list[Source]:
        def priced(edits: Iterable[Edit], extra: float = 0.0) -> Iterator[Edit]:
            return (costlier(edit, extra + runs.surprise(edit)) for edit in edits)

        reference = self._references.of(sample.problem)
        clues = Clues(
            kinds_of(runs.traces.values()),
            runs.case.expected,
            sample.problem.entry_point,
            reference.called if reference is not None else (),
            given_to(sample.problem),
        )
        sources = [
            Source(LEAST_SLIP, lambda: priced(slips(program))),
            Source(LEAST_LOOSE, lambda: priced(loose_ends(program, clues))),
            Source(LEAST_OMISSION, lambda: priced(omissions(program, clues))),
        ]
        if reference is not None:
            known = reference
            pieces = functools.cache(lambda: self._transplants(sample, program, known, runs, trials))
            near, far = -_ALIKE / 2, FAR_COST - _ALIKE / 2
            if resemblance(program.tree, reference.parsed.tree) < _RESEMBLES:
                near, far = _UNLIKE, max(_UNLIKE, FAR_COST)
            sources.append(Source(near, lambda: priced(pieces()[0].near(), pieces()[1])))
            sources.append(Source(far, lambda: priced(pieces()[0].far(), pieces()[1])))
        return sources

    def _transplants(
        self, sample: FailingSample, program: Program, reference: KnownReference, runs: Runs, trials: Trials
    ) -> tuple[Transplants, float]:
        """Pieces of the reference, and what to add to their cost."""
        theirs = reference.traces(list(runs.traces), trials)
        ours = [runs.traces[case] for case in theirs]
        alignment = align(program.tree, reference.parsed, sample.problem.entry_point, ours, list(theirs.values()))
        alike = max((matching.score for matching in alignment.matchings), default=0.0)
        # where the programs are nearly the same, where they differ is where to look
        return Transplants(sample.program, alignment), -_ALIKE * max(0.0, alike - 0.5)

    def _pair(self, sample: FailingSample, search: Search) -> list[Edit] | None:
        """An edit that is a partial twin or brings a case nearer, and one that with it makes all cases pass."""
        firsts: dict[int, Edit] = {}
        helping: list[Twin | Nearer] = [*search.ranked(), *search.ranked_nearer()]
        for found in helping:
            firsts.setdefault(search.line(found), found.edit)
        ordered = list(firsts.values())[:_FIRST_EDITS]
        for place, first in enumerate(ordered):
            left = (search.budget - search.tried) // (len(ordered) - place)
            second = self._second(sample, first, search, left)
            if second is not None:
                return [first, second]
        return None

    def _second(self, sample: FailingSample, first: Edit, search: Search, budget: int) -> Edit | None:
        """The edit that, with the first one, makes all cases pass; in offsets of the sample's own text."""
        text = first.apply(sample.program)
        try:
            program = Program(text)
        except ValueError:
            return None
        verdict = self._verdict(sample, text, search)
        again = FailingSample(sample.problem, text, verdict, sample.sandbox, sample.seed)
        if not any(fails(case) for case in verdict.cases):
            return None
        runs = Runs.of(again, program, search.trials, self._options)
        rest = replace(self._search(again, program, runs, search.trials), budget=budget)
        twin = rest.run(self._sources(again, program, runs, search.trials))
        search.tried += rest.tried
        return _before(twin.edit, first) if twin is not None and twin.full else None

    def _verdict(self, sample: FailingSample, text: str, search: Search) -> Verdict:
        """The sample's verdict, brought up to date for an edited text, within the steps of a trial."""
        cases = sample.verdict.cases
        (outcomes,) = search.trials.values([text], [case.index for case in cases], max_steps=search.max_steps)
        return Verdict(
            tuple(
                replace(case, outcome=Outcome.PASSED if passed else Outcome.WRONG, got=got)
                for case, (passed, got) in zip(cases, outcomes, strict=True)
            )
        )

    def _localization(
        self,
        sample: FailingSample,
        program: Program,
        runs: Runs,
        search: Search,
        found: list[Edit],
        text: str,
        full: bool,
    ) -> Localization:
        blamed = min(found, key=lambda edit: runs.first_run(edit))
        place = self._place(program, blamed)
        others = [twin.edit for twin in search.ranked()]
        ranked = [place, *(self._place(program, edit) for edit in (*found, *others)), *runs.suspects()]
        evidence: dict[str, Any] = {
            "case": runs.case.case,
            "got": runs.case.got,
            "expected": runs.case.expected,
            "edits": [{"start": edit.start, "end": edit.end, "text": edit.text, "kind": edit.kind} for edit in found],
            "diff": _diff(sample.program, text),
            "trials": search.tried,
        }
        confirmed = "full" if full else "partial"
        return Localization((place,), self.name, confirmed, lines_of(ranked), evidence)  # type: ignore[arg-type]

    def _place(self, program: Program, edit: Edit) -> SourceRange:
        if self._options.granularity == "token":
            return program.text.between(*changed(edit, program.source))
        if self._options.granularity == "statement":
            statement = program.statement_at(edit.blame[0])
            if statement is not None:
                return program.header(statement)
        return program.text.between(*edit.blame)


def apply_all(source: str, edits: list[Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: -edit.start):
        source = edit.apply(source)
    return source


def _before(edit: Edit, applied: Edit) -> Edit | None:
    """The edit in the offsets of the text that ``applied`` was applied to; None if the two overlap."""
    moved = len(applied.text) - (applied.end - applied.start)
    if edit.end <= applied.start:
        return edit
    if edit.start >= applied.start + len(applied.text):
        blame = (edit.blame[0] - moved, edit.blame[1] - moved)
        if blame[0] < applied.end:
            blame = (edit.start - moved, max(edit.end - moved, edit.start - moved + 1))
        return Edit(edit.start - moved, edit.end - moved, edit.text, edit.kind, blame, edit.cost)
    return None


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "program", "twin", n=1, lineterm="")
    return "\n".join(lines)[:2_000]
