"""One sampled response, from its token ids to what the trainer needs: reward, mode, and the tokens to blame.

`SampleScorer` joins the parts (response, execution, gates, localization, spans) and knows no trainer. Its answer is in two
parts: a `SampleRecord`, the one small record per sample that travels to the driver, and for a failing sample its
`SampleEvidence`, which stays where the sample was scored and is asked for only if someone wants to read it.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from verl_egca.assessment import Assessment, Assessor
from verl_egca.config.settings import Settings
from verl_egca.execution.verdict import CaseVerdict, Verdict
from verl_egca.gates.mode import Mode
from verl_egca.localization.base import Consultation
from verl_egca.localization.evidence import bounded, cut_text
from verl_egca.problem import Problem
from verl_egca.program_tokens import TokenRun, token_runs
from verl_egca.response import Program, extract_program
from verl_egca.source import SourceRange, SourceText
from verl_egca.spans import Tokenizer, TokenPieces, token_pieces

logger = logging.getLogger(__name__)


class SampleRecord(BaseModel):
    """What a trainer has to know of one sample once its reward is computed: some hundred bytes, whatever the program.

    ``mode`` is None if our own code failed on it: the reward is then unknown, and the sample gets no advantage.
    ``spans`` are half-open ranges of response tokens. ``rollout_ended``, ``reward_started`` (a thread took it up) and
    ``reward_ended`` are seconds since the epoch on the reward worker's clock. ``shared``: an earlier sample of the worker
    held the same program and was assessed for both. ``program_digest`` is equal for equal programs. ``worker`` scored the
    sample and, where it failed, keeps its evidence under the number ``evidence_number``. ``constraint`` is what a sample in
    CONSTRAINT breaks: its kind, a colon, and a sentence. ``debugger`` is set where one was to be asked.
    """

    model_config = ConfigDict(frozen=True)

    task_id: str
    mode: Mode | None
    reward: float
    tests_passed: int = 0
    tests_total: int = 0
    spans: tuple[tuple[int, int], ...] = ()
    response_tokens: int
    localizer: str | None = None
    confirmed: str | None = None
    not_localized: str | None = None
    failure: str | None = None
    shared: bool = False
    rollout_ended: float
    reward_started: float | None = None
    reward_ended: float
    places: tuple[tuple[int, int, int, int], ...] = ()
    outcome: str | None = None
    program_digest: str | None = None
    worker: str | None = None
    evidence_number: int | None = None
    debugger: Consultation | None = None
    constraint: str | None = None

    @property
    def passed(self) -> bool:
        """All of its tests, whatever else its mode says."""
        return self.mode is not None and 0 < self.tests_total == self.tests_passed


class SampleEvidence(BaseModel):
    """What a failing sample can be understood by: its program, the failing test, and what the localizer saw.

    ``tokens`` says which response tokens wrote which characters of the program.
    """

    model_config = ConfigDict(frozen=True)

    program: str | None = None
    tokens: tuple[TokenRun, ...] = ()
    case: str | None = None
    got: str | None = None
    expected: str | None = None
    error: dict[str, Any] | None = None
    evidence: dict[str, Any] = {}


class Group(Protocol):
    """The samples of one prompt, as far as one of them has to know of the others."""

    def tell(self, reward: float | None) -> None:
        """This sample's reward; None if it is unknown."""
        ...

    def varies(self) -> bool:
        """Whether the rewards differ, so that there are advantages. May wait until that is decided."""
        ...


class _InGroup:
    """`assessment.Siblings` in terms of rewards."""

    def __init__(self, group: Group, reward: Callable[[Mode | None, Verdict], float]) -> None:
        self._group, self._reward = group, reward

    def judged(self, mode: Mode | None, verdict: Verdict) -> None:
        self._group.tell(None if mode is None else self._reward(mode, verdict))

    def worth_asking(self) -> bool:
        return self._group.varies()


