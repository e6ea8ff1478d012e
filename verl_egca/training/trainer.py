"""The trainers ``egca_sync``, ``egca_colocate_async`` and ``egca_separate_async``: verl's own, plus one mixin.

The mixin carries each sample's record from the reward workers to the estimator, writes the localizations, and measures
costs. Rollout, log-probs, update, checkpoints and weight sync are verl's own.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import ray
import torch
import transfer_queue as tq
from omegaconf import OmegaConf, open_dict
from verl.trainer.ppo.v1 import PPOTrainerColocateAsync, PPOTrainerSeparateAsync, PPOTrainerSync, register_trainer
from verl.utils.debug import marked_timer

from verl_egca.execution.confinement.layers import in_words
from verl_egca.execution.sandbox import Sandbox
from verl_egca.sample import SampleRecord
from verl_egca.training.batch import Rows, final_rows, rows_visible
from verl_egca.training.config import settings_of
from verl_egca.training.data_check import check_data
from verl_egca.training.debugging import debugger_of, route_past_disrm
from verl_egca.training.evidence_store import collect
from verl_egca.training.groups import start_board
from verl_egca.training.guard import Guard, ProbabilityGap
from verl_egca.training.localization_log import LocalizationLog
from verl_egca.training.metrics import advantage_digest, debugger_metrics, reward_wait, step_metrics
from verl_egca.training.mismatch import mismatch_metrics
from verl_egca.training.reward_manager import RECORD_KEY
from verl_egca.training.stop import StopsOnRequest
from verl_egca.training.timeline import PhaseTimes, Timeline
from verl_egca.training.twins import TwinRows, twin_rows, unmask, without_twins
from verl_egca.training.upstream import check_verl

logger = logging.getLogger(__name__)

_MOST_CHECKERS = 16  # programs that run at once while the driver checks the data's references


class EGCATrainer(StopsOnRequest):
    """Mixin over any of verl's v1 trainers; see the module docstring."""

    base_mode: str  # verl's mode that the class extends

    def __init__(self, config):
        """Raises ConfinementError (``egca.sandbox.require`` is not met), SettingsError, BadInput, OtherVerl."""
        check_verl()
        self.egca = settings_of(config)
        route_past_disrm(config)
        self._twins = TwinRows(config) if self.egca.twins != "off" else None
        self._asks = debugger_of(config, self.egca) is not None  # raises here rather than in a reward worker
        workers = max(1, min(_MOST_CHECKERS, os.cpu_count() or 1))
        with Sandbox(self.egca.sandbox, workers) as sandbox:  # before models are loaded; repeated in each reward worker
            logger.warning("egca: driver: %s", in_words(sandbox.check()))
            self.run_dir = Path(self.egca.run_dir or config.trainer.default_local_dir)
            self.run_dir.mkdir(parents=True, exist_ok=True)
            check_data(config, self.egca, sandbox, workers, self.run_dir)
        # The mode's name has selected this class. From here on it must be the built-in one: verl branches on
        # `trainer_mode == "sync"` (replay buffer, batch sizes, checkpoints) and reads trainer.v1.<mode>.* by it.
        with open_dict(config):
            config.trainer.v1.trainer_mode = self.base_mode
        self._board = start_board() if self._asks else None  # before the reward workers look for it
        super().__init__(config)
        (self.run_dir / "config.yaml").write_text(OmegaConf.to_yaml(config, resolve=True))
        self.localizations = LocalizationLog(self.run_dir / "localizations.jsonl", self.egca)
        self._timeline = Timeline(self.run_dir / "timeline", self.egca.timeline)
        self._waited_from = 0.0
        self._guard: Guard | None = None
        self._guarded: ProbabilityGap | None = None

    def _init_dataloader(self):
        super()._init_dataloader()
        if self.egca.guard.enabled:  # Hugging Face's side runs while the engines are built
            self._guard = Guard(self.config, self.egca.guard.tolerance, self.egca.guard.tokens)
            self._guard.start(self.tokenizer, self.train_dataset)

    def on_init_end(self):
        """Raises ActorDisagrees: the actor's model is not the configured one (``egca.guard``)."""
        if self._guard is not None:
            if self.global_steps:
                logger.warning("egca: guard: not run, since step %d's weights were loaded", self.global_steps)
            else:
                self._guarded = self._guard.check(self.actor_rollout_wg)
        super().on_init_end()

    def on_step_begin(self):
        super().on_step_begin()
        self._timeline.begin()

    @property
    def timing_raw(self) -> PhaseTimes:
        """verl's seconds by phase; the setter replaces each step's new dict with a `PhaseTimes`."""
        return self._marks

    @timing_raw.setter
    def timing_raw(self, seconds: dict[str, float]) -> None:
        self._marks = PhaseTimes(seconds)

    def on_sample_begin(self):
        super().on_sample_begin()
        self._waited_from = time.time()

    def _submit_batch_to_rollout(self, batch):
        if self._board is not None:
            uids, samples = list(batch["uid"]), self.config.actor_rollout_ref.rollout.n
            counts = list(batch["__rollout_n__"]) if "__rollout_n__" in batch else [samples] * len(uids)
            ray.get(self._board.expect.remote(uids, counts))
        return super()._submit_batch_to_rollout(batch)

    def _balance_batch(self, batch, metrics, **kwargs):
        if self.egca.deterministic:
            batch.reorder(self._canonical_order(batch))
        if self._twins is not None:
            with self._timeline.own_work("twins"), marked_timer("twins", self.timing_raw):
                batch = self._twins.put_into(batch, self._sample_records(batch), final_rows(batch.keys))
        return super()._balance_batch(batch, metrics, **kwargs)

    def _get_required_batch_multiple(self, dp_size):
        usual = super()._get_required_batch_multiple(dp_size)
        return self._twins.multiple(usual, dp_size) if self._twins is not None else usual

    def _update_actor(self, batch, metrics):
        if self._twins is not None:
            self._twins.divide(batch)
        return super()._update_actor(batch, metrics)

    def _log_rollout_data(self, batch, *args):
        super()._log_rollout_data(without_twins(batch), *args)

    def _compute_advantage(self, batch, metrics):
        with self._timeline.own_work("records"):
            records = self._sample_records(batch)
            rows = Rows(records, final_rows(batch.keys), self.egca, twin_of=twin_rows(batch))
            if self.egca.entropy_share < 1.0:
                rows.entropy_BT = self._entropies(batch)
        self._timeline.waited(reward_wait(records, self._waited_from))
        with rows_visible(rows):
            batch = super()._compute_advantage(batch, metrics)
        if rows.twin_of:
            unmask(batch)
        with self._timeline.own_work("log and metrics"):
            if rows.adv_BT is None:  # another estimator (plain grpo): read its results
                self._read_written(batch, rows)
            metrics.update(self.localizations.append(self.global_steps, rows, rows.uids, self._collect_evidence))
            metrics.update(step_metrics(rows, rows.uids))
            if self._asks:
                metrics.update(debugger_metrics(records))
            if self.egca.deterministic:
                metrics["egca/advantages_crc32"] = advantage_digest(rows.adv_BT, rows.mask_BT)
        self._timeline.add(self.global_steps, records, rows.uids)
        return batch

    def _compute_metrics(self, batch, metrics, timing_raw, global_steps, epoch):
        super()._compute_metrics(batch, metrics, timing_raw, global_steps, epoch)
        metrics["egca/critical_path_s"] = self._timeline.critical_path_s
        metrics["egca/overhead_share"] = self._timeline.critical_path_s / timing_raw["step"]
        if self._twins is not None:
            metrics.update(self._twins.metrics(batch.tags, timing_raw))
        self._timeline.write(global_steps, timing_raw.intervals)
        metrics.update(mismatch_metrics(metrics, self.egca.mismatch_warning, global_steps))
        if self._guarded is not None:
            metrics["egca/guard/mean"], metrics["egca/guard/largest"] = self._guarded.mean, self._guarded.largest
            self._guarded = None

    def _sample_records(self, batch) -> list[SampleRecord | None]:
        data = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=["extra_fields"])
        extras = data.pop("extra_fields").tolist()
        return [
            None if tag.get("is_padding") else _record_of(key, extra)
            for key, tag, extra in zip(batch.keys, batch.tags, extras, strict=True)
        ]

    def _entropies(self, batch) -> torch.Tensor:
        """Entropies, from verl's old log-probs (trainer/ppo/v1/trainer_base.py, _compute_old_log_prob)."""
        data = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=["entropy"])
        return data["entropy"].to_padded_tensor(0.0)

    def _read_written(self, batch, rows: Rows) -> None:
        fields = ["uid", "response_mask", "advantages"]
        data = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=fields)
        rows.uids, rows.mask_BT = data.pop("uid").tolist(), data["response_mask"].to_padded_tensor(0)
        adv_BT = data["advantages"].to_padded_tensor(0.0)
        rows.adv_BT = torch.nn.functional.pad(adv_BT, (0, rows.mask_BT.shape[1] - adv_BT.shape[1]))
        rows.adv_B = (rows.adv_BT * rows.mask_BT).sum(-1) / rows.mask_BT.sum(-1).clamp(min=1)

    def _collect_evidence(self, wanted, done):
        workers = {handle._actor_id.hex(): handle for handle in self.reward_loop_manager.reward_loop_worker_handles}
        return collect(workers, wanted, done)

    def _canonical_order(self, batch) -> list[int]:
        """Rows sorted by prompt and response: a random order would change the last bits of sums over the batch."""
        fields = ["prompts", "responses"]
        data = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=fields)
        prompts, responses = ([ids.tolist() for ids in data[field].unbind()] for field in fields)
        return sorted(range(len(batch.keys)), key=lambda row: (prompts[row], responses[row]))


def _record_of(key: str, extra: dict) -> SampleRecord:
    info = extra.get("reward_extra_info") or {}
    if RECORD_KEY not in info:
        raise RuntimeError(
            f"sample {key} carries no egca record: set reward.reward_manager.name=egca (and, with a reward model that "
            "shares the trainer's GPUs, reward.reward_model.enable_resource_pool=True)"
        )
    return SampleRecord.model_validate_json(info[RECORD_KEY])


@register_trainer("egca_sync")
class EGCASync(EGCATrainer, PPOTrainerSync):
    base_mode = "sync"


@register_trainer("egca_colocate_async")
class EGCAColocateAsync(EGCATrainer, PPOTrainerColocateAsync):
    base_mode = "colocate_async"


@register_trainer("egca_separate_async")
class EGCASeparateAsync(EGCATrainer, PPOTrainerSeparateAsync):
    base_mode = "separate_async"
