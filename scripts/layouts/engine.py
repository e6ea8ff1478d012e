"""verl's Megatron engine under one layout, called as in verl's workers (workers/engine_workers.py).

All methods are collective: every rank calls them and gets the same result.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from megatron.core import parallel_state
from tensordict import TensorDict
from verl.trainer.config import CheckpointConfig
from verl.utils import tensordict_utils as tu
from verl.utils.megatron_utils import offload_megatron_model_to_cpu, offload_megatron_optimizer
from verl.workers.config import HFModelConfig, McoreActorConfig, McoreEngineConfig, McoreOptimizerConfig
from verl.workers.engine import EngineRegistry
from verl.workers.utils.losses import ppo_loss
from verl.workers.utils.padding import no_padding_2_padding

from layouts.batch import Row
from layouts.layout import Fault, Layout, Objective
from layouts.model import ROPE_BASE, ROPE_FACTOR
from layouts.plain import CLIP, EPS, LR, LR_STEPS, MAX_NORM, WEIGHT_DECAY, Weights
from layouts.recorder import Recorder, nested

MICRO_BATCH = 2
TOKENS_PER_MICRO_BATCH = 64  # with dynamic batches
_SET_BY_MCORE = ("NVTE_FLASH_ATTN", "NVTE_FUSED_ATTN", "NVTE_UNFUSED_ATTN")


@dataclass(frozen=True, slots=True)
class Arrival:
    """The inputs of one rank's policy loss, by token; ``replica`` is its data-parallel rank."""

    replica: int
    advantages: list[float]
    log_probs: list[float]


@dataclass(frozen=True, slots=True)
class Taken:
    loss: float
    grad_norm: float
    arrivals: list[Arrival]


