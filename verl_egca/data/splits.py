"""The split that a row belongs to: train, validation or test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from verl_egca.data.rows import Row
from verl_egca.problem import Problem

Split = Literal["train", "validation", "test"]
_WORDS: dict[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}


def split_of_row(row: Row, problem: Problem | None, path: Path, otherwise: Split | None) -> Split | None:
    """The split that the row names; else ``otherwise``; else that of MBPP's authors, or the one in the file's name.

    None where nothing names it. Other words than `_WORDS` ("dummy") name no split.
    """
    extra = row.get("extra_info")
    for value in (extra.get("split") if isinstance(extra, dict) else None, row.get("split")):
        if (named := _named(value)) is not None:
            return named
    if otherwise is None and problem is not None and problem.task_id.startswith("MBPP/"):
        return split_of(problem)
    return otherwise or _named(re.split(r"[^a-z]", path.name.lower())[0])


def is_few_shot_prompt(problem: Problem) -> bool:
    """Whether it is one of MBPP's few-shot prompts, which its authors leave out of every split."""
    return split_of(problem) is None


def split_of(problem: Problem) -> Split | None:
    """As MBPP's authors split its full set; None for the few-shot prompts, ``test`` for other problems.

    By task id: 1 to 10 are few-shot prompts, 11 to 510 test, 511 to 600 validation, 601 to 974 train.
    """
    family, _, number = problem.task_id.partition("/")
    if family != "MBPP" or not number.isdecimal():
        return "test"
    task = int(number)
    if task <= 10:
        return None
    return "test" if task <= 510 else "validation" if task <= 600 else "train"


def _named(value: Any) -> Split | None:
    word = value.strip().lower() if isinstance(value, str) else ""
    return next((split for split, words in _WORDS.items() if word in words), None)
