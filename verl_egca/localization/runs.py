"""The runs of a failing program, before any edit."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass, field

from verl_egca.execution.sandbox import Trials
from verl_egca.execution.verdict import CaseVerdict
from verl_egca.localization.base import FailingSample
from verl_egca.localization.cases import failing_cases, shortest, traced_cases
from verl_egca.localization.options import Options
from verl_egca.localization.references import MAX_EVENTS
from verl_egca.localization.twins.costs import Amounts
from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.program import Program
from verl_egca.localization.twins.search import Cases
from verl_egca.localization.twins.suspicion import ochiai
from verl_egca.source import SourceRange
from verl_egca.tracing.trace import Trace, decode


@dataclass(frozen=True)
class Runs:
    """The runs of the program: the failing case to examine, and the statements that ran in it and in other cases."""

    cases: Cases
    case: CaseVerdict
    trace: Trace
    suspicion: dict[SourceRange, float]
    program: Program
    traces: dict[int, Trace]
    _known: dict[ast.stmt, Amounts] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, sample: FailingSample, program: Program, trials: Trials, options: Options) -> Runs:
        """Raises NotLocalized if no case fails."""
        failing = failing_cases(sample.verdict)
        passing = [case for case in sample.verdict.cases if case.passed]
        looked_at, contrasting = traced_cases(sample.verdict, options)
        wanted = [case.index for case in (*looked_at, *contrasting)]
        found = trials.traces(sample.program, wanted, MAX_EVENTS)
        traces = {case: decode(data) for case, data in zip(wanted, found, strict=True)}
        chosen = shortest(looked_at, traces)
        beside = [case for case in looked_at if case is not chosen]
        beside.sort(key=lambda case: (_alike(traces[chosen.index], traces[case.index]), case.index))
        first = [chosen, *beside[:1]]  # and the least similar one, in case there are two mistakes
        cases = Cases(
            tuple(case.index for case in first),
            tuple(case.index for case in failing),
            tuple(case.index for case in passing),
            tuple(case.expected for case in first),
            tuple(case.got for case in first),
        )
        suspicion = ochiai(
            [traces[case.index].executed for case in looked_at], [traces[case.index].executed for case in contrasting]
        )
        return cls(cases, chosen, traces[chosen.index], suspicion, program, traces)

    def amounts(self, edit: Edit) -> Amounts:
        """The signs of an edit from the statement that it changes and from the runs of that statement."""
        statement = self.program.statement_at(edit.start)
        return self._amounts_of(statement) if statement is not None and self.suspicion else ()

    def _amounts_of(self, statement: ast.stmt) -> Amounts:
        if statement not in self._known:
            place = self.program.header(statement)
            found, order = self.suspicion.get(place), self.trace.executed
            ran = ("not run", 1.0) if found is None else ("less suspicious", 1.0 - found / self._most_suspicious)
            later = order.index(place) / len(order) if place in order else 1.0
            more = [ran, ("deeper", float(self.program.depth_of(statement))), ("ran later", later)]
            error = self.case.error
            if error is not None and error.line is not None and place.line <= error.line <= place.end_line:
                more.append(("raised", 1.0))
            self._known[statement] = tuple(more)
        return self._known[statement]

    @functools.cached_property
    def _most_suspicious(self) -> float:
        return max(self.suspicion.values())

    def first_run(self, edit: Edit) -> int:
        statement = self.program.statement_at(edit.start)
        order = self.trace.executed
        place = self.program.header(statement) if statement is not None else None
        return order.index(place) if place in order else len(order)

    def suspects(self) -> list[SourceRange]:
        return sorted(self.suspicion, key=lambda place: (-self.suspicion[place], place))


def _alike(one: Trace, two: Trace) -> float:
    """The share of the statements that ran in either case and ran in both."""
    first, second = set(one.executed), set(two.executed)
    return len(first & second) / max(1, len(first | second))
