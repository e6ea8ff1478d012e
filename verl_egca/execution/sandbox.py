"""The trainer's side of the sandbox: programs in, verdicts out.

    with Sandbox(workers=2) as sandbox:
        verdict = sandbox.run(problem, program)

Blocking and safe to call from several threads; at most ``workers`` programs run at once, and callers wait for their
turn. A worker that dies or does not answer is replaced, and its program reported as `Outcome.INFRASTRUCTURE`, never as
failed.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import queue
import select
import subprocess
import sys
import threading
from types import TracebackType
from typing import Any

from verl_egca.execution.limits import Limits
from verl_egca.execution.verdict import CaseVerdict, Outcome, ProgramError, Verdict
from verl_egca.problem import Problem

logger = logging.getLogger(__name__)

_DEATHS_IN_A_ROW = 3
_GRACE_S = 60.0


class SandboxError(RuntimeError):
    """The sandbox itself does not work, or the tests can't be run; says nothing about the program."""


class Sandbox:
    def __init__(self, limits: Limits | None = None, workers: int = 1) -> None:
        if workers < 1:
            raise ValueError(f"workers is {workers}; at least 1 is needed")
        self.limits = limits or Limits()
        self._free: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
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

    def run(self, problem: Problem, program: str) -> Verdict:
        """The verdict on all of a problem's cases.

        Raises:
            SandboxError: the problem's tests are not runnable, or three workers died one after the other.
        """
        answer = self._ask(problem, program, case=None, max_events=0)
        if answer is None:
            return Verdict((_infrastructure(0),))
        return Verdict(tuple(_case_verdict(case) for case in answer["cases"]))

    def trace(self, problem: Problem, program: str, case: int, max_events: int = 20_000) -> tuple[CaseVerdict, bytes]:
        """Run one case with the program instrumented; its verdict and what the instrumentation wrote.

        The program's process calls ``tracing.child.load`` in place of compiling and running the program, with a
        descriptor to write to. What it wrote until its end, however that came, is returned: at most 4 MiB, untrusted,
        to be read with ``tracing.trace.decode``.

        Raises:
            SandboxError: as `run`.
        """
        answer = self._ask(problem, program, case=case, max_events=max_events)
        if answer is None:
            return _infrastructure(case), b""
        return _case_verdict(answer["cases"][0]), base64.b64decode(answer["trace"])

    def _ask(self, problem: Problem, program: str, *, case: int | None, max_events: int) -> dict[str, Any] | None:
        """A worker's answer, or None if the worker was lost."""
        request = {
            "tests": problem.tests.model_dump(mode="json"),
            "entry_point": problem.entry_point,
            "program": program,
            "case": case,
            "max_events": max_events,
        }
        worker = self._free.get()
        try:
            if worker is None:
                worker = _Worker(self.limits)
            answer = worker.ask(request, self._deadline(problem))
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            logger.error("egca: a sandbox worker was lost on task %s (%s); replaced", problem.task_id, error)
            if worker is not None:
                worker.kill()
            worker = None
            self._count_death(error)
            return None
        finally:
            self._free.put(worker)
        with self._lock:
            self._deaths = 0
        if "refused" in answer:
            raise SandboxError(f"task {problem.task_id}: {answer['refused']}")
        return answer

    def _count_death(self, error: Exception) -> None:
        with self._lock:
            self._deaths += 1
            if self._deaths >= _DEATHS_IN_A_ROW:
                raise SandboxError(
                    f"{self._deaths} sandbox workers in a row were lost, the last one with: {error}"
                ) from error

    def _deadline(self, problem: Problem) -> float:
        """Seconds after which a worker is taken for lost: more than all budgets together allow."""
        tests = problem.tests
        count = (
            len(tests.assertions)
            if tests.kind == "assertions"
            else len(tests.expected if tests.kind == "calls" else tests.inputs)
        )
        return _GRACE_S + 10 * self.limits.wall_seconds * (count + 20)


class _Worker:
    """One judge process."""

    def __init__(self, limits: Limits) -> None:
        # A fresh interpreter with a clean environment, not a fork: a trainer's memory is neither copied nor readable.
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-m", "verl_egca.execution.judge", limits.model_dump_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": _tmp()},
            start_new_session=True,
        )

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Raises OSError, EOFError, TimeoutError or ValueError when the worker is lost."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(request).encode() + b"\n")
        stdin.flush()
        if not select.select([stdout], [], [], seconds)[0]:
            raise TimeoutError(f"no answer for {seconds:.0f} s")
        line = stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError(f"the worker ended with status {self._process.poll()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()  # its input ends, and so do it and its zygote
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()
        self._close_pipes()

    def kill(self) -> None:
        self._process.kill()  # its zygote and the programs die with it (PDEATHSIG)
        self._process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass


def _tmp() -> str:
    return os.environ.get("TMPDIR", "/tmp")


def _infrastructure(index: int) -> CaseVerdict:
    return CaseVerdict(index, "", Outcome.INFRASTRUCTURE)


def _case_verdict(case: dict[str, Any]) -> CaseVerdict:
    error = ProgramError(**case["error"]) if case["error"] else None
    return CaseVerdict(case["index"], case["case"], Outcome(case["outcome"]), error, case["got"], case["expected"])
