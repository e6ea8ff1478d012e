"""The trainer's side of the sandbox: programs in, verdicts out.

    with Sandbox(workers=2) as sandbox:
        verdict = sandbox.run(problem, program)
        with sandbox.trials(problem) as trials:                 # one worker, one warm process, many texts
            ((passed,),) = trials.passed([edited], cases=[3])

Blocking and safe to call from several threads; at most ``workers`` programs run at once, and callers wait for their
turn. A worker that dies or does not answer is replaced, and its program reported as `Outcome.INFRASTRUCTURE`, never as
failed.
"""

from __future__ import annotations

import base64
import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from verl_egca.execution.confinement.layers import Coverage, Layer, coverage, uncovered
from verl_egca.execution.confinement.remedies import remedies_for
from verl_egca.execution.limit_names import endless_test
from verl_egca.execution.limits import ConfinementError, Limits
from verl_egca.execution.outcome import ended_as, own_error
from verl_egca.execution.verdict import CaseVerdict, Outcome, ProgramError, Verdict
from verl_egca.execution.worker import Lost, Overrun, Worker
from verl_egca.problem import Problem

logger = logging.getLogger(__name__)

_DEATHS_IN_A_ROW = 3
_OVERRUNS = 3  # of one program, after which its other cases are not tried


class SandboxError(RuntimeError):
    """The sandbox itself does not work, or the tests can't be run; says nothing about the program."""


class Sandbox:
    """``withhold`` names layers of confinement that are not used though the kernel has them: for tests of what then holds."""

    def __init__(self, limits: Limits | None = None, workers: int = 1, *, withhold: Sequence[Layer] = ()) -> None:
        if workers < 1:
            raise ValueError(f"workers is {workers}; at least 1 is needed")
        self.limits = limits or Limits()
        self._withhold = tuple(str(layer) for layer in withhold)
        self._free: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        for _ in range(workers):
            self._free.put(None)  # started when first needed
        self._lock = threading.Lock()
        self._deaths = 0
        self._workers = workers

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the workers; programs that still run are waited for."""
        for _ in range(self._workers):
            worker = self._free.get()
            if worker is not None:
                worker.close()

    def check(self) -> tuple[Layer, ...]:
        """The layers in force in a worker, which is started if there is none.

        Raises:
            ConfinementError: fewer than ``limits.require`` wants, or a worker does not start; says which and why.
        """
        with self._leased() as lease:
            worker = lease.worker()
            return tuple(Layer(name) for name in worker.layers)

    def reasons(self) -> dict[str, str]:
        """Why each layer that is not in force is not."""
        with self._leased() as lease:
            return lease.worker().reasons

    def run(self, problem: Problem, program: str, cases: Sequence[int] | None = None) -> Verdict:
        """The verdict on a problem's cases, or on some of them by index.

        Raises:
            SandboxError: the problem's tests are not runnable, or three workers died one after the other.
            ConfinementError: this machine confines programs less than ``limits.require`` wants.
        """
        with self._leased() as lease:
            return lease.verdict(problem, program, cases)

    def trace(self, problem: Problem, program: str, case: int, max_events: int = 20_000) -> tuple[CaseVerdict, bytes]:
        """Run one case with the program instrumented; its verdict and what the instrumentation wrote.

        The program's process calls ``tracing.child.load`` in place of compiling and running the program, with a
        descriptor to write to. What it wrote until its end, however that came, is returned: at most 4 MiB, untrusted,
        to be read with ``tracing.trace.decode``.

        Raises:
            SandboxError, ConfinementError: as `run`.
        """
        with self._leased() as lease:
            return lease.trace(problem, program, case, max_events)

    @contextmanager
    def trials(self, problem: Problem, cpu_seconds: float | None = None) -> Iterator[Trials]:
        """A worker for one problem and texts of one program, which run one after the other in the same process.

        ``cpu_seconds`` is what a case of a trial may use, if that is to be less than the limits say.
        """
        with self._leased() as lease:
            trials = Trials(lease, problem, cpu_seconds)
            try:
                yield trials
            finally:
                trials.end()

    @contextmanager
    def _leased(self) -> Iterator[_Lease]:
        lease = _Lease(self, self._free.get())
        try:
            yield lease
        finally:
            self._free.put(lease.held)

    def start_worker(self) -> Worker:
        """For this module's own use. Raises Lost, ConfinementError."""
        worker = Worker(self.limits, self._withhold)
        layers = tuple(Layer(name) for name in worker.layers)
        wanted = Coverage(self.limits.require)
        if coverage(layers) < wanted:
            worker.close()
            raise _too_little(wanted, layers, worker.reasons)
        return worker

    def count_death(self, problem: Problem, error: Exception) -> None:
        """For this module's own use. Raises SandboxError at the third in a row."""
        logger.error("egca: a sandbox worker was lost on task %s (%s); replaced", problem.task_id, error)
        with self._lock:
            self._deaths += 1
            if self._deaths >= _DEATHS_IN_A_ROW:
                raise SandboxError(
                    f"{self._deaths} sandbox workers in a row were lost, the last one with: {error}"
                ) from error

    def count_answer(self) -> None:
        with self._lock:
            self._deaths = 0


