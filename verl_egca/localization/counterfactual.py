"""``counterfactual``: the place of the smallest edit found that makes the program pass, proven by running it."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from verl_egca.execution.sandbox import Trials
from verl_egca.execution.verdict import CaseVerdict, Outcome
from verl_egca.localization.base import FailingSample, Localization, NotLocalized, Options, lines_of
from verl_egca.localization.runs import MAX_EVENTS, References, fails
from verl_egca.localization.twins.alignment import align
from verl_egca.localization.twins.clues import Clues, kinds_of
from verl_egca.localization.twins.edits import Edit, changed
from verl_egca.localization.twins.mutations import LEAST, LEAST_MISSING, omissions, slips
from verl_egca.localization.twins.search import Cases, Search, Source, costlier
from verl_egca.localization.twins.sites import Program
from verl_egca.localization.twins.suspicion import ochiai
from verl_egca.localization.twins.transplants import FAR_COST, Transplants
from verl_egca.source import SourceRange
from verl_egca.tracing.trace import Trace, decode

_TRIAL_CPU_S = 0.25  # past which a case of a trial is given up; its steps end it first, unless single ones take long
_FIRST_EDITS = 2  # partial twins to which a second edit is looked for
_TRIAL_MS = 0.5  # what a trial is reckoned at, whatever it takes
_LEAST_STEPS, _STEPS_AN_EVENT = 2_000, 8  # what a trial may take, by what the program did where it passed
_TRACED_FAILING, _TRACED_PASSING = 3, 4
_ELSEWHERE = 3.0  # bits that the least suspicious statement is behind the most suspicious one
_UNEXECUTED = 6.0
_ALIKE = (
    8.0  # bits that a piece of a reference that is like the program is ahead of other edits, a half of which at most
)


class CounterfactualLocalizer:
    name = "counterfactual"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()
        self._references = References()

    def localize(self, sample: FailingSample) -> Localization:
        try:
            program = Program(sample.program)
        except ValueError:
            raise NotLocalized("not_a_program") from None
        with sample.sandbox.trials(sample.problem, _TRIAL_CPU_S) as trials:
            runs = Runs.of(sample, program, trials, self._options)
            search = self._search(sample, program, runs, trials)
            twin = search.run(self._sources(sample, program, runs, trials))
            found = [twin.edit] if twin else []
            full = twin is not None and twin.full
            if twin is not None and not full:
                pair = self._pair(sample, search)
                if pair is not None:
                    found, full = pair, True
            text = apply_all(sample.program, found)
            if full and not trials.run(text).passed:
                raise NotLocalized("twin_not_proven")
        if not found:
            raise NotLocalized("no_twin")
        return self._localization(sample, program, runs, search, found, text, full)

    def _search(self, sample: FailingSample, program: Program, runs: Runs, trials: Trials) -> Search:
        steps = [_STEPS_AN_EVENT * len(runs.traces[case].events) for case in runs.cases.passing if case in runs.traces]
        reference = self._references.of(sample.problem)
        if reference is not None:
            reference.traces(list(runs.traces), trials)  # all in one go
            steps += [reference.steps(case, trials) for case in runs.cases.chosen]
        # an edit that rewrites the program explains nothing
        most = max(60, len(ast.unparse(program.tree)) // 3)
        budget = int(self._options.budget_ms / _TRIAL_MS)
        return Search(sample.program, trials, runs.cases, max([_LEAST_STEPS, *steps]), budget, most)

    def _sources(self, sample: FailingSample, program: Program, runs: Runs, trials: Trials) -> list[Source]:
        def priced(edits: Iterable[Edit], extra: float = 0.0) -> Iterator[Edit]:
            return (costlier(edit, extra + runs.surprise(edit)) for edit in edits)

        reference = self._references.of(sample.problem)
        clues = Clues(
            kinds_of(runs.traces.values()),
            runs.case.expected,
            sample.problem.entry_point,
            reference.called if reference is not None else (),
        )
        sources = [
            Source(LEAST, lambda: priced(slips(program))),
            Source(LEAST_MISSING, lambda: priced(omissions(program, clues))),
        ]
        if reference is not None:
            theirs = reference.traces(list(runs.traces), trials)
            ours = [runs.traces[case] for case in theirs]
            alignment = align(program.tree, reference.parsed, sample.problem.entry_point, ours, list(theirs.values()))
            alike = max((matching.score for matching in alignment.matchings), default=0.0)
            # where the programs are nearly the same, where they differ is where to look
            bonus = -_ALIKE * max(0.0, alike - 0.5)
            pieces = Transplants(sample.program, alignment)
            sources.append(Source(-_ALIKE, lambda: priced(pieces.near(), bonus)))
            sources.append(Source(FAR_COST + bonus, lambda: priced(pieces.far(), bonus)))
        return sources

    def _pair(self, sample: FailingSample, search: Search) -> list[Edit] | None:
        """A partial twin's edit, and one that with it makes all cases pass."""
        firsts = {search.line(twin): twin.edit for twin in reversed(search.ranked())}
        ordered = list(reversed(firsts.values()))[:_FIRST_EDITS]
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
        verdict = search.trials.run(text)
        again = FailingSample(sample.problem, text, verdict, sample.sandbox, sample.seed)
        if not any(fails(case) for case in verdict.cases):
            return None
        runs = Runs.of(again, program, search.trials, self._options)
        rest = replace(self._search(again, program, runs, search.trials), budget=budget)
        twin = rest.run(self._sources(again, program, runs, search.trials))
        search.tried += rest.tried
        return _before(twin.edit, first) if twin is not None and twin.full else None

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


