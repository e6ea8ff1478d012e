"""Chooses the cases to examine: failing cases by ``egca.failing_case``, and passing cases for contrast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from verl_egca.execution.verdict import CaseVerdict, Outcome, Verdict
from verl_egca.localization.base import FailingSample, NotLocalized
from verl_egca.localization.options import Options
from verl_egca.tracing.trace import Trace, decode

_TRACED_FAILING, _TRACED_PASSING = 3, 4
_NOT_ITS_FAILURE = (Outcome.PASSED, Outcome.UNSUPPORTED, Outcome.INFRASTRUCTURE)


def fails(case: CaseVerdict) -> bool:
    """Whether the program itself failed the case."""
    return case.outcome not in _NOT_ITS_FAILURE


def failing_cases(verdict: Verdict) -> list[CaseVerdict]:
    """The cases that the program itself failed, at least one. Raises NotLocalized if there is none."""
    failing = [case for case in verdict.cases if fails(case)]
    if not failing:
        raise NotLocalized("no_failing_case")
    return failing


def traced_cases(verdict: Verdict, options: Options) -> tuple[list[CaseVerdict], list[CaseVerdict]]:
    """The failing cases to examine, and the passing cases for contrast. Raises NotLocalized if no case fails."""
    failing = failing_cases(verdict)
    passing = [case for case in verdict.cases if case.passed]
    # each endless run is traced to the end of its budget
    only_one = options.failing_case == "first" or failing[0].outcome is Outcome.TIMEOUT
    every = max(1, len(passing) // _TRACED_PASSING)
    return failing[: 1 if only_one else _TRACED_FAILING], passing[::every][:_TRACED_PASSING]


def shortest(cases: Sequence[CaseVerdict], traces: Mapping[int, Trace]) -> CaseVerdict:
    """The case with the fewest events, the first of equals; a case without a trace only if no case has one."""
    return min(cases, key=lambda case: (not traces[case.index].events, len(traces[case.index].events), case.index))


def failing_run(sample: FailingSample, options: Options) -> tuple[CaseVerdict, Trace]:
    """The failing case to examine, and the program's trace of it. Raises NotLocalized if there is no case or trace."""
    failing, _ = traced_cases(sample.verdict, options)
    traces = {
        case.index: decode(sample.sandbox.trace(sample.problem, sample.program, case.index)[1]) for case in failing
    }
    case = shortest(failing, traces)
    if not traces[case.index].events:
        raise NotLocalized("no_trace")
    return case, traces[case.index]
