"""``localizations.jsonl`` of a long run: a row for every failing sample, the whole story for some of them.

1,000 steps of 1,024 samples would be gigabytes of programs, most of them much alike. So a step writes ``evidence_rows`` of
its failing samples in full, and the others as short rows: what was blamed, how sure it is, where the advantage landed.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from verl_egca.config.settings import Settings
from verl_egca.report.step_log import StepLog
from verl_egca.sample import SampleRecord
from verl_egca.training.batch import Rows
from verl_egca.training.records import failing, full_row, short_row

logger = logging.getLogger(__name__)


class LocalizationLog:
    def __init__(self, path: Path, settings: Settings) -> None:
        self._log = StepLog(path)
        self._most, self._seed = settings.evidence_rows, settings.seed
        self._step, self._written = -1, 0
        self._told = False

    def append(self, step: int, rows: Rows, uids: Sequence[str]) -> dict[str, float]:
        """Write a batch of the step; what it left out, as a metric."""
        if step != self._step:
            self._step, self._written = step, 0
        found = list(failing(rows))
        chosen = self._chosen(step, found)
        self._written += len(chosen)
        self._log.append(step, [(full_row if row in chosen else short_row)(step, rows, uids, row) for row, _ in found])
        left_out = len(found) - len(chosen)
        if left_out and not self._told:
            self._told = True
            logger.warning(
                "egca: step %d has %d failing samples, and %s holds program, test and evidence of %d of them, at most %d a "
                "step (egca.evidence_rows), drawn by egca.seed, the same program once. The others have a short row; "
                "egca/short_rows_total counts them. Said once",
                *(step, len(found), self._log.path, len(chosen), self._most),
            )
        return {"egca/short_rows_total": float(left_out)}

    def _chosen(self, step: int, found: Sequence[tuple[int, SampleRecord]]) -> set[int]:
        """Rows to write in full: drawn by what the samples are, not by their order, and each program before its copies."""
        if self._most is None:
            return {row for row, _ in found}
        copies: Counter[tuple[str, str | None]] = Counter()
        drawn = []
        for row, record in found:
            program = (record.task_id, record.program)
            drawn.append((copies[program], self._lot(step, record), row))
            copies[program] += 1
        return {row for _, _, row in sorted(drawn)[: max(0, self._most - self._written)]}

    def _lot(self, step: int, record: SampleRecord) -> bytes:
        text = f"{self._seed}|{step}|{record.task_id}|{record.program}"
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