@dataclass(frozen=True)
class Runs:
    """What is known of how the program ran: the failing case that is looked at, and what ran in it and in others."""

    cases: Cases
    case: CaseVerdict
    trace: Trace
    suspicion: dict[SourceRange, float]
    program: Program
    traces: dict[int, Trace]

    @classmethod
    def of(cls, sample: FailingSample, program: Program, trials: Trials, options: Options) -> Runs:
        """Raises NotLocalized if no case fails."""
        failing = [case for case in sample.verdict.cases if fails(case)]
        passing = [case for case in sample.verdict.cases if case.passed]
        if not failing:
            raise NotLocalized("no_failing_case")
        looked_at = failing[:1] if options.failing_case == "first" else failing[:_TRACED_FAILING]
        if looked_at[0].outcome is Outcome.TIMEOUT:
            del looked_at[1:]  # each is traced to the end of its budget
        every = max(1, len(passing) // _TRACED_PASSING)
        contrasting = passing[::every][:_TRACED_PASSING]
        wanted = [case.index for case in (*looked_at, *contrasting)]
        found = trials.traces(sample.program, wanted, MAX_EVENTS)
        traces = {case: decode(data) for case, data in zip(wanted, found, strict=True)}
        chosen = min(looked_at, key=lambda case: (len(traces[case.index].events), case.index))
        beside = [case for case in looked_at if case is not chosen]
        second = min(
            beside, key=lambda case: (_alike(traces[chosen.index], traces[case.index]), case.index), default=None
        )
        chosen_ones = (chosen.index,) if second is None else (chosen.index, second.index)
        cases = Cases(chosen_ones, tuple(c.index for c in failing), tuple(c.index for c in passing))
        suspicion = ochiai(
            [traces[case.index].executed for case in looked_at], [traces[case.index].executed for case in contrasting]
        )
        return cls(cases, chosen, traces[chosen.index], suspicion, program, traces)

    def surprise(self, edit: Edit) -> float:
        """Bits to add to an edit's cost for where it is."""
        statement = self.program.statement_at(edit.start)
        if statement is None or not self.suspicion:
            return 0.0
        found = self.suspicion.get(self.program.header(statement))
        if found is None:
            return _UNEXECUTED
        return _ELSEWHERE * (1.0 - found / max(self.suspicion.values()))

    def first_run(self, edit: Edit) -> int:
        statement = self.program.statement_at(edit.start)
        order = self.trace.executed
        place = self.program.header(statement) if statement is not None else None
        return order.index(place) if place in order else len(order)

    def suspects(self) -> list[SourceRange]:
        return sorted(self.suspicion, key=lambda place: (-self.suspicion[place], place))


def _alike(one: Trace, two: Trace) -> float:
    """How much of what ran in two cases ran in both."""
    first, second = set(one.executed), set(two.executed)
    return len(first & second) / max(1, len(first | second))


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
