"""``localizations.jsonl``: a row for every failing sample, with evidence for some of them.

1,000 steps of 1,024 samples would be gigabytes of similar programs. So a step writes ``evidence_rows`` of its failing
samples in full, and the others as short rows: blame, certainty, credited tokens.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from verl_egca.config.settings import Settings
from verl_egca.report.step_log import StepLog
from verl_egca.sample import SampleEvidence, SampleRecord
from verl_egca.training.batch import Rows
from verl_egca.training.records import failing, full_row, short_row

logger = logging.getLogger(__name__)

# (wanted samples by row, samples whose evidence may be dropped) -> evidence by row
Collect = Callable[[Mapping[int, SampleRecord], Iterable[SampleRecord]], Mapping[int, SampleEvidence]]


class LocalizationLog:
    def __init__(self, path: Path, settings: Settings) -> None:
        self._log = StepLog(path)
        self._most, self._seed = settings.evidence_rows, settings.seed
        self._step, self._written = -1, 0
        self._told = self._told_lost = False

    def append(self, step: int, rows: Rows, uids: Sequence[str], collect: Collect) -> dict[str, float]:
        """Write a batch of the step; returns the number of short rows, as a metric."""
        if step != self._step:
            self._step, self._written = step, 0
        found = dict(failing(rows))
        chosen = self._chosen(step, found)
        seen = collect({row: found[row] for row in sorted(chosen)}, [found[row] for row in found if row not in chosen])
        self._written += len(seen)
        credited = (rows.adv_BT != 0).sum(-1).tolist()
        self._log.append(
            step,
            [
                full_row(step, rows, uids, row, credited[row], seen[row])
                if row in seen
                else short_row(step, rows, uids, row, credited[row])
                for row in found
            ],
        )
        self._tell(step, len(found), len(chosen), len(seen))
        return {"egca/short_rows_total": float(len(found) - len(seen))}

    def _tell(self, step: int, found: int, chosen: int, seen: int) -> None:
        if found > chosen and not self._told:
            self._told = True
            logger.warning(
                "egca: step %d has %d failing samples, and %s holds program, test and evidence of %d of them, at most %d a "
                "step (egca.evidence_rows), drawn by egca.seed, the same program once. The others have a short row; "
                "egca/short_rows_total counts them. Logged once",
                *(step, found, self._log.path, seen, self._most),
            )
        if chosen > seen and not self._told_lost:
            self._told_lost = True
            logger.warning(
                "egca: the evidence of %d of step %d's %d samples that %s should hold in full is gone: their reward worker "
                "has ended since, or keeps more than it may. Lower egca.evidence_rows or raise reward.num_workers; their "
                "rows are short. Logged once",
                *(chosen - seen, step, chosen, self._log.path),
            )

    def _chosen(self, step: int, found: Mapping[int, SampleRecord]) -> set[int]:
        """Rows to write in full: drawn by the samples' content, not their order; each program before its copies."""
        if self._most is None:
            return set(found)
        copies: Counter[tuple[str, str | None]] = Counter()
        drawn = []
        for row, record in found.items():
            program = (record.task_id, record.program_digest)
            drawn.append((copies[program], self._lot(step, record), row))
            copies[program] += 1
        return {row for _, _, row in sorted(drawn)[: max(0, self._most - self._written)]}

    def _lot(self, step: int, record: SampleRecord) -> bytes:
        text = f"{self._seed}|{step}|{record.task_id}|{record.program_digest}"
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
