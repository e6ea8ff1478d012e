"""From a program to its mode and its blamed places: the pipeline behind the reward manager and ``egca localize``.

Samples of one group often hold the same program. Within a process they share one verdict and one localization.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import CaseVerdict, Outcome, ProgramError, Verdict
from verl_egca.gates.check import Broken
from verl_egca.gates.gate import ConstraintGate, NoConstraints, gate
from verl_egca.gates.mode import Mode
from verl_egca.localization.base import Consultation, FailingSample, Localization, Localizer, NotLocalized
from verl_egca.localization.confirmed import Confirmed
from verl_egca.localization.reported import ReportedLocalizer
from verl_egca.problem import Problem
from verl_egca.sharing import Shared

logger = logging.getLogger(__name__)

_REMEMBERED_CHARACTERS = 50_000_000  # of verdicts and localizations that later samples may share
_OURS = "localizer_error"
_FOR_NOW = ("failed", "timeout", "skipped")  # the debugger's failures, not the program's


@dataclass(frozen=True, slots=True)
class Assessment:
    """A program's verdict, mode and localization.

    ``mode`` is None if the sandbox failed or the tests can't judge the program. ``not_localized`` is the reason why a
    LOGIC or SYNTAX program has no ``localization``. ``shared``: an earlier sample held the same program. ``consulted``
    is the debugger's outcome where it was due, and never set if ``shared``. ``broken`` is the reason for CONSTRAINT; if
    the program is not comparable with the reference, ``guess`` is the localization that was dropped.
    """

    mode: Mode | None
    verdict: Verdict
    localization: Localization | None = None
    not_localized: str | None = None
    consulted: Consultation | None = None
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


class Siblings(Protocol):
    """The other samples of the group, which decide whether this sample is worth a question to the debugger."""

    def judged(self, mode: Mode | None, verdict: Verdict) -> None:
        """Receives this sample's mode and verdict as soon as they are known."""
        ...

    def worth_asking(self) -> bool:
        """Whether this sample can have an advantage. May wait until that is decided."""
        ...


