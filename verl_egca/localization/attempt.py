"""A failing sample under the search: its program, what is known of its runs, and the edits that may mend it."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from verl_egca.execution.sandbox import Trials
from verl_egca.execution.verdict import Outcome, Verdict
from verl_egca.localization.agreement import Agreement
from verl_egca.localization.base import FailingSample, NotLocalized
from verl_egca.localization.cases import fails, traced_cases
from verl_egca.localization.options import Options
from verl_egca.localization.references import KnownReference, References, given_to
from verl_egca.localization.repair import patches
from verl_egca.localization.repair.patch import Patch
from verl_egca.localization.repair.pieces import pieces
from verl_egca.localization.runs import Runs
from verl_egca.localization.twins.alignment import Alignment, align
from verl_egca.localization.twins.clues import Clues, kinds_of
from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.guards import BASE_CASE
from verl_egca.localization.twins.mutations import loose_ends, omissions, slips
from verl_egca.localization.twins.program import Program
from verl_egca.localization.twins.resemblance import resemblance
from verl_egca.localization.twins.search import Search, Source
from verl_egca.localization.unused import Effects

_TRIAL_CPU_S = 0.25  # past which a case of a trial is given up; its steps end it first, unless single ones take long
_TRIAL_MS = 1.0  # what a trial is reckoned at, whatever it takes
_RESEMBLES = 0.5  # programs that look less alike than that are compared closely only once
_MOST_UNUSED = 1 / 3  # of the statements; an edit that leaves more without effect is another program
_SMALL_EDIT = 40  # characters that an edit may change, however short the program is
_CASES = frozenset({BASE_CASE})
_LEAST_STEPS, _STEPS_AN_EVENT = 2_000, 8  # what a trial may take, by what the program did where it passed


@dataclass(frozen=True)
class Attempt:
    """``program`` may be the sample's own or one with an edit; ``runs`` are those of ``program``."""

    sample: FailingSample
    program: Program
    trials: Trials
    reference: KnownReference | None
    options: Options

    @functools.cached_property
    def runs(self) -> Runs:
        """Raises NotLocalized if no case fails."""
        return Runs.of(self.sample, self.program, self.trials, self.options)

    @functools.cached_property
    def alignment(self) -> Alignment | None:
        """With the reference, by the runs of both; None without one."""
        if self.reference is None:
            return None
        theirs = self.reference.traces(list(self.runs.traces), self.trials)
        ours = [self.runs.traces[case] for case in theirs]
        entry_point = self.sample.problem.entry_point
        return align(self.program.tree, self.reference.parsed, entry_point, ours, list(theirs.values()))

    def agreement(self, text: str) -> Agreement:
        """How an edited text does beside the reference on further inputs; on none without a reference."""
        if self.reference is None:
            return Agreement()
        return Agreement.of(self._further, self.reference.further.passed(text, self.trials))

    def _keeps(self, edit: Edit) -> bool:
        """Whether an edit leaves most of the program in use."""
        return self.effects.unused_share([edit]) <= _MOST_UNUSED

    @functools.cached_property
    def effects(self) -> Effects:
        return Effects(self.program, self.sample.problem.entry_point)

    @functools.cached_property
    def _further(self) -> list[bool]:
        return self.reference.further.passed(self.program.source, self.trials) if self.reference is not None else []

    def search(self, budget: int | None = None) -> Search:
        """For single edits of the program. ``budget`` counts trials; the options' if there is none."""
        if budget is None:
            budget = int(self.options.budget_ms / _TRIAL_MS)
        traces = self.runs.traces
        steps = [_STEPS_AN_EVENT * len(traces[case].events) for case in self.runs.cases.passing if case in traces]
        if self.reference is not None:
            steps += [self.reference.steps(case, self.trials) for case in self.runs.cases.chosen]
        # an edit that rewrites the program explains nothing
        most = max(_SMALL_EDIT, len(ast.unparse(self.program.tree)) // 3)
        source, max_steps = self.program.source, max([_LEAST_STEPS, *steps])
        return Search(
            source,
            self.trials,
            self.runs.cases,
            max_steps,
            budget,
            most,
            _CASES,
            self.sources(),
            self.agreement,
            self._keeps,
        )

    def edited(self, edit: Edit, search: Search) -> Attempt | None:
        """The attempt on the program with an edit; None if that is no program or fails no case."""
        text = edit.apply(self.program.source)
        try:
            program = Program(text)
        except ValueError:
            return None
        verdict = self._verdict(text, search)
        if not any(fails(case) for case in verdict.cases):
            return None
        sample = FailingSample(
            self.sample.problem, text, verdict, self.sample.sandbox, self.sample.seed, self.sample.worth_asking
        )
        return Attempt(sample, program, self.trials, self.reference, self.options)

    def _verdict(self, text: str, search: Search) -> Verdict:
        """The sample's verdict, brought up to date for an edited text, within the steps of a trial."""
        cases = self.sample.verdict.cases
        (outcomes,) = self.trials.values([text], [case.index for case in cases], max_steps=search.max_steps)
        return Verdict(
            tuple(
                replace(case, outcome=Outcome.PASSED if passed else Outcome.WRONG, got=got)
                for case, (passed, got) in zip(cases, outcomes, strict=True)
            )
        )

    def sources(self) -> list[Source]:
        """Where edits come from; each edit has all the signs that make its cost."""

        def source(name: str, make: Callable[[], Iterable[Edit]]) -> Source:
            def signed() -> Iterator[Edit]:
                for edit in make():
                    yield edit.signed((name, 1.0), *self.runs.amounts(edit))

            return Source(name, signed)

        program, reference = self.program, self.reference
        clues = Clues(
            kinds_of(self.runs.traces.values()),
            self.runs.case.expected,
            self.sample.problem.entry_point,
            reference.called if reference is not None else (),
            given_to(self.sample.problem),
        )
        sources = [
            source("slips", lambda: slips(program, clues)),
            source("loose ends", lambda: loose_ends(program, clues)),
            source("omissions", lambda: omissions(program, clues)),
        ]
        if reference is not None:
            is_like = resemblance(program.tree, reference.parsed.tree) >= _RESEMBLES
            name = "pieces of what is alike" if is_like else "pieces"
            sources.append(source(name, lambda: self._pieces))
        return sources

    @functools.cached_property
    def patches(self) -> list[Patch]:
        """The reference on the program, those that change least first; none without a reference."""
        if self.alignment is None:
            return []
        return patches(self.program.source, self.alignment, self.sample.problem.entry_point)

    @functools.cached_property
    def _pieces(self) -> list[Edit]:
        matchings = self.alignment.matchings if self.alignment is not None else ()
        alike = max((matching.score for matching in matchings), default=0.0)
        return pieces(self.program.source, self.patches, max(0.0, alike - 0.5))


class Attempts:
    """Makes attempts, and keeps what is known of the references."""

    def __init__(self, options: Options) -> None:
        self._options, self._references = options, References()

    @contextmanager
    def on(self, sample: FailingSample) -> Iterator[Attempt]:
        """An attempt, and a worker of the sandbox for it. Raises NotLocalized if there is no program, or no case fails."""
        try:
            program = Program(sample.program)
        except ValueError:
            raise NotLocalized("not_a_program") from None
        reference = self._references.of(sample.problem)
        failing, passing = traced_cases(sample.verdict, self._options)
        with sample.sandbox.trials(sample.problem, _TRIAL_CPU_S) as trials:
            if reference is not None:  # all cases in one go, and before the program has run in the process
                reference.traces([case.index for case in (*failing, *passing)], trials)
            yield Attempt(sample, program, trials, reference, self._options)
