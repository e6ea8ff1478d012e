"""Proven twins as rows of verl's batch (``egca.twins``), inserted once rewards are known; verl computes the rest.

A twin's row copies the failing response's row and replaces the response by the repaired one. It was not sampled, so it
has no rollout log-probs, and metrics must not count it. Until the advantages are computed it therefore looks like
padding to verl: tagged ``is_padding``, with a zero response mask. Old and reference log-probs do not depend on the
mask; entropy, mismatch, rollout correction and data metrics leave padding out. Then it gets its true mask, on all of
its tokens, so that the loss weighs them like any response's; only the changed tokens have credit (`credit.twins`).

Twins add no mini-batch. verl would pad the batch to whole mini-batches of ``ppo_mini_batch_size`` prompts, which means
many rows of padding and one more optimizer step. Here a step's mini-batches become larger instead, and the loss is the
mean over their responses, including twins.
"""

from __future__ import annotations

import copy
import logging
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import transfer_queue as tq
from omegaconf import DictConfig
from transfer_queue import KVBatchMeta
from verl.utils.tensordict_utils import get_tensordict, list_of_dict_to_tensordict

from verl_egca.config.settings import SettingsError
from verl_egca.credit.twins import FailedGroups, failed_groups
from verl_egca.sample import SampleRecord
from verl_egca.twin_tokens import WrittenTwin

logger = logging.getLogger(__name__)

TWIN_OF = "egca_twin_of"  # tag of a twin's row: the key of the repaired response


class TwinRows:
    """Puts twins into a run's batches and measures them."""

    def __init__(self, config: DictConfig) -> None:
        """Raises SettingsError: the rest of the config is incompatible with twins."""
        _refuse_what_does_not_go_with_twins(config)
        self._config = config
        self._mini_batches = 0  # of the current batch, if it has twins
        self._counts: Counter[str] = Counter()
        self._told: set[str] = set()

    def put_into(self, batch: KVBatchMeta, records: Sequence[SampleRecord | None], final: Sequence[int]) -> KVBatchMeta:
        """The batch with its twins at its end: verl pads a batch with copies of its first row and tag.

        Args:
            batch: in its order, before verl pads it.
            records: one per row.
            final: for each row, the row with its session's scored output.
        """
        scored = [row for row, last in enumerate(final) if row == last and records[row] is not None]
        groups = [batch.keys[row].rpartition("_")[0].rpartition("_")[0] for row in scored]
        found = failed_groups(
            [_reward(records[row]) for row in scored],
            groups,
            [_program(records[row], row) for row in scored],
            [records[row].twin for row in scored],
        )
        self._count(found, [records[row] for row in scored])
        self._mini_batches = math.ceil(len(batch) / self._mini_batch_rows) if found.rows else 0
        if not found.rows:
            return batch
        return _with_rows(batch, [(scored[place], records[scored[place]].twin) for place in found.rows])

    def multiple(self, usual: int, ranks: int) -> int:
        """The required divisor of the number of rows; ``usual`` without twins. ``ranks``: of data parallelism."""
        if not self._mini_batches:
            return usual
        return self._mini_batches * math.lcm(*(ranks * rows for rows in _micro_batch_sizes(self._config)))

    def divide(self, batch: KVBatchMeta) -> None:
        """Make verl's update split a batch with twins into its usual number of mini-batches, and average over its rows."""
        if self._mini_batches:
            rows = sum(not tag.get("is_padding") or TWIN_OF in tag for tag in batch.tags)
            batch.extra_info = _Kept(
                batch.extra_info,
                mini_batch_size=len(batch) // self._mini_batches,
                global_batch_size=rows / self._mini_batches,  # the loss's divisor
            )

    def metrics(self, tags: Sequence[Mapping[str, Any]], seconds: Mapping[str, float]) -> dict[str, float]:
        """The metrics of a step, over all of its updates. ``seconds``: by phase, as in verl's ``timing_raw``.

        ``rows`` counts twins and ``padding`` the padding rows; ``share`` is the twins' share of all trained responses.
        ``seconds`` is the time to choose twins, plus their share by tokens of the phases that compute with every row.
        The other metrics count groups or twins, as named.
        """
        twins = [tag for tag in tags if TWIN_OF in tag]
        padding = [tag for tag in tags if tag.get("is_padding") and TWIN_OF not in tag] if twins else []
        own, every = sum(tag["seq_len"] for tag in (*twins, *padding)), sum(tag["seq_len"] for tag in tags)
        computing = sum(seconds.get(phase, 0.0) for phase in ("old_log_prob", "ref", "update_actor"))
        figures: dict[str, float] = {
            "rows": len(twins),
            "padding": len(padding),
            "share": len(twins) / max(1, len(tags) - len(padding)),
            "seconds": seconds.get("twins", 0.0) + computing * own / max(1, every),
        }
        figures |= dict.fromkeys(("failed_groups", "failed_groups/without", "failed_groups/unknown", "repeated"), 0)
        figures |= self._counts
        self._counts = Counter()
        return {f"egca/twins/{name}": float(figure) for name, figure in figures.items()}

    def _count(self, found: FailedGroups, records: Sequence[SampleRecord]) -> None:
        counts = Counter(f"not_written/{record.no_twin}" for record in records if record.no_twin)
        for name in sorted(set(counts) - self._told):
            self._told.add(name)
            logger.warning(
                "egca: %d proven repairs of this step have no twin (%s): their samples count, but are not trained on in "
                "their repaired form. egca/twins/%s counts them. Logged once",
                *(counts[name], name.partition("/")[2], name),
            )
        counts["failed_groups"], counts["failed_groups/without"] = found.groups, found.without
        counts["failed_groups/unknown"], counts["repeated"] = found.unknown, found.repeated
        self._counts += counts

    @property
    def _mini_batch_rows(self) -> int:
        actor_rollout_ref = self._config.actor_rollout_ref
        return actor_rollout_ref.actor.ppo_mini_batch_size * actor_rollout_ref.rollout.n


