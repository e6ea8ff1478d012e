"""The log-probs of one text under Hugging Face's model, and under misreadings of its RoPE parameters.

The misreadings identify a cause: an actor that matches *without RoPE scaling* has lost the scaling. Computed on the CPU
in float32, in a separate process.
"""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass
from typing import Any

import ray

AS_SAVED = "as saved"


@dataclass(frozen=True, slots=True)
class ModelSource:
    """The model that verl builds its actor from: ``actor_rollout_ref.model``."""

    path: str
    trust_remote_code: bool = False
    override_config: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """Log-probs of a text's tokens after the first, by reading of the model's config.

    ``log_probs[AS_SAVED]`` is the config read correctly; the other keys name misreadings that differ from it. ``rope``
    is the config's RoPE parameters; None if it has several sets.
    """

    log_probs: dict[str, list[float]]
    rope: dict[str, Any] | None


@ray.remote(num_cpus=1, max_calls=1, max_retries=0)
def hf_log_probs(source: ModelSource, ids: list[int]) -> Readings:
    """The log-prob of each of ``ids[1:]`` given the ids before it. Raises transformers' errors on loading the model."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM
    from verl.utils.fs import copy_to_local
    from verl.utils.model import update_model_config

    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))  # Ray sets 1
    path = copy_to_local(source.path)
    config = AutoConfig.from_pretrained(path, trust_remote_code=source.trust_remote_code)
    overrides = source.override_config or {}
    update_model_config(config, override_config_kwargs=dict(overrides.get("model_config", overrides)))
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_pretrained(
        path, config=config, dtype=torch.float32, trust_remote_code=source.trust_remote_code
    ).eval()
    found = {AS_SAVED: _log_probs(model, ids)}
    rope, rotary = _rope_parameters(config), _rotary_embedding(model)
    if rotary is not None:
        for name, parameters in misreadings(rope).items():
            wrong = copy.deepcopy(config)
            wrong.rope_parameters = parameters
            rotary.__init__(config=wrong)  # type: ignore[misc]  # in place: the model shares it
            found[name] = _log_probs(model, ids)
    return Readings(found, rope)


def misreadings(rope: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """A config's RoPE parameters without the scaling, the base, or both, as an engine may misread them.

    Megatron's default ``rotary_base`` is 10000.
    """
    if not rope or "rope_theta" not in rope:
        return {}
    theta = float(rope["rope_theta"])
    scaled = rope.get("rope_type", "default") != "default"
    found: dict[str, dict[str, Any]] = {}
    if scaled:
        found["without RoPE scaling"] = {"rope_type": "default", "rope_theta": theta}
    if theta != 10000.0:
        found["with RoPE base 10000"] = rope | {"rope_theta": 10000.0}
    if scaled and theta != 10000.0:
        found["without RoPE scaling and with RoPE base 10000"] = {"rope_type": "default", "rope_theta": 10000.0}
    return found


def _log_probs(model: Any, ids: list[int]) -> list[float]:
    import torch

    with torch.inference_mode():
        logits = model(torch.tensor([ids]), use_cache=False).logits[0, :-1].float()
        chosen = torch.log_softmax(logits, -1).gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
    return [float(value) for value in chosen]


def _rope_parameters(config: Any) -> dict[str, Any] | None:
    parameters = getattr(config, "rope_parameters", None)
    # models with several kinds of layers have one set for each, which is not supported here
    return dict(parameters) if isinstance(parameters, dict) and "rope_theta" in parameters else None


def _rotary_embedding(model: Any) -> Any:
    return getattr(getattr(model, "model", None), "rotary_emb", None)
