"""From a program to its mode and what is to blame: the one pipeline behind the reward manager and ``egca localize``."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import CaseVerdict, Outcome, ProgramError, Verdict
from verl_egca.gates.gate import ConstraintGate, NoConstraints, gate
from verl_egca.gates.mode import Mode
from verl_egca.localization import FINDS_CAUSES
from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized, Options
from verl_egca.localization.reported import ReportedLocalizer
from verl_egca.problem import Problem

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known of a program once it has been run.

    ``mode`` is None if the sandbox failed on it or its tests can't judge it; nothing may be concluded then.
    ``not_localized`` is the reason where a LOGIC or SYNTAX program has no ``localization``. Times in seconds.
    """

    mode: Mode | None
    verdict: Verdict
    localization: Localization | None = None
    not_localized: str | None = None
    run_s: float = 0.0
    localize_s: float = 0.0

    @property
    def failing_case(self) -> CaseVerdict | None:
        return self.verdict.first_failure

    @property
    def error(self) -> ProgramError | None:
        failure = self.failing_case
        return failure.error if failure is not None else None


class Assessor:
    """Runs, gates and localizes; safe to call from several threads."""

    def __init__(
        self,
        sandbox: Sandbox,
        localizer: Localizer,
        constraints: ConstraintGate | None = None,
        options: Options | None = None,
    ) -> None:
        """``options`` are those that the localizer was made with."""
        self._sandbox = sandbox
        self._finds_causes = localizer.name in FINDS_CAUSES and (options or Options()).runtime_errors == "cause"
        self._localizer = localizer
        self._constraints = constraints or NoConstraints()
        self._reported = ReportedLocalizer()

    def assess(self, problem: Problem, program: str, *, seed: int) -> Assessment:
        """Raises SandboxError if the sandbox does not work at all; whatever the program does is in the answer."""
        started = time.perf_counter()
        verdict = self._sandbox.run(problem, program)
        run_s = time.perf_counter() - started
        failure = verdict.first_failure
        if failure is not None and failure.outcome in (Outcome.INFRASTRUCTURE, Outcome.UNSUPPORTED):
            return Assessment(None, verdict, not_localized=str(failure.outcome), run_s=run_s)
        mode = gate(problem, program, verdict, self._constraints)
        if mode not in (Mode.LOGIC, Mode.SYNTAX):
            return Assessment(mode, verdict, run_s=run_s)
        sample = FailingSample(problem, program, verdict, self._sandbox, seed)
        started = time.perf_counter()
        localization, reason = self._localize(mode, sample)
        return Assessment(mode, verdict, localization, reason, run_s, time.perf_counter() - started)

    def _localize(self, mode: Mode, sample: FailingSample) -> tuple[Localization | None, str | None]:
        reason = "no_localizer"
        for localizer in self._localizers(mode, sample.verdict.first_failure):
            try:
                return localizer.localize(sample), None
            except NotLocalized as why:
                reason = str(why)
            except Exception:
                logger.exception("egca: localizer %s failed on task %s", localizer.name, sample.problem.task_id)
                reason = "localizer_error"
        return None, reason

    def _localizers(self, mode: Mode, failure: CaseVerdict | None) -> Iterator[Localizer]:
        """Who is asked, one after the other. What the interpreter reported is the paper's rule for SYNTAX."""
        if mode is not Mode.SYNTAX or self._localizer.name == "uniform":
            yield self._localizer
            return
        if self._finds_causes and failure is not None and failure.outcome is not Outcome.SYNTAX:
            yield self._localizer
        yield self._reported
