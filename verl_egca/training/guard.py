"""A check before the first step: the actor's engine must compute the model that it was given.

Engines rebuild a model from its config and may silently drop parts (RoPE scaling, RoPE's base): the rollout then
samples from one model, and the actor trains another. The guard compares the actor's log-probs of one text with Hugging
Face's (`hf_log_probs`). If they disagree it refuses to train and names the likely cause: the misreading of the config
whose log-probs match the actor's.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Any

import ray
import torch
from tensordict import TensorDict
from verl.utils import tensordict_utils as tu

from verl_egca.data.row_problem import RowPlace, problem_of_row
from verl_egca.data.rows import BadInput
from verl_egca.training.hf_log_probs import AS_SAVED, ModelSource, Readings, hf_log_probs

logger = logging.getLogger(__name__)

# mean |p - p'| over a text's tokens: about ten times the rounding error
TOLERANCE = {"float32": 1e-4, "bfloat16": 1e-2, "float16": 1e-2}
_OVERRIDE = "+actor_rollout_ref.actor.megatron.override_transformer_config"
_CLEARLY = 4.0  # times nearer to a misreading than to the model as saved


class ActorDisagrees(RuntimeError):
    """The actor's model differs from Hugging Face's; the message has the likely cause and the remedy."""


@dataclass(frozen=True, slots=True)
class ProbabilityGap:
    """Mean and largest |p - p'| of the actor's and the model's probabilities over ``tokens`` tokens."""

    mean: float
    largest: float
    tokens: int
    nearest: str  # the reading of the config nearest to the actor's log-probs
    nearest_mean: float

    def acceptable(self, tolerance: float) -> bool:
        misread = self.nearest != AS_SAVED and self.mean > _CLEARLY * self.nearest_mean and self.mean > tolerance / 10
        return self.mean <= tolerance and not misread


def compare(actor_T: list[float], readings: dict[str, list[float]]) -> ProbabilityGap:
    """Compare the actor's log-probs of T tokens with each reading of the model's config.

    Raises:
        ValueError: the numbers of tokens differ.
    """
    differences = {}
    for name, log_probs in readings.items():
        if len(log_probs) != len(actor_T):
            raise ValueError(f"guard: the actor gave {len(actor_T)} log-probs, {name} {len(log_probs)}")
        differences[name] = [abs(math.exp(a) - math.exp(b)) for a, b in zip(actor_T, log_probs, strict=True)]
    means = {name: _mean(values) for name, values in differences.items()}
    nearest = min(means, key=lambda name: means[name])
    return ProbabilityGap(means[AS_SAVED], max(differences[AS_SAVED]), len(actor_T), nearest, means[nearest])


