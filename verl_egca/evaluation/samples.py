"""Samples from a file: rows with ``task_id`` and the text of one program, in one of four forms.

- ``completion``: continues the problem's prompt, character for character;
- ``solution``: a whole program;
- ``response``: chat text that holds a program;
- ``buggy_solution``, in HumanEvalFix's own rows: a completion.

``sample_index`` numbers a task's samples; where it is missing they are counted from 0 in the file's order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from verl_egca.data.rows import Row, read_rows
from verl_egca.problem import Problem
from verl_egca.response import Program, extract_program, program_from_completion, program_from_solution

KINDS = ("completion", "solution", "response")


@dataclass(frozen=True, slots=True)
class Sample:
    """``task_id`` is as the file has it (a number, for MBPP); ``program`` maps back to the text that it has."""

    task_id: str | int
    sample_index: int
    problem: Problem
    program: Program


def load_samples(path: Path, problems: Sequence[Problem]) -> list[Sample]:
    """The samples of a file, in its order.

    Raises:
        OSError: the file can't be read.
        BadRow: a row has no text of a program or several, or is of a task that is not among the problems.
    """
    by_id = {problem.task_id: problem for problem in problems}
    by_name = {_canonical(problem.task_id): problem for problem in problems}
    counted: Counter[str] = Counter()
    samples = []
    for row in read_rows(path):
        task_id = _task_id(row)
        problem = by_id.get(str(task_id)) or by_name.get(_canonical(task_id))
        if problem is None:
            row.bad("task_id", f"is {task_id!r}, which is none of the {len(by_id)} problems ({_some(by_id)})")
        index = _sample_index(row, counted[problem.task_id])
        counted[problem.task_id] += 1
        samples.append(Sample(task_id, index, problem, _program(row, problem)))
    return samples


def _canonical(task_id: str | int) -> str:
    """The name of a task by which data sets and their offspring agree.

    HumanEvalFix's ``Python/3`` is ``HumanEval/3``; MBPP's 11 is ``Mbpp/11`` in EvalPlus and ``MBPP/11`` here.
    """
    match = re.fullmatch(r"(?:(Python|HumanEval|MBPP|Mbpp|mbpp)/)?(\d+)", str(task_id))
    if match is None:
        return str(task_id)
    family = "HumanEval" if match[1] in ("Python", "HumanEval") else "MBPP"
    return f"{family}/{int(match[2])}"


def _task_id(row: Row) -> str | int:
    value = row.values.get("task_id")
    if isinstance(value, bool) or not isinstance(value, str | int):
        row.bad("task_id", "must be the id of one of the problems" if "task_id" in row.values else "is missing")
    return value


def _sample_index(row: Row, counted: int) -> int:
    value = row.values.get("sample_index")
    if value is None:
        return counted
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        row.bad("sample_index", f"must be a whole number from 0 on, not {value!r}")
    return value


def _program(row: Row, problem: Problem) -> Program:
    given = [kind for kind in KINDS if kind in row.values] or [k for k in ("buggy_solution",) if k in row.values]
    if not given:
        row.bad(KINDS[0], f"is missing; a row needs one of {', '.join(KINDS)}")
    if len(given) > 1:
        row.bad(given[1], f"can't stand beside {given[0]}; a row has one of {', '.join(KINDS)}")
    text = row.text(given[0])
    match given[0]:
        case "solution":
            return program_from_solution(text)
        case "response":
            return extract_program(text, problem)
    return program_from_completion(text, problem)


def _some(by_id: dict[str, Problem]) -> str:
    names = list(by_id)
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
