"""A JSON-lines file with a ``step`` in every row, for runs that are killed and resumed.

A resumed run repeats the steps after its last checkpoint. A process's first step drops the file's rows of that step and
later ones, and a last line that a kill cut in half.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


class StepLog:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._trimmed = False

    def append(self, step: int, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write a step's rows at once; each must hold ``"step": step``."""
        if not self._trimmed:
            self._keep_steps_before(step)
            self._trimmed = True
        text = "".join(json.dumps(row) + "\n" for row in rows)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)

    def _keep_steps_before(self, step: int) -> None:
        if not self.path.exists():
            return
        partial = self.path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as kept:
            kept.writelines(line for line in _lines(self.path) if json.loads(line)["step"] < step)
        partial.replace(self.path)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The file's rows; empty for a missing file."""
    return [json.loads(line) for line in _lines(path)] if path.exists() else []


def _lines(path: Path) -> Iterator[str]:
    """The file's complete lines, without a last one that a killed process cut in half."""
    with path.open(encoding="utf-8", errors="replace") as file:  # the half line may end within a character
        yield from (line for line in file if line.endswith("\n") and line.strip())
