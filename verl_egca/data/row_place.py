"""The place of a row, for errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from verl_egca.data.rows import BadInput


@dataclass(frozen=True, slots=True)
class RowPlace:
    """Row ``number`` (from 1) of the file ``path``; or its ``task``, for a row of a batch, whose file isn't known."""

    path: Path | None = None
    number: int | None = None
    task: str | None = None

    def bad(self, key: str | None, problem: str) -> BadInput:
        return BadInput(self.path or f"task {self.task or '?'}", self.number, key, problem)
