"""Problems as the parquet that verl's data loader reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from verl_egca.problem import Problem


def write_parquet(problems: Sequence[Problem], path: Path, *, source: str, split: str) -> int:
    """Write a split; how many rows. The file appears whole or not at all.

    The prompt is one user message; ``reward_model.ground_truth`` holds the problem as JSON, which the reward manager
    reads back.
    """
    rows = [
        {
            "data_source": source,
            "prompt": [{"role": "user", "content": problem.prompt}],
            "ability": "code",
            "reward_model": {"style": "rule", "ground_truth": problem.model_dump_json()},
            "extra_info": {"index": index, "task_id": problem.task_id, "split": split},
        }
        for index, problem in enumerate(problems)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    pq.write_table(pa.Table.from_pylist(rows), partial)
    partial.replace(path)
    return len(rows)
