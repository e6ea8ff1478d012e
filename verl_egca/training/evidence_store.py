"""Evidence, kept on the reward workers until the driver fetches it for the samples that it writes in full.

Evidence takes kilobytes per failing sample, and of 4,096 samples in a step the driver writes some hundred. So each
reward worker keeps it compressed, within a budget (`EvidenceStore`), and the driver asks each worker once per batch
(`collect`). Evidence that exceeded the budget or was lost with its worker is missing; its sample gets a short row.
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

KEPT_BYTES = 64_000_000  # compressed; also limits evidence that is never fetched (validation, filtered groups)


class EvidenceStore:
    """The store of one reward worker. Past ``most`` bytes, the oldest entries are dropped; thread-safe."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._lock = threading.Lock()
        self._kept: FIFOCache[int, bytes] = FIFOCache(most, getsizeof=len)
        self._last = 0

    def keep(self, evidence: SampleEvidence) -> int:
        """Returns the evidence's number, for `take`."""
        packed = zlib.compress(evidence.model_dump_json().encode(), 1)
        with self._lock:
            self._last += 1
            with suppress(ValueError):  # larger than the whole budget
                self._kept[self._last] = packed
            return self._last

    def take(self, wanted: Iterable[int], done: Iterable[int]) -> dict[int, bytes]:
        """The entries of ``wanted`` that are left, packed; forgets ``wanted`` and ``done``."""
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
    """The evidence of ``wanted`` samples that is still kept, by row.

    Args:
        workers: handles of verl's reward workers by their actor ids, as in ``SampleRecord.worker``.
        wanted: row -> record. A sample without evidence (EGCA's own code failed) gets an empty one.
        done: samples of the same batch whose evidence may be dropped.
    """
    found = {row: SampleEvidence() for row, record in wanted.items() if record.evidence_number is None}
    rows: dict[str, dict[int, list[int]]] = defaultdict(
        lambda: defaultdict(list)
    )  # outputs of a session share evidence
    for row, record in wanted.items():
        if record.worker in workers and record.evidence_number is not None:
            rows[record.worker][record.evidence_number].append(row)
    unwanted: dict[str, list[int]] = defaultdict(list)
    for record in done:
        if record.worker in workers and record.evidence_number is not None:
            unwanted[record.worker].append(record.evidence_number)
    # __ray_call__ runs any function on an actor
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
    """The id of the current Ray actor; None outside an actor."""
    return ray.get_runtime_context().get_actor_id() if ray.is_initialized() else None


def _take(worker: Any, wanted: Sequence[int], done: Sequence[int]) -> dict[int, bytes]:
    """Runs on the reward worker, verl's RewardLoopWorker (experimental/reward_loop/reward_loop.py)."""
    store: EvidenceStore = worker.reward_manager.evidence
    return store.take(wanted, done)