def twin_rows(batch: KVBatchMeta) -> dict[int, int]:
    """Twin's row -> row of the response that it repairs."""
    row_of = {key: row for row, key in enumerate(batch.keys)}
    return {row: row_of[tag[TWIN_OF]] for row, tag in enumerate(batch.tags) if TWIN_OF in tag}


def without_twins(batch: KVBatchMeta) -> KVBatchMeta:
    """The batch without its twins."""
    twins = twin_rows(batch)
    return batch.select_keys([key for row, key in enumerate(batch.keys) if row not in twins]) if twins else batch


def unmask(batch: KVBatchMeta) -> None:
    """Give the batch's twins their true masks, and importance weights of 1."""
    keys = [batch.keys[row] for row in twin_rows(batch)]
    if not keys:
        return
    fields = ["response_mask", *(["rollout_is_weights"] if "rollout_is_weights" in (batch.fields or ()) else [])]
    data = tq.kv_batch_get(keys=keys, partition_id=batch.partition_id, select_fields=fields)
    ones = {
        field: torch.nested.as_nested_tensor(
            [torch.ones_like(row) for row in data[field].unbind()], layout=torch.jagged
        )
        for field in fields
    }
    ones["loss_mask"] = ones["response_mask"]
    tq.kv_batch_put(keys=keys, partition_id=batch.partition_id, fields=get_tensordict(ones))


class _Kept(dict[str, Any]):
    """A dict with entries that `update` does not change: verl's trainer overwrites its input."""

    def __init__(self, entries: Mapping[str, Any], **kept: Any) -> None:
        super().__init__({**entries, **kept})
        self.kept = kept

    def update(self, *entries: Any, **named: Any) -> None:
        super().update(*entries, **named)
        super().update(self.kept)


