"""Rows of samples: a ``task_id`` and one of ``completion``, ``solution``, ``response``, and the program in each.

Rows of HumanEvalFix are samples as well: their ``buggy_solution`` is a completion of the problem's prompt. So are those
that verl writes to ``trainer.validation_data_dir`` and ``trainer.rollout_data_dir``: ``output`` is a response, and ``gts``
the problem that `data.prepare` wrote.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from verl_egca.data.rows import BadInput, Row, read_rows, text_of
from verl_egca.problem import Problem
from verl_egca.response import Program, extract_program, program_from_completion, program_from_solution

TEXT_KEYS = ("completion", "solution", "response", "buggy_solution")


@dataclass(frozen=True, slots=True)
class Sample:
    """``sample_index`` is the row's own, or counts a task's samples from 0. ``program`` maps back to the row's text."""

    problem: Problem
    sample_index: int
    program: Program


def load_samples(path: Path, problems: Mapping[str, Problem]) -> list[Sample]:
    """The file's samples in its order. Raises BadInput that names file, row and key."""
    samples: list[Sample] = []
    counted: Counter[str] = Counter()
    for number, given_row in read_rows(path):
        row = _from_verl(path, number, given_row) if {"gts", "output"} <= given_row.keys() else given_row
        task_id = str(row["task_id"]) if type(row.get("task_id")) is int else text_of(path, number, row, "task_id")
        problem = problems.get(task_id) or problems.get(_other_name(task_id))
        if problem is None:
            raise BadInput(path, number, "task_id", f"{task_id!r} is none of the {len(problems)} problems")
        given = [key for key in TEXT_KEYS if row.get(key) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise BadInput(path, number, None, f"needs one of {', '.join(TEXT_KEYS[:3])}; it has {found}")
        text = text_of(path, number, row, given[0])
        index = row.get("sample_index", counted[task_id])
        if type(index) is not int:
            raise BadInput(path, number, "sample_index", f"is {index!r}; a whole number is wanted")
        counted[task_id] += 1
        samples.append(Sample(problem, index, _program(given[0], text, problem)))
    return samples


def _from_verl(path: Path, number: int, row: Row) -> Row:
    try:
        task_id = json.loads(text_of(path, number, row, "gts"))["task_id"]
    except (ValueError, KeyError, TypeError):
        raise BadInput(
            path, number, "gts", "is no problem that `egca prepare` wrote; rows with task_id are wanted"
        ) from None
    return {"task_id": task_id, "response": row["output"]}


def _program(key: str, text: str, problem: Problem) -> Program:
    if key == "solution":
        return program_from_solution(text)
    if key == "response":
        return extract_program(text, problem)
    return program_from_completion(text, problem)


def _other_name(task_id: str) -> str:
    """HumanEvalFix calls HumanEval/0 Python/0, MBPP's rows are often named by their bare number."""
    family, _, number = task_id.rpartition("/")
    return {"Python": f"HumanEval/{number}", "HumanEval": f"Python/{number}", "": f"MBPP/{number}"}.get(family, task_id)
