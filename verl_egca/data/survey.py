"""What a file of rows holds, before anything is trained on it: shapes, references, what can't be judged.

The file is read once, row by row. Each reference is run against its own tests, and each problem's tests against an empty
program, until a budget is used up; the rest counts as unchecked.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from verl_egca.data.reference_choice import MOST_REFERENCES
from verl_egca.data.row_problem import NO_TESTS, RowPlace, problem_of_row, references_of_row, shape_of_row
from verl_egca.data.rows import BadInput, Row, read_rows
from verl_egca.data.time_limits import time_limit_of_row
from verl_egca.execution.sandbox import Sandbox, SandboxError
from verl_egca.execution.verdict import Outcome, Verdict
from verl_egca.problem import Problem
from verl_egca.statements import parse

_NAMED = 20  # rows of one fault that are named; all are counted
_AHEAD = 4  # rows read ahead for each worker
_NO_VERDICT = (Outcome.INFRASTRUCTURE, Outcome.UNSUPPORTED)


class Fault(StrEnum):
    """What is wrong with a row. In training only the last two keep EGCA from judging its samples."""

    NOT_PYTHON = "the reference is not Python"
    REFERENCE_FAILS = "the reference fails its own tests"
    TESTS_NOTHING = "an empty program passes the tests"
    NO_VERDICT = "the tests can't be judged"
    UNREADABLE = "the row can't be read"


@dataclass(slots=True)
class Survey:
    """``shapes`` counts rows; ``references`` and ``without_reference`` are of rows with program tests.

    ``slow`` rows allow a case more time than the sandbox does, up to ``slowest_s`` seconds.
    ``sources`` are the data sources of the rows without program tests, counted. ``unchecked`` rows came after the budget.
    ``faults`` names the first rows of each fault, ``counts`` counts all of them.
    """

    path: Path
    shapes: Counter[str] = field(default_factory=Counter)
    references: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    slow: int = 0
    slowest_s: float = 0.0
    checked: int = 0
    unchecked: int = 0
    counts: Counter[Fault] = field(default_factory=Counter)
    faults: dict[Fault, list[str]] = field(default_factory=dict)
    first_error: BadInput | None = None

    @property
    def rows(self) -> int:
        return sum(self.shapes.values()) + self.counts[Fault.UNREADABLE]

    @property
    def problems(self) -> int:
        """Rows whose tests can be read."""
        return sum(self.shapes.values()) - self.shapes[NO_TESTS]

    def note(self, fault: Fault, told: str) -> None:
        self.counts[fault] += 1
        named = self.faults.setdefault(fault, [])
        if len(named) < _NAMED:
            named.append(told)


class Budget:
    """Seconds in which the sandbox's workers are busy with references, all together: at least the CPU time that they use."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.used = 0.0

    @property
    def is_left(self) -> bool:
        return self.used < self.seconds


def survey(
    path: Path, sandbox: Sandbox, workers: int, budget: Budget, rows: Iterable[tuple[int, Row]] | None = None
) -> Survey:
    """Read a file once and run its references as far as the budget goes.

    Args:
        rows: the file's rows with their numbers, where somebody else reads them.

    Raises:
        BadInput: the file can't be read; a row that can't be is counted.
        SandboxError: three workers of the sandbox were lost one after the other.
    """
    found = Survey(path)
    with ThreadPoolExecutor(workers) as threads:
        running: deque[Future[Callable[[Survey], None]]] = deque()
        for number, row, problem in _problems(found, read_rows(path) if rows is None else rows):
            if (limit := time_limit_of_row(row)) is not None and limit > sandbox.limits.cpu_seconds:
                found.slow, found.slowest_s = found.slow + 1, max(found.slowest_s, limit)
            if not budget.is_left:
                found.unchecked += 1
                continue
            running.append(threads.submit(_check, sandbox, budget, number, row, problem))
            while len(running) > _AHEAD * workers or (running and running[0].done()):
                running.popleft().result()(found)
        for future in running:
            future.result()(found)
    return found


def _problems(found: Survey, rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, Row, Problem]]:
    """The rows that hold program tests; notes the others."""
    for number, row in rows:
        try:
            problem = problem_of_row(row, RowPlace(path=found.path, number=number))
            shape = shape_of_row(row)
        except BadInput as error:
            found.first_error = found.first_error or error
            found.note(Fault.UNREADABLE, str(error))
            continue
        found.shapes[NO_TESTS if problem is None else shape] += 1
        if problem is None:
            found.sources[str(row.get("data_source"))] += 1
            continue
        references = references_of_row(row)
        found.references[shape] += bool(references or problem.reference)
        yield number, row, problem


def _check(sandbox: Sandbox, budget: Budget, number: int, row: Row, problem: Problem) -> Callable[[Survey], None]:
    """Run a row's references; what is then to be noted, by the thread that owns the survey."""
    started = time.monotonic()
    where = f"row {number} ({problem.task_id})"
    faults: list[tuple[Fault, str]] = []
    try:
        empty = sandbox.run(problem, "", cases=[0])
        if empty.passed and sandbox.run(problem, "").passed:
            faults.append((Fault.TESTS_NOTHING, where))
        elif (why := _no_verdict(empty)) is not None:
            faults.append((Fault.NO_VERDICT, f"{where}: {why}"))
        else:
            faults += _reference_faults(sandbox, row, problem, where)
    except SandboxError as error:
        faults.append((Fault.NO_VERDICT, f"{where}: {error}"))
    budget.used += time.monotonic() - started

    def note(found: Survey) -> None:
        found.checked += 1
        for fault, told in faults:
            found.note(fault, told)

    return note


def _reference_faults(sandbox: Sandbox, row: Row, problem: Problem, where: str) -> Iterator[tuple[Fault, str]]:
    references = references_of_row(row) or ((problem.reference,) if problem.reference else ())
    parsing = [reference for reference in references if parse(reference, limit=None) is not None]
    if references and not parsing:
        yield Fault.NOT_PYTHON, where
    failures: list[str] = []
    for reference in parsing[:MOST_REFERENCES]:
        verdict = sandbox.run(problem, reference)
        if verdict.passed:
            return
        if (why := _no_verdict(verdict)) is not None:
            yield Fault.NO_VERDICT, f"{where}: {why}"
            return
        failures.append(_failure(verdict))
    if failures:
        yield Fault.REFERENCE_FAILS, f"{where}: {failures[0]}"


def _no_verdict(verdict: Verdict) -> str | None:
    """Why a program could not be judged; None if it was."""
    if not verdict.cases:
        return "there are no cases"
    for case in verdict.cases:
        if case.outcome in _NO_VERDICT:
            return f"{case.case}: {case.error.message if case.error else case.outcome}"
    return None


def _failure(verdict: Verdict) -> str:
    case = verdict.first_failure
    assert case is not None
    error = f"{case.error.type}: {case.error.message}" if case.error else f"got {case.got}, expected {case.expected}"
    return f"{case.case}: {error}"