def _too_little(wanted: Coverage, layers: tuple[Layer, ...], reasons: dict[str, str]) -> ConfinementError:
    have = coverage(layers)
    why = "; ".join(f"{layer} ({reason})" for layer, reason in reasons.items())
    text = (
        f"egca.sandbox.require is {wanted}, but this machine gives {'no' if have == Coverage.NONE else have} confinement: "
        f"a program could {'; '.join(uncovered(layers))}. Not in force: {why}. "
    )
    remedies = remedies_for(reasons)
    if remedies:
        text += f"What helps: {'; '.join(remedies)}. "
    if have == Coverage.REDUCED:
        text += "Or accept it: egca.sandbox.require=reduced. "
    return ConfinementError(text + "`egca doctor` says more", layers, reasons)


class Trials:
    """One worker for one problem, until its context ends.

    Texts of one program are tried in turn in the same warm process: a trial costs what loading it and its calls cost. What one text leaves behind in the process the next one finds. So a pass here is a finding, to be proven by
    `Sandbox.run`, which starts a process of its own.
    """

    def __init__(self, lease: _Lease, problem: Problem, cpu_seconds: float | None = None) -> None:
        self._lease, self._problem, self._cpu_seconds = lease, problem, cpu_seconds
        self._process = object()  # what trials that share a process have in common
        self.timeouts = self.exceeded = 0  # cases of trials so far that used up their time, or their steps

    @property
    def cpu_ms(self) -> float:
        """That trials and traces took so far in the worker, those of `on` too."""
        return self._lease.cpu_ms

    def on(self, problem: Problem) -> Trials:
        """Trials on other tests by the same worker and in the same process."""
        trials = Trials(self._lease, problem, self._cpu_seconds)
        trials._process = self._process
        return trials

    def end(self) -> None:
        """End the process. Further trials start another."""
        if self._lease.trying is not None:
            self._lease.trying = None
            self.passed([], [])
            self._lease.trying = None

    def run(self, program: str, cases: Sequence[int] | None = None) -> Verdict:
        """`Sandbox.run` by the same worker, in a process of its own."""
        self._lease.trying = None
        return self._lease.verdict(self._problem, program, cases)

    def traces(self, program: str, cases: Sequence[int], max_events: int = 20_000) -> list[bytes]:
        """The traces of some cases (see `tracing.trace.decode`), in the process of the trials; empty where there is none.

        Raises:
            SandboxError, ConfinementError: as `Sandbox.run`.
        """
        answer = self._ask([program], {"cases": list(cases), "events": max_events, "steps": 0})
        if answer is None:
            return [b"" for _ in cases]
        return [base64.b64decode(trace) for trace in answer["traces"][0]]

    @property
    def pid(self) -> int:
        """The process at the top of the worker: its judge."""
        return self._lease.worker().pid

    def passed(
        self, programs: Sequence[str], cases: Sequence[int], *, max_steps: int = 0, all_or_none: bool = False
    ) -> list[list[bool]]:
        """For each program which of the cases it passes; with ``all_or_none`` only up to the first that it fails.

        ``max_steps`` bounds each text's loops and calls, whatever the machine's speed (see `tracing.steps`); 0 is no bound.
        A worker that is lost on the way costs the trials of this call: none of them passed. Nor did those after the second
        case that used up its time.

        Raises:
            SandboxError, ConfinementError: as `Sandbox.run`.
        """
        answer = self._ask(programs, {"cases": list(cases), "steps": max_steps, "all_or_none": all_or_none})
        if answer is None:
            return [[False] * (1 if all_or_none else len(cases)) for _ in programs]
        return [passed or [False] * (1 if all_or_none else len(cases)) for passed in answer["passed"]]

    def values(
        self, programs: Sequence[str], cases: Sequence[int], *, max_steps: int = 0
    ) -> list[list[tuple[bool, str | None]]]:
        """As `passed`, and beside each answer what the program gave, shown in short, if that was a wrong value."""
        answer = self._ask(programs, {"cases": list(cases), "steps": max_steps, "all_or_none": False, "values": True})
        if answer is None:
            return [[(False, None)] * len(cases) for _ in programs]
        untried: list[tuple[bool, str | None]] = [(False, None)] * len(cases)
        return [list(zip(*both, strict=True)) or untried for both in zip(answer["passed"], answer["got"], strict=True)]

    def _ask(self, programs: Sequence[str], request: dict[str, Any]) -> dict[str, Any] | None:
        request.setdefault("values", False)
        fresh, self._lease.trying = self._lease.trying is not self._process, self._process
        request |= {"trials": list(programs), "fresh": fresh, "cpu_seconds": self._cpu_seconds}
        try:
            answer = self._lease.ask(self._problem, "", **request)
        except Overrun:
            answer = None
        self._lease.cpu_ms += answer["cpu_ms"] if answer is not None else 0.0
        self.timeouts += answer["timeouts"] if answer is not None else 1
        self.exceeded += answer["exceeded"] if answer is not None else 0
        return answer


