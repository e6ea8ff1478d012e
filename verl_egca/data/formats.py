"""The problems of a file, row by row or all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from verl_egca.data.row_problem import OWN, SHAPES, RowPlace, problem_of_row
from verl_egca.data.rows import BadInput, Row, read_rows
from verl_egca.problem import Problem

FORMATS = (*SHAPES, OWN)


def load_problems(path: Path, format_name: str = "auto") -> list[Problem]:
    """The file's problems in its order, without the rows that hold no program tests.

    Raises:
        BadInput: names file, row and key; also for two problems of one name, and for a file without problems.
    """
    problems = [problem for _, _, problem in read_problems(path, format_name) if problem is not None]
    if not problems:
        raise BadInput(path, None, None, "holds no problems; rows with program tests are wanted")
    return problems


def read_problems(path: Path, format_name: str = "auto") -> Iterator[tuple[int, Row, Problem | None]]:
    """Each row's number, from 1, the row, and its problem: None without program tests. Holds one row at a time.

    Raises:
        BadInput: as `load_problems`.
    """
    names = TaskIds(path)
    for number, row in read_rows(path):
        problem = problem_of_row(row, RowPlace(path, number), None if format_name == "auto" else format_name)
        yield number, row, problem and names.unique(problem, number, row)


class TaskIds:
    """Gives each problem of a file a unique name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[bytes, int] = {}

    def unique(self, problem: Problem, number: int, row: Row) -> Problem:
        """The problem; renamed to its file and row if an earlier problem has its name and the row has no ``task_id``.

        Raises:
            BadInput: an earlier row has the row's ``task_id``.
        """
        digest = hashlib.blake2b(problem.task_id.encode(), digest_size=16).digest()
        first = self._rows.setdefault(digest, number)
        if first == number:
            return problem
        if _says_task_id(row):
            raise BadInput(
                self._path, number, "task_id", f"{problem.task_id!r} is row {first}'s already; give each its own"
            )
        return problem.model_copy(update={"task_id": f"{self._path.name}/{number}"})


def _says_task_id(row: Row) -> bool:
    extra = row.get("extra_info")
    return "task_id" in row or (isinstance(extra, dict) and "task_id" in extra)
