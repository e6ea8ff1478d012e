"""Scoring of one sample: from its token ids to its reward, mode and blamed tokens.

`SampleScorer` joins response, execution, gates, localization and spans, independently of a trainer. It returns a small
`SampleRecord`, which travels to the driver, and for a failing sample its `SampleEvidence`, which stays in the worker
until it is fetched.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from verl_egca.assessment import Assessment, Assessor
from verl_egca.config.settings import Settings
from verl_egca.execution.verdict import CaseVerdict, Verdict
from verl_egca.gates.mode import Mode
from verl_egca.localization.base import Consultation, Localization
from verl_egca.localization.confirmed import Confirmed
from verl_egca.localization.evidence import bounded, cut_text
from verl_egca.problem import Problem
from verl_egca.program_tokens import TokenRun, token_runs
from verl_egca.response import ExtractedProgram, extract_program
from verl_egca.source import SourceRange, SourceText
from verl_egca.spans import Tokenizer, TokenPieces, token_pieces
from verl_egca.twin_tokens import NoWrittenTwin, WrittenTwin, repaired_program, written_twin

logger = logging.getLogger(__name__)

_TOLD = 5  # disagreements that a reward worker logs
Ungated = Literal["rows_without_tests", "rows_unreadable", "reward_disagrees", "not_judged"]


@dataclass(frozen=True, slots=True)
class GivenReward:
    """A reward from verl's scorer or the configured reward function.

    ``right``: whether it counts the program as right; None if it does not say.
    """

    value: float
    right: bool | None = None


class SampleRecord(BaseModel):
    """A scored sample's record for the trainer: some hundred bytes, whatever the program.

    ``mode`` is None if EGCA's own code failed: the reward is unknown, and the sample gets no advantage. In mode UNGATED
    ``ungated`` is the reason: the row has no program tests, or unreadable ones; the configured reward and the verdict
    disagree; or there is no verdict beside that reward.
    ``spans`` are half-open ranges of response tokens. ``rollout_ended``, ``reward_started`` (in a thread) and
    ``reward_ended`` are seconds since the epoch on the reward worker's clock. ``shared``: an earlier sample of the
    worker held the same program and was assessed for both. ``program_digest`` is equal for equal programs. ``worker``
    scored the sample and keeps a failing one's evidence under ``evidence_number``. ``constraint`` is the broken
    constraint: its kind, a colon, and a sentence. ``debugger`` is the outcome where a question was due. ``twin`` is the
    response with its proven repair, with ``egca.twins``, some bytes per token; ``no_twin`` is the reason why a proven
    repair gave none.
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
    confirmed: Confirmed | None = None
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
    ungated: Ungated | None = None
    twin: WrittenTwin | None = None
    no_twin: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it passed all of its tests, in whichever mode."""
        return self.mode is not None and 0 < self.tests_total == self.tests_passed


class SampleEvidence(BaseModel):
    """A failing sample's evidence: its program, its failing test, and the localizer's observations.

    ``tokens`` maps response tokens to the characters of the program.
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
    """The group of one sample, which decides whether it can have an advantage."""

    def tell(self, reward: float | None) -> None:
        """This sample's reward; None if it is unknown."""
        ...

    def varies(self) -> bool:
        """Whether the rewards differ, so that there are advantages. May wait for the other samples."""
        ...


class _InGroup:
    """`assessment.Siblings` in terms of rewards. With twins, a group that fails altogether has advantages, too."""

    def __init__(self, group: Group, reward: Callable[[Mode | None, Verdict], float], *, twins: bool) -> None:
        self._group, self._reward, self._twins = group, reward, twins

    def judged(self, mode: Mode | None, verdict: Verdict) -> None:
        self._group.tell(None if mode is None else self._reward(mode, verdict))

    def worth_asking(self) -> bool:
        return self._twins or self._group.varies()


