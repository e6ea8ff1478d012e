"""Reads the file of verl's file logger while verl writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class MetricsFollower:
    """Flat rows, from verl's lines ``{"step": n, "data": {...}}`` (utils/tracking.py, FileLogger).

    Rows without a step's timing are validation before training.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen = 0
        self._offset = 0

    def new_rows(self) -> list[dict[str, Any]]:
        """The complete lines since the last call."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        text = text[: text.rfind(b"\n") + 1]
        self._offset += len(text)
        rows = [json.loads(line) for line in text.splitlines()]
        self.seen += len(rows)
        return [{"step": row["step"], **row["data"]} for row in rows]
