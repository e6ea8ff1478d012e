"""Where a row stands, as errors name it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from verl_egca.data.rows import BadInput


@dataclass(frozen=True, slots=True)
class RowPlace:
    """Row ``number`` (from 1) of the file ``path``; or, where a batch brings the row and no file is known, its ``task``."""

    path: Path | None = None
    number: int | None = None
    task: str | None = None

    def bad(self, key: str | None, problem: str) -> BadInput:
        return BadInput(self.path or f"task {self.task or '?'}", self.number, key, problem)