class Alone:
    """A sample without a group: always worth a question."""

    def judged(self, mode: Mode | None, verdict: Verdict) -> None:
        return None

    def worth_asking(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class _Judged:
    mode: Mode | None
    broken: Broken | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Blamed:
    localization: Localization | None
    reason: str | None
    broken: Broken | None
    consulted: Consultation | None


class Assessor:
    """Runs, gates and localizes; safe to call from several threads."""

    def __init__(self, sandbox: Sandbox, localizer: Localizer, constraints: ConstraintGate | None = None) -> None:
        self._sandbox = sandbox
        self._localizer = localizer
        self._constraints = constraints or NoConstraints()
        self._reported = ReportedLocalizer()
        self._verdicts = Shared[_Judged](_is_the_programs, _characters, _REMEMBERED_CHARACTERS)
        self._blames = Shared[_Blamed](_stays_true, _evidence_characters, _REMEMBERED_CHARACTERS)

    def assess(self, problem: Problem, program: str, *, seed: int, siblings: Siblings | None = None) -> Assessment:
        """Raises SandboxError if the sandbox does not work; the program's own errors are in the result.

        The same program for the same problem is assessed once; once per seed for a localizer that draws at random.
        """
        siblings = siblings or Alone()
        key = (_digest(problem.model_dump_json()), _digest(program))
        judged, shared = self._verdicts.get(key, lambda: self._judge(problem, program))
        siblings.judged(judged.mode, judged.verdict)
        known: dict[str, Any] = {"verdict": judged.verdict}
        if judged.mode is None:
            failure = judged.verdict.first_failure
            reason = str(failure.outcome) if failure is not None else None
            return Assessment(None, **known, not_localized=reason, shared=shared)
        mode = judged.mode
        if mode not in (Mode.LOGIC, Mode.SYNTAX):
            return Assessment(mode, **known, broken=judged.broken, shared=shared)
        sample = FailingSample(problem, program, judged.verdict, self._sandbox, seed, siblings.worth_asking)
        drawn_by = seed if self._localizer.draws else None
        blamed, shared = self._blames.get((*key, drawn_by), lambda: self._blame(mode, sample))
        known |= {"shared": shared, "consulted": None if shared else blamed.consulted}
        if blamed.broken is not None:
            return Assessment(Mode.CONSTRAINT, **known, broken=blamed.broken, guess=blamed.localization)
        return Assessment(mode, **known, localization=blamed.localization, not_localized=blamed.reason)

    def _judge(self, problem: Problem, program: str) -> _Judged:
        verdict = self._sandbox.run(problem, program)
        failure = verdict.first_failure
        if failure is not None and failure.outcome in (Outcome.INFRASTRUCTURE, Outcome.UNSUPPORTED):
            return _Judged(None, None, verdict)
        mode, broken = gate(problem, program, verdict, self._constraints)
        if mode is Mode.LOGIC:
            sample = FailingSample(problem, program, verdict, self._sandbox, seed=0)
            broken = self._incomparable(sample, None, localized=False)
        return _Judged(mode if broken is None else Mode.CONSTRAINT, broken, verdict)

    def _blame(self, mode: Mode, sample: FailingSample) -> _Blamed:
        localization, reason = self._localize(mode, sample)
        is_proven = localization is not None and localization.confirmed is Confirmed.FULL
        asked = mode is Mode.LOGIC and reason != _OURS and not is_proven
        broken = self._incomparable(sample, localization, localized=True) if asked else None
        consulted = sample.consulted[-1] if sample.consulted else None
        return _Blamed(localization, reason, broken, consulted)

    def _incomparable(self, sample: FailingSample, found: Localization | None, *, localized: bool) -> Broken | None:
        if not self._localizer.goes_by_reference:
            return None
        return self._constraints.incomparable(sample, found, localized=localized)

    def _localize(self, mode: Mode, sample: FailingSample) -> tuple[Localization | None, str | None]:
        reason = "no_localizer"
        for localizer in self._localizers(mode, sample.verdict.first_failure):
            if localizer.needs_reference and sample.problem.reference is None:
                reason = "no_reference"
                continue
            try:
                return localizer.localize(sample), None
            except NotLocalized as why:
                reason = str(why)
            except Exception:
                logger.exception("egca: localizer %s failed on task %s", localizer.name, sample.problem.task_id)
                reason = _OURS
        return None, reason

    def _localizers(self, mode: Mode, failure: CaseVerdict | None) -> Iterator[Localizer]:
        """The localizers to try, in order. The interpreter's report comes first for SYNTAX, by the paper's rule."""
        localizer, options = self._localizer, self._localizer.options
        if mode is not Mode.SYNTAX or not localizer.blames:
            yield localizer
            return
        ran = failure is not None and failure.outcome is not Outcome.SYNTAX
        if ran and localizer.finds_causes and options.runtime_errors == "cause":
            yield localizer
            if localizer.guesses and options.unconfirmed == "uniform":
                return
        yield self._reported


def _is_the_programs(judged: _Judged) -> bool:
    """Whether other samples may share the verdict: not if the sandbox failed."""
    return all(case.outcome is not Outcome.INFRASTRUCTURE for case in judged.verdict.cases)


def _stays_true(blamed: _Blamed) -> bool:
    """Whether other samples may share the localization: not if a localizer crashed or the debugger did not answer."""
    return blamed.reason != _OURS and (blamed.consulted is None or blamed.consulted.outcome not in _FOR_NOW)


def _characters(judged: _Judged) -> int:
    """The verdict's approximate weight in the cache."""
    texts = (text for case in judged.verdict.cases for text in (case.case, case.got, case.expected, case.call))
    return 1_000 + sum(200 + len(text or "") for text in texts)


def _evidence_characters(blamed: _Blamed) -> int:
    return 1_000 + (len(repr(blamed.localization.evidence)) if blamed.localization else 0)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
