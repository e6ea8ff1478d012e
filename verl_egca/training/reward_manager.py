"""Reward manager ``egca``: scores one sample while the other rollouts still run.

verl calls `EGCARewardManager.run_single` in its reward workers' event loops, once per sample, when its rollout ends.
Blocking work runs in threads, and programs in the sandbox's processes.

A row is a problem in any known format (`data`). A sample of a row without readable program tests gets the reward that
it would have without EGCA (`configured_reward`), and trains as under GRPO.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from omegaconf import DictConfig
from verl import DataProto
from verl.experimental.reward_loop.reward_manager import register
from verl.experimental.reward_loop.reward_manager.base import RewardManagerBase

from verl_egca.assessment import Assessor
from verl_egca.data.rows import BadInput
from verl_egca.debugger.client import Debugger
from verl_egca.execution.confinement.layers import Coverage, coverage, in_words
from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.mode import Mode
from verl_egca.gates.program_gate import ProgramGate
from verl_egca.localization.registry import make_localizer
from verl_egca.problem import Problem
from verl_egca.sample import SampleRecord, SampleScorer, Ungated
from verl_egca.training.config import settings_of
from verl_egca.training.configured_reward import ConfiguredReward, Scored
from verl_egca.training.debugging import debugger_of
from verl_egca.training.evidence_store import EvidenceStore, own_worker
from verl_egca.training.groups import SampleGroup, find_board
from verl_egca.training.response_mask import mask_of
from verl_egca.training.row_problems import RowProblems

logger = logging.getLogger(__name__)

_WAITING = 32
_TOLD = 5  # unreadable rows that a reward worker logs
RECORD_KEY = "egca"  # in reward_extra_info; a JSON string, since validation averages all other types


@register("egca")
class EGCARewardManager(RewardManagerBase):
    """Runs the tests, decides the mode, and localizes failures.

    ``reward_extra_info`` has ``acc`` (which verl's validation aggregates), the sample's record, and with
    ``egca.reward=custom`` the reward function's results. The rest stays here in ``evidence``.
    """

    # verl always passes the last two by keyword (trainer/ppo/reward.py, load_reward_manager)
    def __init__(self, config, tokenizer, compute_score, reward_router_address=None, reward_model_tokenizer=None):
        """Raises ConfinementError: this machine can't confine programs as ``egca.sandbox.require`` demands."""
        super().__init__(config, tokenizer, compute_score)
        self.settings = settings = settings_of(config)
        self.max_response_length = config.data.max_response_length
        self.sandbox = Sandbox(limits=settings.sandbox, workers=settings.workers)
        layers = self.sandbox.check()  # raises now rather than at the first sample
        level = logging.INFO if coverage(layers) == Coverage.FULL else logging.WARNING
        logger.log(level, "egca: reward worker: %s", in_words(layers))
        asked = debugger_of(config, settings, reward_router_address)
        debugger = Debugger(asked) if asked is not None else None
        localizer = make_localizer(settings.localizer, settings.options, debugger)
        gates = ProgramGate(self.sandbox, settings.options, **settings.gates.checks)
        assessor = Assessor(self.sandbox, localizer, gates)
        self.scorer = SampleScorer(tokenizer, assessor, settings, response_limit=self.max_response_length)
        self.problems = RowProblems(self.sandbox)
        self.configured = ConfiguredReward(
            *(config, tokenizer, compute_score, reward_router_address, reward_model_tokenizer),
            right_from=settings.reward_right_from,
        )
        self.board = find_board() if debugger is not None else None
        self.evidence, self.worker = EvidenceStore(), own_worker()
        self._told = 0
        # more threads than programs that run at once: some extract and map, and some wait for a sample with the same
        # program
        threads = settings.workers + _WAITING + (_most_under_way(config) if debugger is not None else 0)
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="egca-reward")

    async def run_single(self, data: DataProto) -> dict:
        rollout_ended = time.time()
        loop = asyncio.get_running_loop()
        sample = await loop.run_in_executor(self.threads, lambda: self._sample(data, rollout_ended))
        scored, failure = None, None
        if sample.problem is None or self.settings.reward == "custom":
            try:
                scored = await self.configured.score(data)
            except Exception:
                logger.exception(
                    "egca: task %s: the reward function failed; the sample gets no advantage", sample.task_id
                )
                failure = "reward_function"
        record = await loop.run_in_executor(self.threads, lambda: self._record(sample, scored, failure))
        info = scored.info if scored is not None else {}
        extra = info if self.settings.reward == "custom" else {}
        acc = float(info["acc"]) if "acc" in info else float(record.passed)
        return {
            "reward_score": record.reward,
            "reward_extra_info": {**extra, "acc": acc, RECORD_KEY: record.model_dump_json()},
        }

    def _sample(self, data: DataProto, rollout_ended: float) -> _Sample:
        item = data[-1:][0]  # the last of several outputs is scored
        ids = item.batch["responses"]
        ids = ids[: int(item.batch["attention_mask"][-ids.shape[-1] :].sum())].tolist()
        group = SampleGroup(self.board, item.non_tensor_batch["uid"]) if self.board is not None else None
        problem, ungated = None, "rows_without_tests"
        try:
            problem = self.problems.of(item.non_tensor_batch)
        except BadInput as error:
            ungated = "rows_unreadable"
            self._tell(error)
        return _Sample(item, ids, problem, self.problems.name_of(item.non_tensor_batch), ungated, group, rollout_ended)

    def _tell(self, error: BadInput) -> None:
        if self._told < _TOLD:
            self._told += 1
            logger.warning(
                "egca: %s. The sample gets the reward that it would have without EGCA, and the uniform branch; "
                "egca/rows_unreadable counts all such samples, the log holds the first %d of a reward worker",
                *(error, _TOLD),
            )

    def _record(self, sample: _Sample, scored: Scored | None, failure: str | None) -> SampleRecord:
        """The record of one response. ``scored``: a reward from elsewhere; ``failure``: why that reward is missing."""
        own_T = None
        try:
            own_T = mask_of(sample.item)
        except ValueError as error:
            logger.error("egca: task %s: the sample gets no advantage: %s", sample.task_id, error)
            failure = "no_response_mask"
        if failure is not None:
            return self._unjudged(sample, mode=None, reward=0.0, failure=failure)
        if sample.problem is None:
            return self._unjudged(sample, mode=Mode.UNGATED, ungated=sample.ungated, reward=scored.given.value)
        ids = sample.ids
        record, evidence = self.scorer.score(
            sample.problem,
            ids,
            truncated=len(ids) >= self.max_response_length and ids[-1] != self.scorer.tokenizer.eos_token_id,
            rollout_ended=sample.rollout_ended,
            group=sample.group,
            given=scored.given if scored is not None else None,
            own_T=own_T[: len(ids)] if own_T is not None else None,
        )
        number = None if evidence is None else self.evidence.keep(evidence)
        return record.model_copy(update={"worker": self.worker, "evidence_number": number})

    def _unjudged(self, sample: _Sample, **fields) -> SampleRecord:
        """The record of a sample whose program was not run."""
        if sample.group is not None:
            sample.group.tell(fields["reward"] if fields["mode"] is not None else None)
        return SampleRecord(
            task_id=sample.task_id,
            response_tokens=len(sample.ids),
            rollout_ended=sample.rollout_ended,
            reward_started=sample.rollout_ended,
            reward_ended=time.time(),
            **fields,
        )


@dataclass(frozen=True, slots=True)
class _Sample:
    """If ``problem`` is None, ``ungated`` is the reason."""

    item: DataProto
    ids: list[int]
    problem: Problem | None
    task_id: str
    ungated: Ungated
    group: SampleGroup | None
    rollout_ended: float


def _most_under_way(config: DictConfig) -> int:
    """The most samples that may wait for their groups, each in a thread: with fewer threads they could deadlock.

    Threads start on demand. In the asynchronous modes a few batches run at once.
    """
    prompts, samples = config.data.train_batch_size, config.actor_rollout_ref.rollout.n
    return 4 * int(prompts) * int(samples)
