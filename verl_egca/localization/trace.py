"""``trace``: blames the statement of the first semantic divergence from the aligned reference (the paper).

A candidate that binds the reference's names is assumed to have its structure and is compared by names. Otherwise the
alignment, with the runs of passing cases, translates the names. Programs that do not parse, or that are written in an
entirely different way, are also compared by names.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from verl_egca.debugger.client import Debugger
from verl_egca.execution.verdict import CaseVerdict
from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized, lines_of
from verl_egca.localization.cases import failing_run
from verl_egca.localization.divergence import Divergence, Names, channel_divergence, first_divergence, told, tolerance
from verl_egca.localization.options import Options
from verl_egca.localization.references import ReferenceTraces
from verl_egca.localization.registry import register
from verl_egca.localization.twins.alignment import Alignment, align
from verl_egca.localization.twins.shapes import Shapes
from verl_egca.localization.twins.trees import scopes
from verl_egca.localization.twins.views import Reference
from verl_egca.source import SourceRange, SourceText
from verl_egca.statements import describe, parse
from verl_egca.tracing.trace import Trace, decode

_PASSING = 3  # cases that are traced for the alignment
_ALIKE = 0.4  # for less similar programs an alignment is no better than names


@register
class TraceLocalizer(Localizer):
    name = "trace"
    needs_reference = True

    def __init__(self, options: Options | None = None, debugger: Debugger | None = None) -> None:
        super().__init__(options, debugger)
        self._references = ReferenceTraces()

    def localize(self, sample: FailingSample) -> Localization:
        case, candidate = failing_run(sample, self.options)
        reference = self._references.get(sample, case.index)
        divergence, cause = self._divergence(sample, candidate, reference)
        if divergence is None:
            raise NotLocalized("no_divergence")
        blamed = cause or divergence.place
        before = [event.place for event in candidate.events[: divergence.index]]
        ranked = list(dict.fromkeys([blamed, divergence.place, divergence.candidate.place, *reversed(before)]))
        evidence = {
            "case": case.case,
            "candidate": told(divergence.candidate),
            "reference": told(divergence.reference) if divergence.reference else None,
        }
        return Localization((blamed,), self.name, ranked=lines_of(ranked), evidence=evidence)

    def compare(self, sample: FailingSample) -> tuple[CaseVerdict, Trace, Trace | None, Divergence | None]:
        """The failing case, the candidate's run of it, and, if available, the reference's run and the divergence.

        Raises:
            NotLocalized: the candidate's run left no trace.
        """
        case, candidate = failing_run(sample, self.options)
        try:
            reference = self._references.get(sample, case.index)
        except NotLocalized:
            return case, candidate, None, None
        return case, candidate, reference, self._divergence(sample, candidate, reference)[0]

    def _divergence(
        self, sample: FailingSample, candidate: Trace, reference: Trace
    ) -> tuple[Divergence | None, SourceRange | None]:
        """The divergence of the runs, and the statement to blame if it is not the divergence's own."""
        allowed = tolerance(sample.problem)
        ours, theirs = parse(sample.program), parse(sample.problem.reference or "")
        if ours is None or theirs is None or _bound(ours) == _bound(theirs):
            return first_divergence(candidate, reference, tolerance=allowed), None
        passing = self._passing(sample)
        here, there = zip(*passing, (candidate, reference), strict=True)
        alignment = align(ours, Reference(theirs), sample.problem.entry_point, here, there)
        texts = SourceText(sample.program), SourceText(sample.problem.reference or "")
        names = _names(alignment, *texts)
        alike = max((matching.score for matching in alignment.matchings), default=0.0)
        found = None
        if alike >= _ALIKE or not passing:
            found = channel_divergence(candidate, reference, names, passing, tolerance=allowed)
        if found is None:
            return first_divergence(candidate, reference, tolerance=allowed), None
        return found, _cause(found, candidate, _likenesses(alignment, texts[0])) if alike >= _ALIKE else None

    def _passing(self, sample: FailingSample) -> list[tuple[Trace, Trace]]:
        """The candidate's and the reference's runs of some cases that the candidate passes."""
        cases = [case.index for case in sample.verdict.cases if case.passed]
        found = []
        for case in cases[:: max(1, len(cases) // _PASSING)][:_PASSING]:
            try:
                reference = self._references.get(sample, case)
            except NotLocalized:
                continue
            found.append((decode(sample.sandbox.trace(sample.problem, sample.program, case)[1]), reference))
        return found


def _bound(tree: ast.Module) -> dict[str, frozenset[str]]:
    return {name: scope.names for name, scope in scopes(tree).items()}


def _names(alignment: Alignment, ours: SourceText, theirs: SourceText) -> Names:
    branches = {
        describe(pair.candidate.node, ours).place: describe(pair.reference.node, theirs).place
        for pair in alignment.statements
        if hasattr(getattr(pair.reference.node, "test", pair.reference.node), "lineno")  # else the view negates it
    }
    return Names(alignment.functions, alignment.variables, branches)


def _likenesses(alignment: Alignment, text: SourceText) -> dict[SourceRange, float]:
    """For each statement of the candidate, its likeness to its counterpart in one of the views; 1 for equal."""
    found: dict[SourceRange, float] = {}
    for matching in alignment.matchings:
        here, there = Shapes(), Shapes(matching.names, matching.reference.names)
        for pair in matching.pairs:
            equal = here.of(pair.candidate.node) == there.of(pair.reference.node)
            place = describe(pair.candidate.node, text).place
            found[place] = max(found.get(place, 0.0), 1.0 if equal else min(pair.score, 0.99))
    return found


def _cause(divergence: Divergence, candidate: Trace, likenesses: Mapping[SourceRange, float]) -> SourceRange | None:
    """The statement to blame if the divergence's own statement is the same in the reference.

    Equal statements make equal values from equal values, so an earlier statement, whose counterpart differs, is to
    blame.
    """
    if likenesses.get(divergence.place, 0.0) < 1.0:
        return None
    before = [event.place for event in candidate.events[: divergence.index] if event.kind != "argument"]
    other = [place for place in dict.fromkeys(reversed(before)) if likenesses.get(place, 0.0) < 1.0]
    return max(other, key=lambda place: likenesses.get(place, 0.0), default=None)