class SampleScorer:
    """Scores responses; safe to call from several threads at once."""

    def __init__(self, tokenizer: Tokenizer, assessor: Assessor, settings: Settings) -> None:
        self.tokenizer = tokenizer
        self.assessor = assessor
        self.settings = settings

    def score(
        self,
        problem_json: str,
        ids: Sequence[int],
        *,
        truncated: bool,
        rollout_ended: float | None = None,
        group: Group | None = None,
    ) -> tuple[SampleRecord, SampleEvidence | None]:
        """The record of one response; never raises for what a response, its program or our own code may do.

        There is evidence for a sample that failed. A failure of ours is logged with the task and its traceback and costs
        this sample its advantage, not the step. ``group`` hears of the reward as soon as the program is judged.
        """
        started = time.time()
        task_id, evidence = "?", None
        try:
            problem = Problem.model_validate_json(problem_json)
            task_id = problem.task_id
            fields, evidence = self._score(problem, ids, truncated, group)
        except Exception as error:
            logger.exception("egca: sample of task %s could not be scored; it gets no advantage", task_id)
            fields = {"mode": None, "reward": 0.0, "failure": type(error).__name__}
            if group is not None:
                group.tell(None)
        record = SampleRecord(
            task_id=task_id,
            response_tokens=len(ids),
            rollout_ended=started if rollout_ended is None else rollout_ended,
            reward_started=started,
            reward_ended=time.time(),
            **fields,
        )
        return record, evidence

    def _score(
        self, problem: Problem, ids: Sequence[int], truncated: bool, group: Group | None
    ) -> tuple[dict[str, Any], SampleEvidence | None]:
        pieces = token_pieces(self.tokenizer, ids)
        program = extract_program(pieces.text, problem, truncated=truncated)
        siblings = _InGroup(group, self._reward) if group is not None else None
        seed = self._seed(problem, ids)
        assessment = self.assessor.assess(problem, program.source, seed=seed, siblings=siblings)
        fields = self._outcome(assessment)
        if assessment.mode is Mode.CORRECT:
            return fields, None
        fields |= {"outcome": _outcome_of(assessment), "program_digest": _digest(program.source)}
        if assessment.broken is not None:
            fields["constraint"] = cut_text(str(assessment.broken), 300)
        if assessment.localization is not None:
            fields |= _blame(assessment, program, pieces)
        elif assessment.mode in (Mode.LOGIC, Mode.SYNTAX):
            fields["not_localized"] = assessment.not_localized
        return fields, _evidence(assessment, program, pieces)

    def _outcome(self, assessment: Assessment) -> dict[str, Any]:
        return {
            "mode": assessment.mode,
            "reward": self._reward(assessment.mode, assessment.verdict),
            "tests_passed": assessment.verdict.tests_passed,
            "tests_total": len(assessment.verdict.cases),
            "failure": assessment.not_localized if assessment.mode is None else None,
            "shared": assessment.shared,
            "debugger": assessment.consulted,
        }

    def _reward(self, mode: Mode | None, verdict: Verdict) -> float:
        """By the tests alone: a broken constraint moves no reward."""
        if mode is None or not verdict.cases:
            return 0.0
        fraction = verdict.tests_passed / len(verdict.cases)
        return fraction if self.settings.reward == "fraction" else float(verdict.passed)

    def _seed(self, problem: Problem, ids: Sequence[int]) -> int:
        """The sample's own seed: the same for the same response, wherever and whenever it is scored."""
        text = f"{self.settings.seed}|{problem.task_id}|{','.join(map(str, ids))}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _outcome_of(assessment: Assessment) -> str | None:
    case = assessment.failing_case
    return str(case.outcome) if case else None


def _digest(program: str) -> str:
    return hashlib.blake2b(program.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _evidence(assessment: Assessment, program: Program, pieces: TokenPieces) -> SampleEvidence:
    case: CaseVerdict | None = assessment.failing_case
    error, localization = assessment.error, assessment.localization
    return SampleEvidence(
        program=program.source,
        tokens=token_runs(program, pieces),
        case=case.case if case else None,
        got=case.got if case else None,
        expected=case.expected if case else None,
        error={"type": error.type, "message": error.message, "line": error.line} if error else None,
        evidence=bounded(localization.evidence) if localization else {},
    )


def _blame(assessment: Assessment, program: Program, pieces: TokenPieces) -> dict[str, Any]:
    localization = assessment.localization
    assert localization is not None
    spans = blamed_tokens(localization.ranges, program, pieces)
    return {
        "spans": spans,
        "localizer": localization.localizer,
        "confirmed": localization.confirmed,
        "places": tuple((r.line, r.col, r.end_line, r.end_col) for r in localization.ranges),
        "not_localized": None if spans else "outside_response",
    }


def blamed_tokens(ranges: Sequence[SourceRange], program: Program, pieces: TokenPieces) -> tuple[tuple[int, int], ...]:
    """Half-open ranges of response tokens that cover source ranges, merged where they touch.

    What lies outside the response (code of the prompt) has no tokens and is left out.
    """
    source = SourceText(program.source)
    spans: list[tuple[int, int]] = []
    for place in ranges:
        start, end = source.offsets(place)
        chars = program.to_response(start, end) if start < end else None
        if chars is None:
            continue
        first, last = pieces.span(*chars)
        if first < last:
            spans.append((first, last))
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)
