"""A JSON-lines file with a ``step`` in every row, which survives a run that is killed and resumed.

A resumed run repeats the steps after its last checkpoint. The first time a step is written in a process, whatever the
file holds of that step and of later ones is dropped, as is a last line that a kill cut in half.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
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
        kept = [line for line in read_lines(self.path) if json.loads(line)["step"] < step]
        partial = self.path.with_suffix(".partial")
        partial.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
        partial.replace(self.path)


def read_lines(path: Path) -> list[str]:
    """The file's complete lines; a last one without its end is what a killed process left, and is not read."""
    text = path.read_text(encoding="utf-8")
    return [line for line in text[: text.rfind("\n") + 1].split("\n") if line]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The file's rows, or none if it is not there."""
    return [json.loads(line) for line in read_lines(path)] if path.exists() else []