class SampleScorer:
    """Scores responses; safe to call from several threads at once."""

    def __init__(
        self, tokenizer: Tokenizer, assessor: Assessor, settings: Settings, *, response_limit: int | None = None
    ) -> None:
        """``response_limit``: the most tokens that a response, and so a twin, may have."""
        self.tokenizer = tokenizer
        self.response_limit = response_limit
        self.assessor = assessor
        self.settings = settings
        self._told = 0

    def score(
        self,
        problem: Problem,
        ids: Sequence[int],
        *,
        truncated: bool,
        rollout_ended: float | None = None,
        group: Group | None = None,
        given: GivenReward | None = None,
        own_T: Sequence[bool] | None = None,
    ) -> tuple[SampleRecord, SampleEvidence | None]:
        """The record of one response, and the evidence of a failing one. Never raises.

        An error of EGCA's own is logged with the task and its traceback, and costs this sample its advantage. ``group``
        gets the reward as soon as the program is judged.

        Args:
            ids: the response's T token ids.
            truncated: the response was cut off at the length limit.
            given: a reward from elsewhere; the verdict then only gates and localizes.
            own_T: marks the policy's own tokens; others, such as a tool's output, are neither program nor blamed.
        """
        started = time.time()
        evidence = None
        try:
            fields, evidence = self._score(problem, ids, truncated, group, given, own_T)
        except Exception as error:
            logger.exception("egca: sample of task %s could not be scored; it gets no advantage", problem.task_id)
            fields = {"mode": None, "reward": 0.0, "failure": type(error).__name__}
            if group is not None:
                group.tell(None)
        times = {"rollout_ended": started if rollout_ended is None else rollout_ended, "reward_started": started}
        return SampleRecord(
            task_id=problem.task_id, response_tokens=len(ids), reward_ended=time.time(), **times, **fields
        ), evidence

    def _score(
        self,
        problem: Problem,
        ids: Sequence[int],
        truncated: bool,
        group: Group | None,
        given: GivenReward | None,
        own_T: Sequence[bool] | None,
    ) -> tuple[dict[str, Any], SampleEvidence | None]:
        pieces = token_pieces(self.tokenizer, ids)
        own = None if own_T is None else _own_text(pieces, own_T)
        program = extract_program(pieces.text, problem, truncated=truncated, own=own)
        reward = self._reward if given is None else _always(given.value)
        siblings = _InGroup(group, reward, twins=self.settings.twins != "off") if group is not None else None
        seed = self._seed(problem, ids)
        assessment = self.assessor.assess(problem, program.source, seed=seed, siblings=siblings)
        fields = self._outcome(assessment, reward)
        if given is not None and (ungated := _ungated(given, assessment)):
            fields |= {"mode": Mode.UNGATED, "ungated": ungated, "failure": None}
            self._tell_disagreement(problem, given, assessment)
            return fields, _evidence(assessment, program, pieces)
        if assessment.mode is Mode.CORRECT:
            return fields, None
        fields |= {"outcome": _outcome_of(assessment), "program_digest": _digest(program.source)}
        if assessment.broken is not None:
            fields["constraint"] = cut_text(str(assessment.broken), 300)
        if assessment.localization is not None:
            fields |= _blame(assessment, program, pieces, own_T)
            if self.settings.twins != "off" and assessment.localization.confirmed is Confirmed.FULL:
                fields |= self._twin(problem, assessment.localization, program, pieces, ids, own_T)
        elif assessment.mode in (Mode.LOGIC, Mode.SYNTAX):
            fields["not_localized"] = assessment.not_localized
        return fields, _evidence(assessment, program, pieces)

    def _twin(
        self,
        problem: Problem,
        proven: Localization,
        program: ExtractedProgram,
        pieces: TokenPieces,
        ids: Sequence[int],
        own_T: Sequence[bool] | None,
    ) -> dict[str, Any]:
        """The twin, or the reason why there is none. A twin must be extracted as the program that was proven."""
        try:
            if own_T is not None and not all(own_T):
                raise NoWrittenTwin("foreign_tokens")
            edits = proven.evidence.get("edits") or ()
            twin = written_twin(self.tokenizer, ids, program, pieces, edits, limit=self.response_limit)
            read = extract_program(token_pieces(self.tokenizer, twin.ids).text, problem)
            if read.source != repaired_program(program.source, edits):
                raise NoWrittenTwin("read_otherwise")
        except NoWrittenTwin as why:
            return {"no_twin": str(why)}
        return {"twin": twin}

    def _outcome(self, assessment: Assessment, reward: Callable[[Mode | None, Verdict], float]) -> dict[str, Any]:
        return {
            "mode": assessment.mode,
            "reward": reward(assessment.mode, assessment.verdict),
            "tests_passed": assessment.verdict.tests_passed,
            "tests_total": len(assessment.verdict.cases),
            "failure": assessment.not_localized if assessment.mode is None else None,
            "shared": assessment.shared,
            "debugger": assessment.consulted,
        }

    def _reward(self, mode: Mode | None, verdict: Verdict) -> float:
        """The reward by the tests alone: a broken constraint does not change it."""
        if mode is None or not verdict.cases:
            return 0.0
        fraction = verdict.tests_passed / len(verdict.cases)
        return fraction if self.settings.reward == "fraction" else float(verdict.passed)

    def _tell_disagreement(self, problem: Problem, given: GivenReward, assessment: Assessment) -> None:
        if given.right is None or assessment.mode is None or self._told >= _TOLD:
            return
        self._told += 1
        case = assessment.failing_case
        verdict = "passes all tests" if case is None else f"fails ({case.outcome}) at {cut_text(case.case, 500)}"
        logger.warning(
            "egca: task %s: the configured reward is %g, but by EGCA's own run the program %s. The sample takes the uniform "
            "branch; egca/reward_disagrees counts all such samples, the log holds the first %d of a reward worker",
            *(problem.task_id, given.value, verdict, _TOLD),
        )

    def _seed(self, problem: Problem, ids: Sequence[int]) -> int:
        """The sample's seed, which depends only on the run's seed, the task and the response."""
        text = f"{self.settings.seed}|{problem.task_id}|{','.join(map(str, ids))}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _always(reward: float) -> Callable[[Mode | None, Verdict], float]:
    return lambda mode, verdict: reward


