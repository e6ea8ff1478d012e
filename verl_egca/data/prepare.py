"""Problems as the parquet that verl's data loader reads, one file a split.

Columns: ``data_source``, ``prompt`` (chat messages), ``ability``, ``reward_model`` (``style``, and as ``ground_truth`` the
problem as JSON, which the reward manager reads back), ``extra_info`` (``index``, ``task_id``, ``split``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from verl_egca.data.entry import Entry
from verl_egca.problem import Problem


def prepare(entries: Iterable[Entry], out: Path, *, split: str | None = None) -> dict[Path, int]:
    """Write ``<out>/<split>.parquet`` for each split; the rows in each.

    ``split`` puts all problems into one. Without it each goes where its data set says, or to ``train``.
    """
    by_split: dict[str, list[Entry]] = {}
    for entry in entries:
        by_split.setdefault(split or entry.split or "train", []).append(entry)
    written: dict[Path, int] = {}
    for name, members in by_split.items():
        path = out / f"{name}.parquet"
        _write([_row(entry, index, name) for index, entry in enumerate(members)], path)
        written[path] = len(members)
    return written


def write_parquet(problems: Sequence[Problem], path: Path, *, source: str, split: str) -> int:
    """Write problems as one split; how many rows. The file appears whole or not at all."""
    _write([_row(Entry(problem, source), index, split) for index, problem in enumerate(problems)], path)
    return len(problems)


def _row(entry: Entry, index: int, split: str) -> dict[str, Any]:
    """The prompt is one user message, unless the data set has a chat of its own."""
    problem = entry.problem
    chat = [{"role": message.role, "content": message.content} for message in entry.messages]
    return {
        "data_source": entry.source,
        "prompt": chat or [{"role": "user", "content": problem.prompt}],
        "ability": "code",
        "reward_model": {"style": "rule", "ground_truth": problem.model_dump_json()},
        "extra_info": {"index": index, "task_id": problem.task_id, "split": split},
    }


def _write(rows: list[dict[str, Any]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    pq.write_table(pa.Table.from_pylist(rows), partial)
    partial.replace(path)
