"""References, with cached facts about their runs."""

from __future__ import annotations

import ast
import threading
from collections.abc import Sequence
from types import ModuleType

from cachetools import LRUCache

from verl_egca.execution.given import given_names
from verl_egca.execution.sandbox import Trials
from verl_egca.localization.base import FailingSample, NotLocalized
from verl_egca.localization.further import Further
from verl_egca.localization.twins.trees import scopes
from verl_egca.localization.twins.views import Reference
from verl_egca.problem import Problem, StdioTests
from verl_egca.statements import parse
from verl_egca.tracing.trace import Trace, decode

MAX_EVENTS = 4_000  # of a trace in the search for a twin
_MOST_STEPS = 2_000_000


class NeedsOtherCases(NotLocalized):
    """The reference fails the failing case alone: it depends on state that other cases leave, or it is wrong."""

    def __init__(self) -> None:
        super().__init__("needs_other_cases")


def given_to(problem: Problem) -> frozenset[str]:
    """Names that programs can use without a definition: modules, classes, and the names that the preamble defines.

    Names of functions (``count``, ``e``) are left out: such a name may also be a forgotten variable.
    """
    if isinstance(problem.tests, StdioTests):
        return frozenset()
    tree = parse(problem.preamble)
    scope = scopes(tree)[""] if tree is not None else None
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for item in (scope.items if scope is not None else ())
        if isinstance(item.node, ast.Import | ast.ImportFrom)
        for alias in item.node.names
    }
    defined = {getattr(node, "name", "") for node in (tree.body if tree is not None else ())}
    known = {name for name, value in given_names().items() if isinstance(value, ModuleType | type)}
    return frozenset({*known, *imported, *defined, *(scope.names if scope is not None else ())})


class KnownReference:
    """A problem's reference, with cached facts about its runs."""

    def __init__(self, problem: Problem, tree: ast.Module) -> None:
        self.parsed, self._source = Reference(tree), problem.reference or ""
        self.further = Further(problem)
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        self.called = tuple(dict.fromkeys(call.id for call in calls if isinstance(call, ast.Name)))
        self._traces: dict[int, Trace] = {}
        self._steps: dict[int, int] = {}
        self._passed_alone: set[int] = set()

    def fails_alone(self, case: int, trials: Trials) -> bool:
        """Whether it fails a case in a fresh process; False if its trace is cut: the run is too long for a trial."""
        if case in self._passed_alone:
            return False
        trace = self.traces([case], trials).get(case)
        if trace is not None and trace.cut:
            return False
        trials.end()
        passed = trials.passed([self._source], [case])[0][0]
        if passed:
            self._passed_alone.add(case)
        return not passed

    def traces(self, cases: Sequence[int], trials: Trials) -> dict[int, Trace]:
        """The traces of the given cases, without cases that left no trace."""
        new = [case for case in cases if case not in self._traces]
        if new:
            trials.end()  # other samples share the result: no program under test may have run in its process
            found = trials.traces(self._source, new, MAX_EVENTS)
            self._traces |= {case: decode(data) for case, data in zip(new, found, strict=True)}
        return {case: self._traces[case] for case in cases if self._traces[case].events}

    def steps(self, case: int, trials: Trials) -> int:
        """A budget of steps, with a margin, in which it passes a case."""
        if case not in self._steps:
            trace = self.traces([case], trials).get(case)
            events = len(trace.events) if trace is not None else MAX_EVENTS
            steps = 8 * events  # nearly every step leaves an event
            if events >= MAX_EVENTS:  # the trace was cut
                trials.end()
                while steps < _MOST_STEPS and not trials.passed([self._source], [case], max_steps=steps // 4)[0][0]:
                    steps *= 8
            self._steps[case] = steps
        return self._steps[case]


class References:
    """Known references by problem, shared by all samples of a group."""

    def __init__(self, size: int = 1_000) -> None:
        self._kept: LRUCache[tuple[str, str], KnownReference | None] = LRUCache(size)
        self._lock = threading.Lock()

    def of(self, problem: Problem) -> KnownReference | None:
        """None if the problem has no reference that parses."""
        if problem.reference is None:
            return None
        key = problem.task_id, problem.reference
        with self._lock:
            if key not in self._kept:
                tree = parse(problem.reference)
                self._kept[key] = KnownReference(problem, tree) if tree is not None else None
            return self._kept[key]


class ReferenceTraces:
    """Traces of the references by task and case, shared by all samples of a group."""

    def __init__(self, size: int = 2_000) -> None:
        self._kept: LRUCache[tuple[str, int], Trace] = LRUCache(size)
        self._lock = threading.Lock()

    def get(self, sample: FailingSample, case: int) -> Trace:
        """Raises NotLocalized if the problem has no reference, or its run left no trace."""
        problem = sample.problem
        if problem.reference is None:
            raise NotLocalized("no_reference")
        with self._lock:
            trace = self._kept.get((problem.task_id, case))
        if trace is None:
            _, data = sample.sandbox.trace(problem, problem.reference, case)
            trace = decode(data)
            with self._lock:
                self._kept[problem.task_id, case] = trace
        if not trace.events:
            raise NotLocalized("no_reference_trace")
        return trace
