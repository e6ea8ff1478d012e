"""A run's directory, read for a page: resolved config, metrics by step, records of failing samples.

The run may still be writing: a last line without its end is not read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from verl_egca.data.rows import BadInput, json_row
from verl_egca.report.records import LocalizationRecord

Metrics = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Run:
    """``metrics`` holds finite numbers only, by step; ``absent`` names missing files."""

    name: str
    path: Path
    config: Mapping[str, Any]
    metrics: Mapping[int, Metrics]
    records: tuple[LocalizationRecord, ...]
    absent: tuple[str, ...] = ()

    @property
    def steps(self) -> list[int]:
        """Training steps, in order, without the validation before the first one."""
        return [step for step, row in sorted(self.metrics.items()) if "timing_s/step" in row]

    def series(self, key: str) -> list[tuple[int, float]]:
        return [(step, row[key]) for step, row in sorted(self.metrics.items()) if key in row]

    def names(self, prefix: str) -> list[str]:
        """The metrics' keys with this prefix, without it, in alphabetical order."""
        return sorted({key[len(prefix) :] for row in self.metrics.values() for key in row if key.startswith(prefix)})


def read_run(path: Path) -> Run:
    """The run so far. Raises BadInput, with file, row and key: the run is missing, or a file can't be read."""
    path = path.resolve()
    if not path.is_dir():
        raise BadInput(path, None, None, "there is no such directory; a run's directory is wanted, such as runs/<name>")
    if not (path / "metrics.jsonl").exists():
        raise BadInput(
            path / "metrics.jsonl",
            None,
            None,
            "there is no such file; a run writes it with its first step (--watch waits for it). Without the recipes' "
            "launcher, it is what verl's file logger writes: trainer.logger=[console,file], VERL_FILE_LOGGER_PATH=<file>",
        )
    absent = tuple(name for name in ("config.yaml", "localizations.jsonl") if not (path / name).exists())
    config = {} if "config.yaml" in absent else _config(path / "config.yaml")
    records = () if "localizations.jsonl" in absent else tuple(_records(path / "localizations.jsonl"))
    return Run(path.name, path, config, _metrics(path / "metrics.jsonl"), records, absent)


def _config(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(path, None, None, f"can't be read ({error}); YAML in UTF-8 is wanted") from None
    if not isinstance(found, dict):
        raise BadInput(path, None, None, "is no mapping; keys with values are wanted, as the trainer writes them")
    return found


def _metrics(path: Path) -> dict[int, Metrics]:
    """By step, from the launcher's rows (flat) or those of verl's file logger (under ``data``).

    A resumed run repeats the steps after its last checkpoint: the last row of a step counts.
    """
    found: dict[int, dict[str, float]] = {}
    last = -1
    for number, row in _whole_rows(path):
        step, data = row.get("step"), row.get("data", row)
        if not isinstance(step, int):
            raise BadInput(path, number, "step", "a whole number is wanted")
        if not isinstance(data, dict):
            raise BadInput(path, number, "data", "metrics by name are wanted, as verl's file logger writes them")
        if step < last:
            found = {earlier: kept for earlier, kept in found.items() if earlier < step}
        last = step
        found.setdefault(step, {}).update({str(key): float(value) for key, value in data.items() if _is_number(value)})
    return dict(found)


def _records(path: Path) -> Iterator[LocalizationRecord]:
    for number, row in _whole_rows(path):
        try:
            yield LocalizationRecord.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            raise BadInput(path, number, ".".join(map(str, first["loc"])), first["msg"]) from None


def _whole_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                if line.endswith("\n") and line.strip():
                    yield number, json_row(path, number, line)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(path, None, None, f"can't be read ({error}); JSON lines in UTF-8 are wanted") from None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
