"""A survey of a file of rows before training: shapes, references, faults.

It reads the file once, row by row. It runs each reference against its own tests, and each problem's tests against an
empty program, until a budget is used up; the rest counts as unchecked.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from verl_egca.data.reference_choice import MOST_REFERENCES
from verl_egca.data.row_problem import NO_TESTS, RowPlace, reading_of_row
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
    """A fault of a row. In training only the last two keep EGCA from judging its samples."""

    NOT_PYTHON = "the reference is not Python"
    REFERENCE_FAILS = "the reference fails its own tests"
    TESTS_NOTHING = "an empty program passes the tests"
    NO_VERDICT = "the tests can't be judged"
    UNREADABLE = "the row can't be read"


@dataclass(slots=True)
class Survey:
    """Counts of rows. ``shapes``: by shape; ``references``: by shape, with a reference; ``sources``: without program
    tests, by data source; ``slow``: that give a case more time than the sandbox, up to ``slowest_s`` seconds;
    ``unchecked``: after the budget; ``counts``: by fault. ``faults`` names the first rows of each.
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

    def note(self, fault: Fault, row: str) -> None:
        self.counts[fault] += 1
        named = self.faults.setdefault(fault, [])
        if len(named) < _NAMED:
            named.append(row)


class Budget:
    """Seconds for references, summed over the sandbox's workers: at least the CPU time that they use."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.used = 0.0

    @property
    def is_left(self) -> bool:
        return self.used < self.seconds


@dataclass(frozen=True, slots=True)
class _Checked:
    """The time and the faults of running one row's references."""

    seconds: float
    faults: tuple[tuple[Fault, str], ...]


def survey(path: Path, sandbox: Sandbox, workers: int, budget: Budget) -> Survey:
    """Read a file once, and run its references with ``workers`` of the sandbox, within the budget.

    Raises:
        BadInput: the file can't be read. Unreadable rows are counted.
    """
    found = Survey(path)

    def take(checked: _Checked) -> None:
        budget.used += checked.seconds
        found.checked += 1
        for fault, row in checked.faults:
            found.note(fault, row)

    with ThreadPoolExecutor(workers) as threads:
        running: deque[Future[_Checked]] = deque()
        for number, row, problem, references in _problems(found):
            if (limit := time_limit_of_row(row)) is not None and limit > sandbox.limits.cpu_seconds:
                found.slow, found.slowest_s = found.slow + 1, max(found.slowest_s, limit)
            if not budget.is_left:
                found.unchecked += 1
                continue
            running.append(threads.submit(_check, sandbox, f"row {number} ({problem.task_id})", problem, references))
            while len(running) > _AHEAD * workers or (running and running[0].done()):
                take(running.popleft().result())
        for future in running:
            take(future.result())
    return found


def _problems(found: Survey) -> Iterator[tuple[int, Row, Problem, tuple[str, ...]]]:
    """Number, row, problem and references of the rows that hold program tests; notes the others."""
    for number, row in read_rows(found.path):
        try:
            read = reading_of_row(row, RowPlace(path=found.path, number=number))
        except BadInput as error:
            found.first_error = found.first_error or error
            found.note(Fault.UNREADABLE, str(error))
            continue
        found.shapes[read.shape] += 1
        if read.problem is None:
            found.sources[str(row.get("data_source"))] += 1
            continue
        found.references[read.shape] += bool(read.references)
        yield number, row, read.problem, read.references


def _check(sandbox: Sandbox, where: str, problem: Problem, references: tuple[str, ...]) -> _Checked:
    started = time.monotonic()
    faults: list[tuple[Fault, str]] = []
    try:
        empty = sandbox.run(problem, "", cases=[0])
        if empty.passed and sandbox.run(problem, "").passed:
            faults.append((Fault.TESTS_NOTHING, where))
        elif (why := _no_verdict(empty)) is not None:
            faults.append((Fault.NO_VERDICT, f"{where}: {why}"))
        else:
            faults += _reference_faults(sandbox, where, problem, references)
    except SandboxError as error:
        faults.append((Fault.NO_VERDICT, f"{where}: {error}"))
    return _Checked(time.monotonic() - started, tuple(faults))


def _reference_faults(
    sandbox: Sandbox, where: str, problem: Problem, references: tuple[str, ...]
) -> Iterator[tuple[Fault, str]]:
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
