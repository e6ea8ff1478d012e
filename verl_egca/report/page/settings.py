"""The differences of two runs' configs, and the few keys of one run that decide the credit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from verl_egca.report.page.run import Run

_TELLING = (
    "algorithm.adv_estimator",
    "reward.reward_manager.name",
    "trainer.v1.trainer_mode",
    "data.train_batch_size",
    "data.max_response_length",
    "actor_rollout_ref.rollout.n",
    "actor_rollout_ref.actor.optim.lr",
    "actor_rollout_ref.actor.clip_ratio",
    "actor_rollout_ref.actor.kl_loss_coef",
    "actor_rollout_ref.actor.loss_agg_mode",
    "actor_rollout_ref.actor.ppo_mini_batch_size",
    "egca.localizer",
    "egca.granularity",
    "egca.several",
    "egca.unconfirmed",
    "egca.normalisation",
    "egca.span_weight",
    "egca.soft",
    "egca.positive_weight",
    "egca.negative_weight",
    "egca.entropy_share",
    "egca.twins",
    "egca.reward",
    "egca.budget_ms",
    "egca.seed",
    "egca.evidence_rows",
)
_ABSENT = "not set"


def telling(run: Run) -> list[tuple[str, str]]:
    """Those keys, with values resolved by verl and EGCA."""
    flat = dict(_flat(run.config))
    return [(key, flat[key]) for key in _TELLING if key in flat]


def differences(runs: Sequence[Run]) -> tuple[list[tuple[str, str, str]], int]:
    """(key, A's, B's) of all keys that differ, and the number of others that differ only in the run's directory."""
    first, second = (dict(_flat(run.config)) for run in runs)
    differing = [key for key in sorted({*first, *second}) if first.get(key) != second.get(key)]
    own = [
        key for key in differing if _names_itself(first.get(key), runs[0]) and _names_itself(second.get(key), runs[1])
    ]
    return [(key, first.get(key, _ABSENT), second.get(key, _ABSENT)) for key in differing if key not in own], len(own)


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, "null" if value is None else str(value)


def _names_itself(value: str | None, run: Run) -> bool:
    return value is not None and str(run.path) in value