def _ungated(given: GivenReward, assessment: Assessment) -> Ungated | None:
    """Why the verdict can't support blame beside a given reward; None if it can."""
    if assessment.mode is None:
        return "not_judged"
    if given.right is not None and given.right != assessment.verdict.passed:
        return "reward_disagrees"
    return None


def _own_text(pieces: TokenPieces, own_T: Sequence[bool]) -> tuple[tuple[int, int], ...]:
    """Half-open ranges of characters that only the policy's own tokens touch."""
    ranges, at = [], 0
    for start, end, own in zip(pieces.starts, pieces.ends, own_T, strict=True):
        if not own and start < end:
            ranges.append((at, start))
            at = max(at, end)
    ranges.append((at, len(pieces.text)))
    return tuple(one for one in ranges if one[0] < one[1])


def _outcome_of(assessment: Assessment) -> str | None:
    case = assessment.failing_case
    return str(case.outcome) if case else None


def _digest(program: str) -> str:
    return hashlib.blake2b(program.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _evidence(assessment: Assessment, program: ExtractedProgram, pieces: TokenPieces) -> SampleEvidence:
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


def _blame(
    assessment: Assessment, program: ExtractedProgram, pieces: TokenPieces, own_T: Sequence[bool] | None
) -> dict[str, Any]:
    localization = assessment.localization
    assert localization is not None
    spans = blamed_tokens(localization.ranges, program, pieces)
    if own_T is not None:
        spans = tuple(part for span in spans for part in _own_parts(span, own_T))
    return {
        "spans": spans,
        "localizer": localization.localizer,
        "confirmed": localization.confirmed,
        "places": tuple((r.line, r.col, r.end_line, r.end_col) for r in localization.ranges),
        "not_localized": None if spans else "outside_response",
    }


def blamed_tokens(
    ranges: Sequence[SourceRange], program: ExtractedProgram, pieces: TokenPieces
) -> tuple[tuple[int, int], ...]:
    """Half-open ranges of response tokens that cover source ranges, merged where they touch.

    Code of the prompt has no response tokens and is left out.
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


def _own_parts(span: tuple[int, int], own_T: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The ranges of the policy's own tokens within a half-open range."""
    for own, run in groupby(range(*span), key=lambda token: bool(own_T[token])):
        tokens = list(run)
        if own:
            yield tokens[0], tokens[-1] + 1
