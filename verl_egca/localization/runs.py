"""The runs that localizers look at: the candidate and the reference on the failing case."""

from __future__ import annotations

import threading
from collections import OrderedDict

from verl_egca.execution.sandbox import Trials
from verl_egca.execution.verdict import CaseVerdict, Outcome
from verl_egca.localization.base import FailingSample, NotLocalized
from verl_egca.tracing.trace import Trace, decode

_NOT_ITS_FAILURE = (Outcome.PASSED, Outcome.UNSUPPORTED, Outcome.INFRASTRUCTURE)


def fails(case: CaseVerdict) -> bool:
    """Whether the program itself failed the case."""
    return case.outcome not in _NOT_ITS_FAILURE


def failing_case(sample: FailingSample) -> CaseVerdict:
    """The first case that the program itself failed, which is the paper's choice. Raises NotLocalized."""
    for case in sample.verdict.cases:
        if fails(case):
            return case
    raise NotLocalized("no_failing_case")


def run_candidate(sample: FailingSample) -> tuple[CaseVerdict, Trace]:
    """The candidate's trace of the failing case. Raises NotLocalized if the run left none."""
    case = failing_case(sample)
    _, data = sample.sandbox.trace(sample.problem, sample.program, case.index)
    trace = decode(data)
    if not trace.events:
        raise NotLocalized("no_trace")
    return case, trace


class ReferenceTraces:
    """Traces of the references, kept by task and case: every sample of a group asks for the same ones."""

    def __init__(self, size: int = 2_000) -> None:
        self._size = size
        self._kept: OrderedDict[tuple[str, int], Trace] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, sample: FailingSample, case: int, trials: Trials | None = None) -> Trace:
        """``trials`` is the worker to run it on, if the caller has one. Raises NotLocalized if the problem has no
        reference, or its run left no trace.
        """
        problem = sample.problem
        if problem.reference is None:
            raise NotLocalized("no_reference")
        with self._lock:
            trace = self._kept.get((problem.task_id, case))
        if trace is None:
            if trials is not None:
                _, data = trials.trace(problem.reference, case)
            else:
                _, data = sample.sandbox.trace(problem, problem.reference, case)
            trace = decode(data)
            with self._lock:
                self._kept[problem.task_id, case] = trace
                while len(self._kept) > self._size:
                    self._kept.popitem(last=False)
        if not trace.events:
            raise NotLocalized("no_reference_trace")
        return trace