def _with_rows(batch: KVBatchMeta, twins: Sequence[tuple[int, WrittenTwin]]) -> KVBatchMeta:
    """The batch with a row for each (row of the failing response, twin)."""
    data = tq.kv_batch_get(keys=[batch.keys[row] for row, _ in twins], partition_id=batch.partition_id)
    taken: dict[str, int] = defaultdict(int)  # sessions per group; a key is group_session_index
    for key in batch.keys:
        group, session, _ = key.rsplit("_", 2)
        taken[group] = max(taken[group], int(session) + 1)
    keys, fields, tags = [], [], []
    for place, (row, twin) in enumerate(twins):
        group = batch.keys[row].rsplit("_", 2)[0]
        session, taken[group] = taken[group], taken[group] + 1
        keys.append(f"{group}_{session}_0")
        fields.append(_fields(data[place], twin, session))
        prompt = fields[-1]["prompts"].size(0)
        lengths = {"prompt_len": prompt, "response_len": len(twin.ids), "seq_len": prompt + len(twin.ids)}
        tags.append(copy.deepcopy(batch.tags[row]) | lengths | {"is_padding": True, TWIN_OF: batch.keys[row]})
    tq.kv_batch_put(keys=keys, partition_id=batch.partition_id, fields=list_of_dict_to_tensordict(fields), tags=tags)
    return KVBatchMeta(
        keys=batch.keys + keys,
        tags=batch.tags + tags,
        partition_id=batch.partition_id,
        fields=batch.fields,
        extra_info=batch.extra_info,
    )


def _fields(source: Any, twin: WrittenTwin, session: int) -> dict[str, Any]:
    """A twin's row, made from its failing response's."""
    fields = {}
    for name in source.keys():  # noqa: SIM118 - iterating goes by rows
        value = source[name]
        fields[name] = value.clone() if isinstance(value, torch.Tensor) else copy.deepcopy(value)
    prompts, responses = fields["prompts"], torch.tensor(twin.ids, dtype=fields["responses"].dtype)
    unseen = torch.zeros_like(responses)
    fields |= {
        "responses": responses,
        "input_ids": torch.cat([prompts, responses]),
        "position_ids": _positions(fields["position_ids"], len(prompts), len(responses)),
        "response_mask": unseen,
        "loss_mask": unseen,
        "rm_scores": unseen.float(),
    }
    if "rollout_log_probs" in fields:
        fields["rollout_log_probs"] = unseen.float()
    if "session_id" in fields:
        fields["session_id"] = session
    return fields


def _positions(positions: torch.Tensor, prompt: int, response: int) -> torch.Tensor:
    """Position ids (.., tokens): the prompt's unchanged, then consecutive ones for the new response."""
    first = positions[..., prompt : prompt + 1]
    return torch.cat([positions[..., :prompt], first + torch.arange(response, dtype=positions.dtype)], dim=-1)


def _reward(record: SampleRecord) -> float | None:
    return None if record.mode is None else record.reward


def _program(record: SampleRecord, row: int) -> str | int:
    """An identifier of the failing program; unique if it has no digest."""
    return record.program_digest or row


def _micro_batch_sizes(config: DictConfig) -> list[int]:
    """A rank's micro-batch sizes in rows; 1 for those that are counted in tokens."""
    parts = config.actor_rollout_ref
    sizes = [
        (parts.actor.use_dynamic_bsz, parts.actor.get("ppo_micro_batch_size_per_gpu")),
        (parts.rollout.log_prob_use_dynamic_bsz, parts.rollout.get("log_prob_micro_batch_size_per_gpu")),
        (parts.ref.log_prob_use_dynamic_bsz, parts.ref.get("log_prob_micro_batch_size_per_gpu")),
    ]
    return [1, *(rows for by_tokens, rows in sizes if rows and not by_tokens)]


def _refuse_what_does_not_go_with_twins(config: DictConfig) -> None:
    algorithm, rollout = config.algorithm, config.actor_rollout_ref.rollout
    wrong = {
        f"algorithm.adv_estimator={algorithm.adv_estimator}": algorithm.adv_estimator != "egca",
        "algorithm.rollout_correction.bypass_mode=True": (algorithm.get("rollout_correction") or {}).get("bypass_mode"),
        "critic.enable=True": config.critic.enable,
        "distillation.enabled=True": (config.get("distillation") or {}).get("enabled"),
        "actor_rollout_ref.rollout.enable_rollout_routing_replay=True": rollout.get("enable_rollout_routing_replay"),
    }
    for setting, does in wrong.items():
        if does:
            raise SettingsError(
                f"egca.twins: a twin was never sampled, and can't be trained on with {setting}; change that, or set "
                "egca.twins to off"
            )
