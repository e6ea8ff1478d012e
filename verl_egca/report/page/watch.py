"""A report on a running training, rewritten whenever the run's files have grown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from verl_egca.data.rows import BadInput
from verl_egca.report.page.html import html
from verl_egca.report.page.run import read_run
from verl_egca.run_dir import RunDir

_READ = ("config.yaml", "metrics.jsonl", "localizations.jsonl")

State = tuple[tuple[int, int], ...]


def write_report(paths: Sequence[Path], out: Path, *, reload_s: int | None = None) -> None:
    """Write the page, which replaces an old one at once. Raises BadInput."""
    page = html([read_run(path) for path in paths], reload_s=reload_s)
    partial = out.with_name(out.name + ".partial")
    try:
        partial.write_text(page, encoding="utf-8")
        partial.replace(out)
    except OSError as error:
        raise BadInput(out, None, None, f"can't be written ({error.strerror}); --out names another file") from None


def watch(
    paths: Sequence[Path],
    out: Path,
    *,
    every_s: int,
    log: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Returns once all runs have ended, or at an interrupt; its last page does not reload.

    Raises BadInput: a directory is missing, or a file in it can't be read.
    """
    try:
        for seen in _changes(paths, every_s, log, sleep):
            write_report(paths, out, reload_s=every_s)
            log(f"written: {out} ({seen})")
    except KeyboardInterrupt:
        log("interrupted")
    if all((path / "metrics.jsonl").exists() for path in paths):
        write_report(paths, out)
        log(f"done: {out}")


def _changes(
    paths: Sequence[Path], every_s: int, log: Callable[[str], None], sleep: Callable[[float], None]
) -> Iterator[str]:
    """The change in words, at each change of the run's files."""
    before: State | None = None
    waiting = False
    while True:
        ended = all(_ended(path) for path in paths)  # checked first, so that later rows are read once more
        missing = [path for path in paths if not (path / "metrics.jsonl").exists()]
        for path in paths:
            if not path.is_dir():
                raise BadInput(
                    path, None, None, "there is no such directory; a run's directory is wanted, such as runs/<name>"
                )
        state = tuple(_state(path / name) for path in paths for name in _READ)
        if missing and not waiting:
            waiting = True
            log(f"waiting for the first step of {missing[0]}")
        if not missing and state != before:
            before = state
            yield "the run's files have grown"
        if ended:
            return
        sleep(every_s)


def _ended(path: Path) -> bool:
    run = RunDir(path)
    return run.done.exists() or run.stopped.exists()


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (-1, -1)
    return (found.st_size, found.st_mtime_ns)
