"""A run's directory: its files, its lock, and the choice of the directory that a command continues.

    runs/<name>/
      command.json         the command; the same one continues an unfinished run
      config.yaml          the resolved config, written by the trainer
      metrics.jsonl        one row per step
      localizations.jsonl  one row per failing sample
      checkpoints/         verl's own
      logs/                output of verl and Ray, one file per attempt
      stop                 exists while the trainer is to stop after its step
      stopped.json         written when it stops, with its checkpoint's step
      done.json            written after the last step

The launcher and its trainer hold a lock file: the directory is free when both have ended.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Overrides that may differ between a run and its continuation.
_MAY_CHANGE = ("trainer.total_training_steps=",)


class RunRefused(Exception):
    """The directory can't be used; the message has the reason and the remedy."""


class RunDir:
    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock_fd: int | None = None

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def localizations(self) -> Path:
        return self.path / "localizations.jsonl"

    @property
    def done(self) -> Path:
        return self.path / "done.json"

    @property
    def stop_request(self) -> Path:
        """Read by the trainer (training/stop.py)."""
        return self.path / "stop"

    @property
    def data(self) -> Path:
        """A summary of the data files, written by the trainer (training/data_check.py)."""
        return self.path / "data.txt"

    @property
    def stopped(self) -> Path:
        return self.path / "stopped.json"

    @property
    def lock_fd(self) -> int:
        """The held lock's descriptor, to be inherited by the trainer."""
        assert self._lock_fd is not None, "acquire() comes first"
        return self._lock_fd

    def acquire(self) -> None:
        """Hold the directory until this process and the trainer it starts have both ended.

        Raises:
            RunRefused: a live process holds it.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 64, 0).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            raise RunRefused(
                f"{self.path} is in use by a live run (started by process {holder}); wait for it, or start another "
                "with RUN=<another name>"
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
        self._lock_fd = fd

    def release(self) -> None:
        """Release the launcher's hold; a trainer that still runs keeps its own."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def next_attempt(self) -> int:
        """The next attempt's number, from 1, after those of earlier logs."""
        return 1 + max((int(log.stem.split("-")[1]) for log in self.logs.glob("attempt-*.log")), default=0)

    def last_checkpoint(self) -> int:
        """The step of the newest complete checkpoint, 0 without one."""
        tracker = self.checkpoints / "latest_checkpointed_iteration.txt"
        text = tracker.read_text().strip() if tracker.exists() else ""
        return int(text) if text.isdigit() else 0

    def read_command(self) -> list[str] | None:
        path = self.path / "command.json"
        return list(json.loads(path.read_text())["command"]) if path.exists() else None

    def write_command(self, command: Sequence[str]) -> None:
        _write_json(self.path / "command.json", {"command": list(command)})

    def write_done(self, summary: dict[str, Any]) -> None:
        _write_json(self.done, summary)


def choose_run_dir(root: Path, name: str | None, default_name: str, command: Sequence[str]) -> RunDir:
    """The run directory of a command.

    With a ``name``: ``root/name``, new or unfinished with the same command. Without: the unfinished run of the same
    command if there is one, else the next free ``default_name-NNN``.

    Raises:
        RunRefused: the named run is finished or was started by another command.
    """
    if name is not None:
        run = RunDir(root / name)
        _check_continues(run, command)
        return run
    taken = [path for path in root.glob(f"{default_name}-*") if path.name.rsplit("-", 1)[-1].isdigit()]
    for path in sorted(taken, reverse=True):
        run = RunDir(path)
        if not run.done.exists() and _same_command(run.read_command(), command):
            return run
    number = 1 + max((int(path.name.rsplit("-", 1)[-1]) for path in taken), default=0)
    return RunDir(root / f"{default_name}-{number:03d}")


def _check_continues(run: RunDir, command: Sequence[str]) -> None:
    earlier = run.read_command()
    if earlier is None:
        return
    remedy = "choose another with RUN=<name>, or remove the directory"
    if not _same_command(earlier, command):
        ours, theirs = set(_fixed(command)), set(_fixed(earlier))
        changed = ", ".join(sorted(ours ^ theirs))
        raise RunRefused(f"{run.path} was started with other settings ({changed}); {remedy}")
    if run.done.exists() and list(command) == earlier:
        raise RunRefused(f"{run.path} is finished; {remedy}")


def _same_command(earlier: Sequence[str] | None, command: Sequence[str]) -> bool:
    return earlier is not None and sorted(_fixed(earlier)) == sorted(_fixed(command))


def _fixed(command: Sequence[str]) -> list[str]:
    return [part for part in command if not part.startswith(_MAY_CHANGE)]


def _write_json(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n")
    partial.replace(path)