class _Lease:
    """One of the sandbox's workers, for the caller alone."""

    def __init__(self, sandbox: Sandbox, held: Worker | None) -> None:
        self._sandbox = sandbox
        self.held = held
        self.trying: object = None  # the process that runs, as its trials name it
        self.cpu_ms = 0.0

    def worker(self) -> Worker:
        try:
            self.held = self.held or self._sandbox.start_worker()
        except Lost as error:
            raise ConfinementError(f"a sandbox worker does not start on this machine: {error}") from error
        return self.held

    def verdict(self, problem: Problem, program: str, cases: Sequence[int] | None, **request: Any) -> Verdict:
        overrun: dict[int, dict[str, Any]] = {}
        while True:
            try:
                answer = self.ask(problem, program, cases=_without(cases, overrun), skip=list(overrun), **request)
            except Overrun as error:
                ended = endless_test(self._sandbox.limits.cpu_seconds)
                case = {"index": error.case, "case": "", "passes_alone": None}
                overrun[error.case] = case | ended_as("timeout", error=own_error("timeout", ended))
                if len(overrun) < _OVERRUNS:
                    continue
                answer = {"cases": []}
            if answer is None:
                return Verdict((_infrastructure(0),))
            found = sorted([*answer["cases"], *overrun.values()], key=lambda case: case["index"])
            return Verdict(tuple(_case_verdict(case) for case in found))

    def trace(self, problem: Problem, program: str, case: int, max_events: int) -> tuple[CaseVerdict, bytes]:
        try:
            answer = self.ask(problem, program, cases=[case], events=max_events)
        except Overrun:
            return CaseVerdict(case, "", Outcome.TIMEOUT), b""
        if answer is None:
            return _infrastructure(case), b""
        return _case_verdict(answer["cases"][0]), base64.b64decode(answer["trace"])

    def ask(self, problem: Problem, program: str, **request: Any) -> dict[str, Any] | None:
        """The worker's answer, or None if it was lost. Raises Overrun, SandboxError, ConfinementError."""
        try:
            answer = self.worker().ask(problem, program, **request)
        except Overrun:
            self._drop()
            raise
        except Lost as error:
            self._drop()
            self._sandbox.count_death(problem, error)
            return None
        self._sandbox.count_answer()
        if "refused" in answer:
            raise SandboxError(f"task {problem.task_id}: {answer['refused']}")
        return answer

    def _drop(self) -> None:
        if self.held is not None:
            self.held.kill()
        self.held = None


def _without(cases: Sequence[int] | None, skipped: dict[int, Any]) -> list[int] | None:
    return None if cases is None else [case for case in cases if case not in skipped]


def _infrastructure(index: int) -> CaseVerdict:
    return CaseVerdict(index, "", Outcome.INFRASTRUCTURE)


def _case_verdict(case: dict[str, Any]) -> CaseVerdict:
    error = ProgramError(**case["error"]) if case["error"] else None
    outcome = Outcome(case["outcome"])
    shown = (case["got"], case["expected"], case["call"], case["passes_alone"])
    return CaseVerdict(case["index"], case["case"], outcome, error, *shown)
