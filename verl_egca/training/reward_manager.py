"""Reward manager ``egca``: scores one sample while the other rollouts still run.

verl calls `EGCARewardManager.run_single` in its reward workers' event loops, once a sample, as soon as that sample's
rollout ends. Everything that blocks runs in threads; the programs themselves run in the sandbox's processes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor

from omegaconf import DictConfig
from verl import DataProto
from verl.experimental.reward_loop.reward_manager import register
from verl.experimental.reward_loop.reward_manager.base import RewardManagerBase

from verl_egca.assessment import Assessor
from verl_egca.debugger.client import Debugger
from verl_egca.execution.confinement.layers import Coverage, coverage, in_words
from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.program_gate import ProgramGate
from verl_egca.localization import make_localizer
from verl_egca.sample import SampleRecord, SampleScorer
from verl_egca.training.config import settings_of
from verl_egca.training.debugging import debugger_of
from verl_egca.training.evidence_store import EvidenceStore, own_worker
from verl_egca.training.groups import SampleGroup, find_board

logger = logging.getLogger(__name__)

_WAITING = 32
RECORD_KEY = "egca"  # in reward_extra_info; a JSON string, since validation averages whatever is not one


@register("egca")
class EGCARewardManager(RewardManagerBase):
    """Runs the tests, sorts the sample into its mode, and localizes what failed.

    ``reward_extra_info`` carries ``acc`` (the key that verl's validation aggregates) and the sample's record. What is
    known beyond the record stays here in ``evidence``.
    """

    # verl passes the last two by keyword, needed or not (trainer/ppo/reward.py, load_reward_manager)
    def __init__(self, config, tokenizer, compute_score, reward_router_address=None, reward_model_tokenizer=None):
        """Raises ConfinementError: this machine confines programs less than ``egca.sandbox.require`` wants."""
        super().__init__(config, tokenizer, compute_score)
        settings = settings_of(config)
        self.max_response_length = config.data.max_response_length
        self.sandbox = Sandbox(limits=settings.sandbox, workers=settings.workers)
        layers = self.sandbox.check()  # raises here, and not at the first sample
        level = logging.INFO if coverage(layers) == Coverage.FULL else logging.WARNING
        logger.log(level, "egca: reward worker: %s", in_words(layers))
        asked = debugger_of(config, settings, reward_router_address)
        debugger = Debugger(asked) if asked is not None else None
        localizer = make_localizer(settings.localizer, settings.options, debugger)
        gates = ProgramGate(self.sandbox, **settings.gates.checks)
        self.scorer = SampleScorer(tokenizer, Assessor(self.sandbox, localizer, gates, settings.options), settings)
        self.board = find_board() if debugger is not None else None
        self.evidence, self.worker = EvidenceStore(), own_worker()
        # more threads than the sandbox runs programs at once: some extract and map, and some wait for a sample that
        # holds the same program, which must not keep the others from theirs
        threads = settings.workers + _WAITING + (_most_under_way(config) if debugger is not None else 0)
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="egca-reward")

    async def run_single(self, data: DataProto) -> dict:
        rollout_ended = time.time()
        item = data[-1:][0]  # of a trajectory with several outputs, the last one is scored
        ids = item.batch["responses"]
        ids = ids[: int(item.batch["attention_mask"][-ids.shape[-1] :].sum())].tolist()
        truncated = len(ids) >= self.max_response_length and ids[-1] != self.tokenizer.eos_token_id
        problem_json = item.non_tensor_batch["reward_model"]["ground_truth"]
        group = SampleGroup(self.board, item.non_tensor_batch["uid"]) if self.board is not None else None
        record = await asyncio.get_running_loop().run_in_executor(
            self.threads,
            lambda: self._score(problem_json, ids, truncated, rollout_ended, group),
        )
        return {
            "reward_score": record.reward,
            "reward_extra_info": {"acc": float(record.passed), RECORD_KEY: record.model_dump_json()},
        }

    def _score(
        self, problem_json: str, ids: list[int], truncated: bool, rollout_ended: float, group: SampleGroup | None
    ) -> SampleRecord:
        record, evidence = self.scorer.score(
            problem_json, ids, truncated=truncated, rollout_ended=rollout_ended, group=group
        )
        number = None if evidence is None else self.evidence.keep(evidence)
        return record.model_copy(update={"worker": self.worker, "evidence_number": number})


def _most_under_way(config: DictConfig) -> int:
    """Samples that may wait for their siblings, each in a thread: with fewer, those could wait for a thread in turn.

    Threads are started as they are needed. In the asynchronous modes a few batches are under way at once.
    """
    prompts, samples = config.data.train_batch_size, config.actor_rollout_ref.rollout.n
    return 4 * int(prompts) * int(samples)
