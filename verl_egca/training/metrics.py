"""A step's metrics, prefixed ``egca/``.

Over a step's local updates, verl's MetricsAggregator (trainer/ppo/v1/utils.py) sums metrics with "total" in their
names, takes the extreme of those with "max" or "min", and averages the others, weighted by samples.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import get_args

import numpy as np
import torch

from verl_egca.gates.mode import Mode
from verl_egca.localization.base import ConsultationOutcome
from verl_egca.localization.confirmed import Confirmed
from verl_egca.sample import SampleRecord, Ungated
from verl_egca.training.batch import Rows
from verl_egca.training.timeline import TimelineSpan

_BLAMABLE = (Mode.LOGIC, Mode.SYNTAX)


def step_metrics(rows: Rows, uids: Sequence[str]) -> dict[str, float]:
    """Shares are of the step's samples unless the name says otherwise; padding rows do not count."""
    samples = [(record, row) for row, record in enumerate(rows.records) if record is not None]
    records = [record for record, _ in samples]
    count = max(1, len(records))
    blamable = [record for record in records if record.mode in _BLAMABLE]
    localized = [record for record in blamable if record.spans]
    metrics = {f"egca/mode/{mode.lower()}": sum(r.mode is mode for r in records) / count for mode in Mode}
    for kind, number in Counter(r.constraint.partition(":")[0] for r in records if r.constraint).items():
        metrics[f"egca/constraint/{kind}"] = number / count
    metrics["egca/localized_share"] = len(localized) / max(1, len(blamable))  # of the samples in LOGIC or SYNTAX
    for name, number in Counter(record.localizer for record in localized).items():
        metrics[f"egca/localized_by/{name}"] = number / max(1, len(blamable))
    for confirmed in Confirmed:  # of the localized samples
        share = sum(record.confirmed is confirmed for record in localized) / max(1, len(localized))
        metrics[f"egca/confirmed/{confirmed}"] = share
    for reason, number in Counter(record.not_localized or "unknown" for record in blamable if not record.spans).items():
        metrics[f"egca/not_localized/{reason}"] = number / max(1, len(blamable))
    if localized:
        spans = [sum(end - start for start, end in record.spans) for record in localized]
        lengths = [record.response_tokens for record in localized]
        metrics["egca/span_tokens_mean"] = float(np.mean(spans))
        metrics["egca/span_share_of_response"] = float(np.mean(np.array(spans) / np.array(lengths)))
    focused = [record.spans and float(rows.adv_B[row]) < 0 for record, row in samples if record.mode in _BLAMABLE]
    metrics["egca/focused_share"] = sum(map(bool, focused)) / count
    metrics["egca/failed_samples_total"] = float(sum(record.mode is None for record in records))
    for reason in get_args(Ungated):  # counts of samples
        metrics[f"egca/{reason}"] = float(sum(record.ungated == reason for record in records))
    metrics["egca/shared"] = sum(record.shared for record in records) / count
    metrics["egca/no_variance_share"] = _share_without_variance(samples, uids)
    if rows.entropy_threshold is not None:
        real = [row for _, row in samples]
        metrics["egca/entropy_threshold"] = rows.entropy_threshold
        metrics["egca/credited_share"] = float((rows.adv_BT[real] != 0).sum() / rows.mask_BT[real].sum().clamp(min=1))
    if records:
        seconds = [record.reward_ended - record.rollout_ended for record in records]
        metrics["egca/reward_s_p50"], metrics["egca/reward_s_p95"] = map(float, np.percentile(seconds, [50, 95]))
    return metrics


def debugger_metrics(records: Sequence[SampleRecord | None]) -> dict[str, float]:
    """The outcomes of a step's questions to the debugger, in samples, and their seconds and tokens.

    Samples with the same program count once. ``skipped``: not asked, because the group has no advantages, the servers
    are suspended after failures, or the program is too long.
    """
    told = [record.debugger for record in records if record is not None and record.debugger is not None]
    asked = [one for one in told if one.outcome != "skipped"]
    counts = Counter(one.outcome for one in told)
    metrics = {f"egca/debugger/{outcome}": float(counts[outcome]) for outcome in get_args(ConsultationOutcome)}
    metrics["egca/debugger/asked"] = float(len(asked))
    metrics["egca/debugger/retried"] = float(sum(one.retried for one in asked))
    for reason, number in Counter(one.reason for one in told if one.outcome == "skipped").items():
        metrics[f"egca/debugger/skipped/{str(reason).replace(' ', '_')}"] = float(number)
    seconds = [one.latency_s for one in asked] or [0.0]
    for share in (50, 95):
        metrics[f"egca/debugger/latency_p{share}"] = float(np.percentile(seconds, share))
    for name in ("tokens_in", "tokens_cached", "tokens_out"):
        metrics[f"egca/debugger/{name}"] = float(sum(getattr(one, name) for one in asked))
    return metrics


def reward_wait(records: Sequence[SampleRecord | None], waited_from: float = 0.0) -> TimelineSpan | None:
    """The time that the step waited for rewards alone: after its last rollout, and after its wait began.

    ``waited_from`` is the start of the trainer's wait for the batch, in seconds since the epoch: if rollouts run ahead
    of the trainer, earlier rewards cost nothing. Times are from the reward workers' clocks, as exact as the nodes'
    clocks agree.
    """
    real = [record for record in records if record is not None]
    if not real:
        return None
    start, end = max(waited_from, *(r.rollout_ended for r in real)), max(r.reward_ended for r in real)
    return TimelineSpan("rewards", start, end) if end > start else None


def advantage_digest(adv_BT: torch.Tensor, mask_BT: torch.Tensor) -> float:
    """CRC-32 of the bits of all response tokens' advantages, independent of the rows' order, to compare runs."""
    rows = zip(adv_BT.to(torch.float32) + 0.0, mask_BT.bool(), strict=True)  # turns -0.0 into 0.0
    return float(zlib.crc32(b"|".join(sorted(row[mask].numpy().tobytes() for row, mask in rows))))


def _share_without_variance(samples: Sequence[tuple[SampleRecord, int]], uids: Sequence[str]) -> float:
    groups: dict[str, list[float]] = defaultdict(list)
    for record, row in samples:
        groups[uids[row]].append(record.reward)
    flat = sum(len(rewards) for rewards in groups.values() if len(set(rewards)) == 1)
    return flat / max(1, len(samples))