class Engine:
    def __init__(
        self, layout: Layout, model: Path, *, rope: dict[str, float], frozen: bool = False,
        load_contents: Sequence[str] = ("model", "optimizer"),
    ) -> None:  # fmt: skip
        for name in _SET_BY_MCORE:  # mcore sets them for one model and refuses other values later
            os.environ.pop(name, None)
        self.layout = layout
        self._engine = EngineRegistry.new(
            model_type="language_model",
            backend="megatron",
            model_config=HFModelConfig(path=str(model), use_remove_padding=layout.packed),
            engine_config=McoreEngineConfig(
                dtype="float32",
                tensor_model_parallel_size=layout.tp,
                pipeline_model_parallel_size=layout.pp,
                virtual_pipeline_model_parallel_size=layout.vpp,
                context_parallel_size=layout.cp,
                sequence_parallel=layout.sequence_parallel,
                use_distributed_optimizer=True,
                dist_ckpt_optim_fully_reshardable=True,
                vanilla_mbridge=layout.mbridge,
                param_offload=layout.offload,
                optimizer_offload=layout.offload,
                use_remove_padding=layout.packed,
                override_transformer_config=self._overrides(rope),
                forward_only=frozen,
            ),
            optimizer_config=McoreOptimizerConfig(
                lr=LR,
                lr_decay_steps=LR_STEPS,
                total_training_steps=LR_STEPS,
                weight_decay=WEIGHT_DECAY,
                clip_grad=MAX_NORM,
                use_checkpoint_opt_param_scheduler=True,
                override_optimizer_config={"adam_eps": EPS},
            ),
            checkpoint_config=CheckpointConfig(
                save_contents=["model", "optimizer", "extra"], load_contents=list(load_contents)
            ),
        )
        self._engine.initialize()

    def _overrides(self, rope: dict[str, float]) -> dict[str, Any]:
        # without Transformer Engine there is no fused RoPE; mbridge has it off
        overrides: dict[str, Any] = {} if self.layout.mbridge else {"apply_rope_fusion": False, **rope}
        if self.layout.recompute:
            overrides |= {"recompute_granularity": "full", "recompute_method": "uniform", "recompute_num_layers": 1}
        return overrides

    def export(self) -> Weights:
        """The weights for the rollout, under Hugging Face's names."""
        sent = {name: weight.detach().clone() for name, weight in self._engine.get_per_tensor_param()[0]}
        self._put_away()
        return sent

    def log_probs(self, rows: Sequence[Row]) -> list[torch.Tensor]:
        """Log-probs of each row's response tokens, (R,) each."""
        data = self._batch(self._own(rows))
        with self._engine.eval_mode():
            output = self._engine.infer_batch(data)
        self._put_away()
        mine = None
        if self._engine.is_mp_src_rank_with_outputs():
            padded = no_padding_2_padding(output["model_output"]["log_probs"], data)
            mine = [own[: row.response].clone() for own, row in zip(padded, self._own(rows), strict=True)]
        return self._in_order(mine)

    def step(
        self, rows: Sequence[Row], old: Sequence[torch.Tensor], ref: Sequence[torch.Tensor], objective: Objective
    ) -> Taken:
        """One optimizer step."""
        actor = McoreActorConfig(
            ppo_mini_batch_size=len(rows),
            ppo_micro_batch_size_per_gpu=MICRO_BATCH,
            rollout_n=1,
            use_kl_loss=bool(objective.kl),
            kl_loss_coef=objective.kl,
            kl_loss_type="low_var_kl",
            clip_ratio=CLIP,
            clip_ratio_low=CLIP,
            clip_ratio_high=CLIP,
            loss_agg_mode=objective.aggregation,
            use_dynamic_bsz=self.layout.dynamic_batch,
        )
        data = self._batch(self._own(rows))
        data["advantages"] = nested([row.advantages_R for row in self._own(rows)])
        data["old_log_probs"] = nested(self._own(old))
        if objective.kl:
            data["ref_log_prob"] = nested(self._own(ref))
        tu.assign_non_tensor(data, global_batch_size=len(rows))
        with Recorder() as recorder, self._engine.train_mode():
            output = self._engine.train_batch(data, loss_function=partial(ppo_loss, actor))
            self._engine.lr_scheduler_step()
        self._put_away()
        arrival = Arrival(self._engine.get_data_parallel_rank(), recorder.advantages, recorder.log_probs)
        reported = None
        if self._engine.is_mp_src_rank_with_outputs():
            reported = sum(output["loss"]), float(output["metrics"]["grad_norm"])
        all_reported = [pair for pair in _gather(reported) if pair is not None]
        return Taken(
            loss=sum(loss for loss, _ in all_reported) / len(all_reported),
            grad_norm=all_reported[0][1],
            arrivals=[one for one in _gather(arrival) if one.advantages],
        )

    def save(self, folder: Path) -> None:
        self._engine.save_checkpoint(str(folder), global_step=1)

    def load(self, folder: Path) -> None:
        self._engine.load_checkpoint(str(folder), del_local_after_load=False)

    def close(self) -> None:
        del self._engine
        parallel_state.destroy_model_parallel()
        gc.collect()

    def _put_away(self) -> None:
        """Offload as verl does on leaving a mode, which fails on a CPU.

        Without a GPU host and device are both "cpu", which `MegatronEngine.to` takes for the device
        (transformer_impl.py:736), so it never offloads. A frozen model, which is not in buffers, stays: moving it in
        place would free it.
        """
        if self.layout.offload and self._engine.optimizer is not None:
            offload_megatron_model_to_cpu(self._engine.module)
            offload_megatron_optimizer(self._engine.optimizer)

    def _own(self, items: Sequence[Any]) -> list[Any]:
        """The data-parallel rank's share of a batch."""
        size = self._engine.get_data_parallel_size()
        return list(items[self._engine.get_data_parallel_rank() :: size])

    def _in_order(self, mine: list[Any] | None) -> list[Any]:
        """Join all ranks' shares into one batch."""
        shares = dict(pair for pair in _gather((self._engine.get_data_parallel_rank(), mine)) if pair[1] is not None)
        total = sum(len(share) for share in shares.values())
        return [shares[row % len(shares)][row // len(shares)] for row in range(total)]

    def _batch(self, rows: Sequence[Row]) -> TensorDict:
        mask = nested([row.mask_R for row in rows])
        data = TensorDict(
            {
                "input_ids": nested([row.ids_T for row in rows]),
                "position_ids": nested([torch.arange(len(row.ids_T)) for row in rows]),
                "prompts": nested([row.ids_T[: row.prompt] for row in rows]),
                "responses": nested([row.ids_T[row.prompt :] for row in rows]),
                "response_mask": mask,
                "loss_mask": mask.clone(),
            },
            batch_size=len(rows),
        )
        tu.assign_non_tensor(
            data,
            temperature=1.0,
            calculate_entropy=False,
            use_remove_padding=self.layout.packed,
            use_fused_kernels=False,
            use_dynamic_bsz=self.layout.dynamic_batch,
            max_token_len_per_gpu=TOKENS_PER_MICRO_BATCH,
            micro_batch_size_per_gpu=MICRO_BATCH,
        )
        return data


def rope_of(model: str, fault: Fault | None = None) -> dict[str, float]:
    """A model's RoPE keys of ``override_transformer_config``; with a fault, some are missing.

    Megatron-Bridge 0.3.1 drops linear scaling and, with transformers 5, the base (models/llama/llama_bridge.py:76,
    models/conversion/model_bridge.py:264).
    """
    if model == "qwen":
        return {"rotary_base": 1_000_000.0}
    rope = {"seq_len_interpolation_factor": ROPE_FACTOR, "rotary_base": ROPE_BASE}
    missing = {
        Fault.NO_SCALING: {"seq_len_interpolation_factor"},
        Fault.NO_BASE: {"rotary_base"},
        Fault.NO_ROPE: set(rope),
    }
    return {name: value for name, value in rope.items() if name not in missing.get(fault, set())}


def _gather(item: Any) -> list[Any]:
    gathered = [None] * dist.get_world_size()
    dist.all_gather_object(gathered, item)
    return gathered
