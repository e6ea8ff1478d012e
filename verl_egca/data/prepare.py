"""Problems as the parquet that verl's data loader reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from verl_egca.data.constraint_file import constrained, read_constraints
from verl_egca.data.formats import load_problems
from verl_egca.data.rows import read_rows
from verl_egca.gates.prompt import CHAT, constrained_prompt
from verl_egca.problem import Problem


def prepare(
    source: Path,
    out: Path,
    format_name: str = "auto",
    constraints: Path | None = None,
    template: str = CHAT,
) -> dict[str, int]:
    """Write a file's problems to ``out/<split>.parquet``; how many of each split.

    MBPP (the full one) is split by task id as its authors do: 1 to 10 few-shot prompts (left out), 11 to 510 test, 511 to
    600 validation, 601 to 974 train. Rows of verl keep the split that their ``extra_info`` names; the rest is ``test``.
    A file of ``constraints`` goes into the problems, and into their prompts as ``template`` says.

    Raises:
        BadInput: as `load_problems`, `read_constraints` and `constrained`.
    """
    problems = load_problems(source, format_name)
    if constraints is not None:
        problems = constrained(problems, read_constraints(constraints), constraints, source)
    rows = [row for _, row in read_rows(source)]
    splits: dict[str, list[Problem]] = {}
    for problem, row in zip(problems, rows, strict=True):
        split = (row.get("extra_info") or {}).get("split") or split_of(problem)
        if split is not None:
            splits.setdefault(split, []).append(problem)
    name = problems[0].task_id.split("/")[0].lower()
    return {
        s: write_parquet(kept, out / f"{s}.parquet", source=name, split=s, template=template)
        for s, kept in splits.items()
    }


def write_parquet(problems: Sequence[Problem], path: Path, *, source: str, split: str, template: str = CHAT) -> int:
    """Write a split; how many rows. The file appears whole or not at all.

    The prompt is one user message, with the problem's constraints as ``template`` says; ``reward_model.ground_truth`` holds the problem as JSON, which the reward manager
    reads back.
    """
    rows = [
        {
            "data_source": source,
            "prompt": [{"role": "user", "content": constrained_prompt(problem, template)}],
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


def split_of(problem: Problem) -> str | None:
    """As MBPP's authors split its full set; None for the few-shot prompts, ``test`` for other problems."""
    family, _, number = problem.task_id.partition("/")
    if family != "MBPP" or not number.isdigit():
        return "test"
    task = int(number)
    if task <= 10:
        return None
    return "test" if task <= 510 else "validation" if task <= 600 else "train"
