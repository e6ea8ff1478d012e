"""From a program to its mode and what is to blame: the one pipeline behind the reward manager and ``egca localize``.

Samples of one group often hold the same program. Within a process they share one assessment: a policy that has settled
on an answer costs one run of it, not one a sample.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import CaseVerdict, Outcome, ProgramError, Verdict
from verl_egca.gates.check import Broken
from verl_egca.gates.gate import ConstraintGate, NoConstraints, gate
from verl_egca.gates.mode import Mode
from verl_egca.localization import FINDS_CAUSES, SEEDLESS
from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized, Options
from verl_egca.localization.egca import EgcaLocalizer
from verl_egca.localization.reported import ReportedLocalizer
from verl_egca.problem import Problem
from verl_egca.sharing import Shared

logger = logging.getLogger(__name__)

_REMEMBERED_CHARACTERS = 50_000_000  # of assessments that later samples may share
_OURS = "localizer_error"
_OTHER_METHODS = frozenset({"uniform", "executed"})  # GRPO and StepCoder, to which a reference means nothing


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known of a program once it has been run.

    ``mode`` is None if the sandbox failed on it or its tests can't judge it; nothing may be concluded then.
    ``not_localized`` is the reason where a LOGIC or SYNTAX program has no ``localization``. Times in seconds; none where
    it is ``shared``, an earlier sample's assessment of the same program. ``broken`` is why a program is CONSTRAINT; if it
    is not comparable with the reference, ``guess`` is what would have been blamed.
    """

    mode: Mode | None
    verdict: Verdict
    localization: Localization | None = None
    not_localized: str | None = None
    run_s: float = 0.0
    localize_s: float = 0.0
    shared: bool = False
    broken: Broken | None = None
    guess: Localization | None = None

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
        options = options or Options()
        self._finds_causes = localizer.name in FINDS_CAUSES and options.runtime_errors == "cause"
        self._only_proven = localizer.name == EgcaLocalizer.name and options.unconfirmed == "uniform"
        self._localizer = localizer
        self._constraints = constraints or NoConstraints()
        self._reported = ReportedLocalizer()
        self._shared = Shared(_says_something_of_the_program, _characters, _REMEMBERED_CHARACTERS)

    def assess(self, problem: Problem, program: str, *, seed: int) -> Assessment:
        """Raises SandboxError if the sandbox does not work at all; whatever the program does is in the answer.

        The same program for the same problem, and for a localizer that draws with the same seed, is assessed once.
        """
        draws = None if self._localizer.name in SEEDLESS else seed
        key = (_digest(repr(problem)), _digest(program), draws)
        found, shared = self._shared.get(key, lambda: self._assess(problem, program, seed))
        return replace(found, run_s=0.0, localize_s=0.0, shared=True) if shared else found

    def _assess(self, problem: Problem, program: str, seed: int) -> Assessment:
        started = time.perf_counter()
        verdict = self._sandbox.run(problem, program)
        run_s = time.perf_counter() - started
        failure = verdict.first_failure
        if failure is not None and failure.outcome in (Outcome.INFRASTRUCTURE, Outcome.UNSUPPORTED):
            return Assessment(None, verdict, not_localized=str(failure.outcome), run_s=run_s)
        mode, broken = gate(problem, program, verdict, self._constraints)
        if mode not in (Mode.LOGIC, Mode.SYNTAX):
            return Assessment(mode, verdict, run_s=run_s, broken=broken)
        sample = FailingSample(problem, program, verdict, self._sandbox, seed)
        started = time.perf_counter()
        localization, reason = self._localize(mode, sample)
        broken = self._incomparable(mode, sample, localization)
        localize_s = time.perf_counter() - started
        if broken is not None:
            return Assessment(
                Mode.CONSTRAINT, verdict, run_s=run_s, localize_s=localize_s, broken=broken, guess=localization
            )
        return Assessment(mode, verdict, localization, reason, run_s, localize_s)

    def _incomparable(self, mode: Mode, sample: FailingSample, found: Localization | None) -> Broken | None:
        """What sets the program apart from the reference, where that matters: nothing was proven about it."""
        is_proven = found is not None and found.confirmed == "full"
        if mode is not Mode.LOGIC or is_proven or self._localizer.name in _OTHER_METHODS:
            return None
        return self._constraints.incomparable(sample.problem, sample.program, localized=True)

    def _localize(self, mode: Mode, sample: FailingSample) -> tuple[Localization | None, str | None]:
        reason = "no_localizer"
        for localizer in self._localizers(mode, sample.verdict.first_failure):
            try:
                return localizer.localize(sample), None
            except NotLocalized as why:
                reason = str(why)
            except Exception:
                logger.exception("egca: localizer %s failed on task %s", localizer.name, sample.problem.task_id)
                reason = _OURS
        return None, reason

    def _localizers(self, mode: Mode, failure: CaseVerdict | None) -> Iterator[Localizer]:
        """Who is asked, one after the other. What the interpreter reported is the paper's rule for SYNTAX."""
        if mode is not Mode.SYNTAX or self._localizer.name == "uniform":
            yield self._localizer
            return
        if self._finds_causes and failure is not None and failure.outcome is not Outcome.SYNTAX:
            yield self._localizer
            if self._only_proven:
                return
        yield self._reported


def _says_something_of_the_program(assessment: Assessment) -> bool:
    """Whether another sample may be told the same: not where the sandbox or our own code failed."""
    if assessment.not_localized == _OURS:
        return False
    return all(case.outcome is not Outcome.INFRASTRUCTURE for case in assessment.verdict.cases)


def _characters(assessment: Assessment) -> int:
    """About what it weighs."""
    texts = (text for case in assessment.verdict.cases for text in (case.case, case.got, case.expected, case.call))
    evidence = repr(assessment.localization.evidence) if assessment.localization else ""
    return 1_000 + len(evidence) + sum(200 + len(text or "") for text in texts)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
