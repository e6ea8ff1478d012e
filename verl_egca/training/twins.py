"""Proven twins as rows of verl's batch (``egca.twins``): put in once rewards are known, so that verl computes the rest.

A twin's row is a copy of its failing response's, with the repaired response in the place of the sampled one. Nobody sampled
it, so it has no rollout log-probs, and no metric may count it. Until the advantages are there it therefore looks to verl
like a row that only pads the batch: tagged ``is_padding``, its response mask all zero. Old and reference log-probs do not
depend on the mask; entropy, mismatch, rollout correction and data metrics leave such rows out. With the advantages it gets
its true mask, on all of its tokens, so that the loss gives a token of it what it gives one of any response; what is
credited are the changed tokens alone (`credit.twins`).

Twins make no mini-batch more. verl would fill the batch up to whole mini-batches of ``ppo_mini_batch_size`` prompts, and so
train on many rows of padding, with one more step of the optimizer. Here a step's mini-batches become larger instead, and
the loss is the mean over their responses, twins among them.
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

TWIN_OF = "egca_twin_of"  # tag of a twin's row: the key of the response that it repairs


class TwinRows:
    """Puts twins into the batches of a run, and tells what they are and cost."""

    def __init__(self, config: DictConfig) -> None:
        """Raises SettingsError: the rest of the config does not go with twins."""
        _refuse_what_does_not_go_with_twins(config)
        self._config = config
        self._mini_batches = 0  # of the batch under way, if it has twins
        self._counts: Counter[str] = Counter()
        self._told: set[str] = set()

    def put_into(self, batch: KVBatchMeta, records: Sequence[SampleRecord | None], final: Sequence[int]) -> KVBatchMeta:
        """The batch and its twins, as rows at its end: verl fills a batch up with copies of its first row and of its tag.

        Args:
            batch: in its order, before verl fills it up.
            records: one a row.
            final: for each row the one that holds its session's scored output.
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
        """What the number of rows has to be divisible by, which without twins is ``usual``; ``ranks`` of data parallelism."""
        if not self._mini_batches:
            return usual
        return self._mini_batches * math.lcm(*(ranks * rows for rows in _micro_batch_sizes(self._config)))

    def divide(self, batch: KVBatchMeta) -> None:
        """Make verl's update divide a batch with twins into as many mini-batches as it would without, and average over its rows."""
        if self._mini_batches:
            rows = sum(not tag.get("is_padding") or TWIN_OF in tag for tag in batch.tags)
            batch.extra_info = _Kept(
                batch.extra_info,
                mini_batch_size=len(batch) // self._mini_batches,
                global_batch_size=rows / self._mini_batches,  # what the loss divides by
            )

    def metrics(self, tags: Sequence[Mapping[str, Any]], seconds: Mapping[str, float]) -> dict[str, float]:
        """Of a whole step, all of its updates; ``seconds`` by phase, as in verl's ``timing_raw``.

        ``rows`` and ``padding`` are the rows that twins are and that they bring with them, ``share`` the twins' of all
        responses trained on. ``seconds``: what choosing them took, and of the phases that compute with every row their share
        of the tokens. The other counts are of groups and of twins, whose names say which.
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
                "their repaired form. egca/twins/%s counts them. Said once",
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
    """The rows of a batch that are twins, and for each the row of the response that it repairs."""
    row_of = {key: row for row, key in enumerate(batch.keys)}
    return {row: row_of[tag[TWIN_OF]] for row, tag in enumerate(batch.tags) if TWIN_OF in tag}


def without_twins(batch: KVBatchMeta) -> KVBatchMeta:
    """The batch's other rows."""
    twins = twin_rows(batch)
    return batch.select_keys([key for row, key in enumerate(batch.keys) if row not in twins]) if twins else batch


def unmask(batch: KVBatchMeta) -> None:
    """Give the batch's twins their true masks, and the importance weights of what was sampled by the actor itself."""
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
    """A dict with entries that `update` leaves alone: verl's trainer overwrites what it is given."""

    def __init__(self, entries: Mapping[str, Any], **kept: Any) -> None:
        super().__init__({**entries, **kept})
        self.kept = kept

    def update(self, *entries: Any, **named: Any) -> None:
        super().update(*entries, **named)
        super().update(self.kept)


def _with_rows(batch: KVBatchMeta, twins: Sequence[tuple[int, WrittenTwin]]) -> KVBatchMeta:
    """The batch, and a row for each (row of the failing response, twin)."""
    data = tq.kv_batch_get(keys=[batch.keys[row] for row, _ in twins], partition_id=batch.partition_id)
    taken: dict[str, int] = defaultdict(int)  # sessions of a group, whose number is the middle of its keys
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
    """A twin's row, from that of its failing response."""
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
    """Of the prompt as they are, (.., tokens); of another response's text, one by one from where the prompt ends."""
    first = positions[..., prompt : prompt + 1]
    return torch.cat([positions[..., :prompt], first + torch.arange(response, dtype=positions.dtype)], dim=-1)


def _reward(record: SampleRecord) -> float | None:
    return None if record.mode is None else record.reward


def _program(record: SampleRecord, row: int) -> str | int:
    """A name of the failing program; one that has none is equal to no other."""
    return record.program_digest or row


def _micro_batch_sizes(config: DictConfig) -> list[int]:
    """Rows that a rank computes at once where they are counted in rows; 1 where they are counted in tokens."""
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
