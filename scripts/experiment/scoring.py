"""Scores of responses by localizer, cached on disk, since runs sample the same programs.

A record depends only on problem, response and localizer, except for time limits: a timeout is kept.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from experiment.recipe import BUDGET_MS
from verl_egca.assessment import Assessor
from verl_egca.config.settings import Settings
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.program_gate import ProgramGate
from verl_egca.localization.registry import make_localizer
from verl_egca.problem import Problem
from verl_egca.sample import SampleRecord, SampleScorer
from verl_egca.spans import Tokenizer

THREADS = 2  # programs that run at once
Locates = str  # a localizer's name, or "blind": egca without a reference
_WAIT_S = 60.0  # for another worker's write


class Scorer:
    """Records by localizer, problem and response; ``file`` may be shared with other processes."""

    def __init__(self, tokenizer: Tokenizer, file: Path) -> None:
        self._tokenizer = tokenizer
        self._connection = sqlite3.connect(file, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS records (key BLOB PRIMARY KEY, record TEXT) WITHOUT ROWID")
        self._lock = threading.Lock()
        self._scorers = {name: self._make(name) for name in ("uniform", "executed", "random", "egca")}

    def score(
        self, localizer: Locates, problems: Sequence[Problem], responses: Sequence[Sequence[int]], limit: int
    ) -> list[SampleRecord]:
        """One record per response. A response of ``limit`` tokens without an end is truncated."""

        def one(problem: Problem, response: Sequence[int]) -> SampleRecord:
            return self._one(localizer, problem, response, limit)

        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(one, problems, responses))

    def _one(self, localizer: Locates, problem: Problem, response: Sequence[int], limit: int) -> SampleRecord:
        ids = list(response)
        truncated = len(ids) >= limit and ids[-1] != self._tokenizer.eos_token_id  # type: ignore[attr-defined]
        text = f"{localizer}|{problem.model_dump_json()}|{','.join(map(str, ids))}|{truncated}"
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            found = self._connection.execute("SELECT record FROM records WHERE key = ?", (key,)).fetchone()
        if found is not None:
            return SampleRecord.model_validate_json(found[0])
        if localizer == "blind":
            localizer, problem = "egca", problem.model_copy(update={"reference": None})
        record, _ = self._scorers[localizer].score(problem, ids, truncated=truncated)
        if record.mode is not None:  # errors of EGCA's own code are not cached
            with self._lock:
                self._connection.execute(
                    "INSERT OR REPLACE INTO records VALUES (?, ?)", (key, record.model_dump_json())
                )
        return record

    def _make(self, localizer: str) -> SampleScorer:
        """The seed is fixed, so random draws depend only on the sample."""
        settings = Settings(localizer=localizer, twins="failed_groups", deterministic=True, budget_ms=BUDGET_MS)
        gates = ProgramGate(sandbox(), settings.options, **settings.gates.checks)
        assessor = Assessor(sandbox(), make_localizer(localizer, settings.options), gates)
        return SampleScorer(self._tokenizer, assessor, settings)


@lru_cache(1)
def sandbox() -> Sandbox:
    """A sandbox with a short limit: right programs take milliseconds, many wrong ones never end."""
    return Sandbox(Limits(cpu_seconds=0.3, wall_seconds=2.0), workers=THREADS)