def _mean(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return math.inf if math.isnan(mean) else mean


class Guard:
    """Computes Hugging Face's log-probs while the engines are built; see the module docstring."""

    def __init__(self, config: Any, tolerance: float | None, tokens: int) -> None:
        self._config = config
        self.tolerance = TOLERANCE[_dtype(config)] if tolerance is None else tolerance
        self._tokens = tokens
        self._ids: list[int] = []
        self._theirs: ray.ObjectRef | None = None

    def start(self, tokenizer: Any, dataset: Any) -> None:
        self._ids = text_ids(tokenizer, dataset[0], self._config.data)[: self._tokens]
        model = self._config.actor_rollout_ref.model
        override = model.get("override_config")
        source = ModelSource(
            model.path, bool(model.get("trust_remote_code", False)), dict(override) if override else None
        )
        self._theirs = hf_log_probs.remote(source, self._ids)

    def check(self, actor_group: Any) -> ProbabilityGap:
        """Compare the actor's log-probs with Hugging Face's.

        Raises:
            ActorDisagrees: past the tolerance, or clearly nearer to a misreading of the config than to the model.
        """
        ours = _actor_log_probs(actor_group, self._ids, self._config)
        theirs: Readings = ray.get(self._theirs)
        found = compare(ours, theirs.log_probs)
        if not found.acceptable(self.tolerance):
            raise ActorDisagrees(_refusal(found, theirs.rope, self._config, self.tolerance))
        logger.warning(
            "egca: guard: the actor computes the model as Hugging Face does: over %d tokens of one prompt, probabilities "
            "differ by %.2g on average and %.2g at most (tolerance %.2g on average)",
            *(found.tokens, found.mean, found.largest, self.tolerance),
        )
        return found


def text_ids(tokenizer: Any, row: Any, data: Any) -> list[int]:
    """Token ids of the first training prompt, in the rollout's template, followed by its reference if it has one."""
    prompt = tokenizer.apply_chat_template(
        list(row["raw_prompt"]),
        add_generation_prompt=True,
        tokenize=False,
        **(data.get("apply_chat_template_kwargs") or {}),
    )
    try:
        problem = problem_of_row(row, RowPlace(task="the first row"))
    except BadInput:  # reported by the check of the data files
        problem = None
    reference = problem.reference if problem is not None else None
    return list(tokenizer(prompt + (reference or ""), add_special_tokens=False)["input_ids"])


def _actor_log_probs(group: Any, ids: list[int], config: Any) -> list[float]:
    ranks = group._query_dispatch_info("actor")
    rollout = config.actor_rollout_ref.rollout
    rows = (max(ranks) + 1) * (1 if rollout.log_prob_use_dynamic_bsz else rollout.log_prob_micro_batch_size_per_gpu)
    nested = lambda values: torch.nested.as_nested_tensor([torch.tensor(values)] * rows, layout=torch.jagged)  # noqa: E731
    batch = TensorDict(
        {
            "input_ids": nested(ids),
            "position_ids": nested(list(range(len(ids)))),
            "prompts": nested(ids[:1]),
            "responses": nested(ids[1:]),
            "response_mask": nested([1] * (len(ids) - 1)),
            "loss_mask": nested([1] * (len(ids) - 1)),
        },
        batch_size=rows,
    )
    tu.assign_non_tensor(batch, temperature=1.0, calculate_entropy=False, compute_loss=False)
    log_probs = group.compute_log_prob(batch)["log_probs"]  # shifted left by one: the last entry belongs to no token
    return [float(value) for value in log_probs.unbind()[0][: len(ids) - 1]]


def _dtype(config: Any) -> str:
    actor = config.actor_rollout_ref.actor
    if actor.strategy == "megatron":
        return {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}.get(
            actor.megatron.dtype, actor.megatron.dtype
        )
    precision = (actor.fsdp_config.get("mixed_precision") or {}).get("param_dtype") or "bf16"
    return {"fp32": "float32", "fp16": "float16"}.get(precision, "bfloat16")


def _refusal(found: ProbabilityGap, rope: dict[str, Any] | None, config: Any, tolerance: float) -> str:
    model, strategy = config.actor_rollout_ref.model.path, config.actor_rollout_ref.actor.strategy
    said = (
        f"egca.guard: the {strategy} actor does not compute {model} as Hugging Face does. Over {found.tokens} tokens of one "
        f"prompt their probabilities differ by {found.mean:.2g} on average and {found.largest:.2g} at most (tolerance "
        f"{tolerance:.2g} on average). The rollout would sample from one model and the actor train another.\n"
    )
    if rope is not None and found.nearest != AS_SAVED and found.mean > _CLEARLY * found.nearest_mean:
        said += (
            f"Likely cause: the actor's numbers are those of the model {found.nearest} (they differ by "
            f"{found.nearest_mean:.2g} on average): the engine lost these keys of the model's config.\n"
            f"Remedy: {_remedy(rope)}"
        )
    else:
        key = _OVERRIDE if strategy == "megatron" else "actor_rollout_ref.model.override_config"
        said += (
            "Likely causes: the engine reads a key of the model's config otherwise or not at all (RoPE, norm epsilon, "
            "biases, tied embeddings), or some weights were not loaded. Remedy: compare the config that the log shows with "
            f"the model's config.json, and set what differs by {key}"
        )
    return said + "\nTo train all the same: egca.guard.enabled=false"


def _remedy(rope: dict[str, Any]) -> str:
    kind = rope.get("rope_type", "default")
    overrides = f"{_OVERRIDE}.rotary_base={rope['rope_theta']:.0f}"
    if kind == "linear":
        return f"{overrides} {_OVERRIDE}.seq_len_interpolation_factor={rope['factor']:g}"
    if kind == "default":
        return overrides
    return f"{overrides}, and an engine that knows {kind} scaling ({rope}): Megatron's override has linear scaling only"
