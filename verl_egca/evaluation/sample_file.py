"""A folder of samples that grows row by row, so that a killed run can resume.

    settings.json           all settings that decide the samples; written before the first sample
    samples.jsonl.partial   the rows so far
    samples.jsonl           the same once it is complete

A run with other settings is refused.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from verl_egca.data.rows import BadInput

SETTINGS = "settings.json"
UNCOMPARED = "paths"  # places of files decide nothing


class SampleFile:
    """Use as a context; ``done`` is the number of its rows. One process at a time.

    Entering it raises BadInput if the folder holds samples of other settings, or another process writes it.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], total: int) -> None:
        self.path = folder / "samples.jsonl"
        self._partial = folder / "samples.jsonl.partial"
        self._settings_file = folder / SETTINGS
        self._settings = json.loads(json.dumps(settings))
        self.total = total
        self.done = 0
        self._file: TextIO | None = None

    def __enter__(self) -> SampleFile:
        self._check_settings()
        if self.path.exists():
            self.done = self.total
            return self
        self._settings_file.parent.mkdir(parents=True, exist_ok=True)
        file = self._partial.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise BadInput(self._partial, None, None, "is being written by another process; wait for it") from None
        self._file = file
        write_json(self._settings_file, self._settings)
        file.seek(0)
        self.keep(file.read().count("\n"))
        return self

    def keep(self, rows: int) -> None:
        """Keep the first ``rows`` rows, and resume after them."""
        assert self._file is not None
        self._file.seek(0)
        kept = self._file.read().split("\n")[:rows]
        self._file.truncate(sum(len(line.encode()) + 1 for line in kept))
        self.done = rows

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        assert self._file is not None
        for row in rows:
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()
            self.done += 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is None:
            return
        if kind is None and self.done == self.total:
            self._partial.replace(self.path)
        self._file.close()

    def _check_settings(self) -> None:
        if not self._settings_file.exists():
            for file in (self.path, self._partial):
                if file.exists():
                    raise BadInput(
                        file,
                        None,
                        None,
                        "has no settings.json beside it, so that its settings are unknown; choose another --out",
                    )
            return
        try:
            there = json.loads(self._settings_file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadInput(self._settings_file, None, None, f"is not JSON ({error}); choose another --out") from None
        for key, (old, new) in _differences(there, self._settings):
            raise BadInput(
                self._settings_file,
                None,
                key,
                f"is {_short(old)} for the samples that are there, and {_short(new)} now; give their settings, or choose "
                "another --out",
            )


def _differences(there: Any, now: Any, key: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(there, dict) and isinstance(now, dict):
        for name in sorted(there.keys() | now.keys()):
            if (key, name) != ("", UNCOMPARED):
                yield from _differences(there.get(name), now.get(name), f"{key}.{name}".lstrip("."))
    elif there != now:
        yield key, (there, now)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """The file appears whole or not at all."""
    partial = path.with_name(path.name + ".new")
    partial.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
