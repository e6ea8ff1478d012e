"""Many programs at once: results in the samples' order, a progress bar, and a file that appears once it is complete.

Rows go to ``OUT.partial`` in order, and the file gets its name when it is complete. The first line of the partial file
names inputs and settings, so that only the same job resumes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from verl_egca.data.rows import BadInput

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    items: Sequence[Item], work: Callable[[Item], Result], workers: int, console: Console, what: str
) -> Iterator[Result]:
    """``work`` on every item, ``workers`` at once; yields results in the items' order, as soon as possible."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=console, transient=True) as progress,
        ThreadPoolExecutor(workers) as threads,
    ):
        bar = progress.add_task(what, total=len(items))
        ahead: list[Future[Result]] = []
        try:
            for item in items:
                ahead.append(threads.submit(work, item))
                if len(ahead) >= 4 * workers:  # bounds memory
                    yield ahead.pop(0).result()
                    progress.advance(bar)
            while ahead:
                yield ahead.pop(0).result()
                progress.advance(bar)
        finally:
            for future in ahead:
                future.cancel()


class ResumableOutput:
    """``out`` while it is written; use as a context. Only on success the file gets its name."""

    def __init__(self, out: Path, made_from: Mapping[str, Any], resume: bool) -> None:
        self.out = out
        self.partial = out.with_name(out.name + ".partial")
        self._header = json.dumps({"made_from": dict(made_from)}, sort_keys=True)
        self.done = self._rows_done() if resume else 0
        out.parent.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> ResumableOutput:
        if self.done == 0:
            self.partial.write_text(self._header + "\n", encoding="utf-8")
        self._file = self.partial.open("a", encoding="utf-8")
        return self

    def write(self, row: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if kind is None:
            rows = self.partial.read_text(encoding="utf-8").split("\n", 1)[1]
            finished = self.out.with_name(self.out.name + ".finished")
            finished.write_text(rows, encoding="utf-8")
            finished.replace(self.out)
            self.partial.unlink()

    def _rows_done(self) -> int:
        """The number of complete rows of an earlier attempt; cuts off its half-written last line."""
        if not self.partial.exists():
            return 0
        text = self.partial.read_text(encoding="utf-8")
        text = text[: text.rfind("\n") + 1]
        header, _, rows = text.partition("\n")
        if header != self._header:
            raise BadInput(
                self.partial, 1, None, "was made from other inputs or settings; remove it, or leave out --resume"
            )
        self.partial.write_text(text, encoding="utf-8")
        return rows.count("\n")


def digest(path: Path) -> str:
    """A short digest of a file's content."""
    return hashlib.blake2b(path.read_bytes(), digest_size=12).hexdigest()


def sha256(path: Path) -> str:
    """A file's SHA-256, for records."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
