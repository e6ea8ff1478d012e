"""Evidence stays on the reward worker that found it, until the driver asks for the few samples that it writes in full.

A failing sample's program, test and evidence are kilobytes; of 4,096 samples a step the driver writes some hundred. So a
reward worker keeps them, compressed and within a budget, and hands out what it is asked for (`EvidenceStore`); the
driver asks each worker once a batch (`collect`). Whatever was pushed out by the budget, or was lost with its worker, is
missing from the answer, and its row is a short one.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import ray
from cachetools import FIFOCache
from ray.exceptions import RayActorError

from verl_egca.sample import SampleEvidence, SampleRecord

logger = logging.getLogger(__name__)

KEPT_BYTES = 64_000_000  # compressed; samples that never reach the driver (validation, filtered groups) leave by it


class EvidenceStore:
    """Of one reward worker. The oldest entries go once all together weigh more than ``most`` bytes; thread-safe."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._lock = threading.Lock()
        self._kept: FIFOCache[int, bytes] = FIFOCache(most, getsizeof=len)
        self._last = 0

    def keep(self, evidence: SampleEvidence) -> int:
        """The number to ask for it by."""
        packed = zlib.compress(evidence.model_dump_json().encode(), 1)
        with self._lock:
            self._last += 1
            with suppress(ValueError):  # it weighs more than all may together
                self._kept[self._last] = packed
            return self._last

    def take(self, wanted: Iterable[int], done: Iterable[int]) -> dict[int, bytes]:
        """What is still there of ``wanted``, packed; afterwards ``wanted`` and ``done`` are forgotten."""
        with self._lock:
            found = {number: self._kept[number] for number in wanted if number in self._kept}
            for number in (*found, *done):
                self._kept.pop(number, None)
        return found


def unpack(packed: bytes) -> SampleEvidence:
    return SampleEvidence.model_validate_json(zlib.decompress(packed))


def collect(
    workers: Mapping[str, Any], wanted: Mapping[int, SampleRecord], done: Iterable[SampleRecord]
) -> dict[int, SampleEvidence]:
    """The evidence of ``wanted`` samples, by their rows, as far as it is still kept.

    Args:
        workers: handles of verl's reward workers by their actor ids, as in ``SampleRecord.worker``.
        wanted: row -> record. A sample that has no evidence anywhere (our own code failed on it) gets an empty one.
        done: samples of the same batch whose evidence nobody will ask for any more.
    """
    found = {row: SampleEvidence() for row, record in wanted.items() if record.evidence_number is None}
    rows: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))  # outputs of a session share theirs
    for row, record in wanted.items():
        if record.worker in workers and record.evidence_number is not None:
            rows[record.worker][record.evidence_number].append(row)
    unwanted: dict[str, list[int]] = defaultdict(list)
    for record in done:
        if record.worker in workers and record.evidence_number is not None:
            unwanted[record.worker].append(record.evidence_number)
    # __ray_call__ runs a function on verl's actor, which has no method of ours
    asked = {
        worker: workers[worker].__ray_call__.remote(_take, list(rows[worker]), unwanted[worker])
        for worker in {*rows, *unwanted}
    }
    for worker, answer in asked.items():
        try:
            kept = ray.get(answer)
        except RayActorError:
            logger.warning("egca: reward worker %s has ended; the evidence of its samples is lost", worker)
            continue
        for number, packed in kept.items():
            found |= dict.fromkeys(rows[worker][number], unpack(packed))
    return found


def own_worker() -> str | None:
    """The id of the Ray actor that this code runs in; None outside of one."""
    return ray.get_runtime_context().get_actor_id() if ray.is_initialized() else None


def _take(worker: Any, wanted: Sequence[int], done: Sequence[int]) -> dict[int, bytes]:
    """On the reward worker, verl's RewardLoopWorker (experimental/reward_loop/reward_loop.py)."""
    store: EvidenceStore = worker.reward_manager.evidence
    return store.take(wanted, done)
