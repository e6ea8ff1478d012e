"""What is known of a response is kept on disk, since runs of one policy sample the same programs over and over.

A record depends on problem, response and localizer alone (the sandbox judges alike each time), so who scored it first
does not matter. Time limits are the exception: what timed out is kept as it was seen first.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from verl_egca.experiment.methods import Method
from verl_egca.problem import Problem
from verl_egca.sample import SampleRecord, SampleScorer

_WAIT_S = 60.0  # for another worker that writes


class RecordCache:
    """Records by localizer, problem and response; a file that several processes may share."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS records (key BLOB PRIMARY KEY, record TEXT) WITHOUT ROWID")
        self._lock = threading.Lock()

    def score(
        self, scorer: SampleScorer, method: Method, problem: Problem, ids: Sequence[int], *, truncated: bool
    ) -> SampleRecord:
        who = f"{method.localizer}|{method.granularity}"
        text = f"{who}|{problem.model_dump_json()}|{','.join(map(str, ids))}|{truncated}"
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            found = self._connection.execute("SELECT record FROM records WHERE key = ?", (key,)).fetchone()
        if found is not None:
            return SampleRecord.model_validate_json(found[0])
        record, _ = scorer.score(problem, ids, truncated=truncated)
        if record.mode is not None:  # what our own code failed on is tried again
            with self._lock:
                self._connection.execute(
                    "INSERT OR REPLACE INTO records VALUES (?, ?)", (key, record.model_dump_json())
                )
        return record
