"""A failing sample under search: its program, its runs, and the edits that may mend it."""

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

_TRIAL_CPU_S = 0.25  # limit for a case of a trial; the step limit comes first, unless single steps take long
_TRIAL_MS = 1.0  # nominal time of a trial, independent of its real time
_RESEMBLES = 0.5  # less similar programs are compared closely only once
_MOST_UNUSED = 1 / 3  # of the statements; an edit that leaves more without effect makes another program
_SMALL_EDIT = 40  # characters that an edit may change, however short the program is
_CASES = frozenset({BASE_CASE})
_LEAST_STEPS, _STEPS_AN_EVENT = 2_000, 8  # limit of a trial, by the events of the passing runs


@dataclass(frozen=True)
class Attempt:
    """``program`` is the sample's program, with or without an edit; ``runs`` are the runs of ``program``."""

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
        """The alignment with the reference, by the runs of both; None without a reference."""
        if self.reference is None:
            return None
        theirs = self.reference.traces(list(self.runs.traces), self.trials)
        ours = [self.runs.traces[case] for case in theirs]
        entry_point = self.sample.problem.entry_point
        return align(self.program.tree, self.reference.parsed, entry_point, ours, list(theirs.values()))

    def agreement(self, text: str) -> Agreement:
        """The agreement of an edited text with the reference on further inputs; without a reference, on no inputs."""
        if self.reference is None:
            return Agreement()
        return Agreement.of(self._further, self.reference.further.passed(text, self.trials))

    def _keeps(self, edit: Edit) -> bool:
        """Whether most statements still take effect after an edit."""
        return self.effects.unused_share([edit]) <= _MOST_UNUSED

    @functools.cached_property
    def effects(self) -> Effects:
        return Effects(self.program, self.sample.problem.entry_point)

    @functools.cached_property
    def _further(self) -> list[bool]:
        return self.reference.further.passed(self.program.source, self.trials) if self.reference is not None else []

    def search(self, budget: int | None = None) -> Search:
        """A search for single edits of the program. ``budget`` counts trials; by default it is the options' budget."""
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
        """The attempt on the program with an edit; None if the text does not parse or passes all cases."""
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
        """The sample's verdict, updated for an edited text, within the steps of a trial."""
        cases = self.sample.verdict.cases
        (outcomes,) = self.trials.values([text], [case.index for case in cases], max_steps=search.max_steps)
        return Verdict(
            tuple(
                replace(case, outcome=Outcome.PASSED if passed else Outcome.WRONG, got=got)
                for case, (passed, got) in zip(cases, outcomes, strict=True)
            )
        )

    def sources(self) -> list[Source]:
        """The sources of edits; each edit carries all the signs that make its cost."""

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
        """Patches from the program to the reference, smallest change first; empty without a reference."""
        if self.alignment is None:
            return []
        return patches(self.program.source, self.alignment, self.sample.problem.entry_point)

    @functools.cached_property
    def _pieces(self) -> list[Edit]:
        matchings = self.alignment.matchings if self.alignment is not None else ()
        alike = max((matching.score for matching in matchings), default=0.0)
        return pieces(self.program.source, self.patches, max(0.0, alike - 0.5))


class Attempts:
    """Makes attempts, and caches facts about the references."""

    def __init__(self, options: Options) -> None:
        self._options, self._references = options, References()

    @contextmanager
    def on(self, sample: FailingSample) -> Iterator[Attempt]:
        """An attempt with its own sandbox worker. Raises NotLocalized if there is no program, or if no case fails."""
        try:
            program = Program(sample.program)
        except ValueError:
            raise NotLocalized("not_a_program") from None
        reference = self._references.of(sample.problem)
        failing, passing = traced_cases(sample.verdict, self._options)
        with sample.sandbox.trials(sample.problem, _TRIAL_CPU_S) as trials:
            if reference is not None:  # all cases at once, before the program runs in the process
                reference.traces([case.index for case in (*failing, *passing)], trials)
            yield Attempt(sample, program, trials, reference, self._options)
