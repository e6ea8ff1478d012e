"""The trainer's end of one worker: starts its judge, asks it, and notices when it is lost."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import select
import struct
import subprocess
import sys
import tempfile
from collections import OrderedDict
from typing import Any

from verl_egca.execution.judge import KEPT_TESTS
from verl_egca.execution.limits import Limits
from verl_egca.execution.watch import OVERRUN
from verl_egca.problem import Problem

_JUDGE = ("-s", "-P", "-m", "verl_egca.execution.start")
_GRACE_S = 60.0


class Lost(Exception):
    """The worker died, hangs, or talks nonsense."""


class Overrun(Exception):
    """The judge had to be ended in the middle of a test that did not end on what the program returned."""

    def __init__(self, case: int) -> None:
        super().__init__(f"case {case}")
        self.case = case


class Worker:
    """One judge process and, below it, its warm process and one program at a time."""

    def __init__(self, limits: Limits, withhold: tuple[str, ...] = ()) -> None:
        """Raises Lost if it does not start."""
        # A fresh interpreter with a clean environment, not a fork: a trainer's memory is neither copied nor readable.
        self._folder = tempfile.TemporaryDirectory(prefix="egca-", ignore_cleanup_errors=True)
        progress = os.memfd_create("progress")
        os.ftruncate(progress, 4)
        settings = {**limits.model_dump(mode="json"), "withhold": list(withhold)}
        self._process = subprocess.Popen(
            [sys.executable, *_JUDGE, json.dumps(settings), str(progress), self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            pass_fds=[progress],
            start_new_session=True,
        )
        self._progress = mmap.mmap(progress, 4)
        os.close(progress)
        # whose tests the judge keeps: forgotten in the very order in which it forgets (see `Judge._kind`)
        self._known: OrderedDict[str, None] = OrderedDict()
        self._patience = _GRACE_S + 11 * limits.wall_seconds + limits.cpu_seconds  # a case can't take longer
        try:
            told = self._read()
            if "failed" in told:
                raise Lost(told["failed"])
        except Lost:
            self.kill()
            raise
        self.layers: tuple[str, ...] = tuple(told["layers"])
        self.reasons: dict[str, str] = told["reasons"]

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, problem: Problem, program: str, **request: Any) -> dict[str, Any]:
        """The judge's answer (see `judge.Judge.answer`). Raises Lost, Overrun."""
        key = _key(problem)
        defaults: dict[str, Any] = {"cases": None, "skip": [], "events": 0, "trials": None}
        request = {"key": key, "program": program, **defaults, **request}
        if key not in self._known:
            request |= {"tests": problem.tests.model_dump(mode="json"), "entry_point": problem.entry_point}
            request |= {"preamble": problem.preamble, "reference": problem.reference}
            if len(self._known) == KEPT_TESTS:
                self._known.popitem(last=False)
        self._known[key] = None
        self._known.move_to_end(key)
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
        except OSError as error:
            raise self._lost(str(error)) from None
        return self._read()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()  # its input ends, and so do it and its zygote
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()
        self._clean_up()

    def kill(self) -> None:
        self._process.kill()  # its zygote and the programs die with it (PDEATHSIG)
        self._process.wait()
        self._clean_up()

    def _read(self) -> dict[str, Any]:
        stdout = self._process.stdout
        assert stdout is not None
        waited, before = 0.0, self._case()
        while not select.select([stdout], [], [], 1.0)[0]:
            waited = waited + 1.0 if self._case() == before else 0.0
            before = self._case()
            if waited >= self._patience:
                raise Lost(f"no answer for {waited:.0f} s")
        line = stdout.readline()
        if not line.endswith(b"\n"):
            raise self._lost("it ended")
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise Lost(f"its answer is no JSON: {error}") from None
        return answer

    def _lost(self, what: str) -> Lost | Overrun:
        status = self._process.wait()
        return Overrun(self._case()) if status == -OVERRUN else Lost(f"{what} (status {status})")

    def _case(self) -> int:
        return int(struct.unpack_from("i", self._progress, 0)[0])

    def _clean_up(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:  # what was still to be written to it
                pass
        self._progress.close()
        self._folder.cleanup()


def _key(problem: Problem) -> str:
    """Names the tests of a problem by their content."""
    try:
        tests = problem.tests.model_dump_json()
    except ValueError:  # half of a pair of surrogates in a text, which JSON can only have escaped
        tests = json.dumps(problem.tests.model_dump(mode="json"))
    content = repr((problem.entry_point, problem.preamble, problem.reference, tests))
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
