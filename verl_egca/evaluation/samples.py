"""Samples of files: the program of each, and its problem.

Reads the project's own rows, those of other tools (`sample_rows`, `task_names`), and a list of lists of programs in the
problems' order, as bigcode-evaluation-harness writes. Ambiguous rows are refused.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from verl_egca.data.json_text import read_json
from verl_egca.data.plain_values import shown
from verl_egca.data.row_place import RowPlace
from verl_egca.data.rows import BadInput, read_rows
from verl_egca.evaluation.sample_rows import ReadAs, texts_of_row
from verl_egca.evaluation.task_names import TaskNames
from verl_egca.problem import Problem
from verl_egca.response import ExtractedProgram, extract_program, program_from_completion, program_from_solution
from verl_egca.statements import parse


@dataclass(frozen=True, slots=True)
class Sample:
    """``sample_index`` is the row's, or counts a task's samples from 0. ``program`` maps back to the row's text."""

    problem: Problem
    sample_index: int
    program: ExtractedProgram


def load_samples(path: Path, problems: Mapping[str, Problem]) -> list[Sample]:
    """The file's samples in its order, without rows whose tests are not of programs, such as mathematics.

    Raises:
        BadInput: names file, row and key.
    """
    lists = _lists(path)
    found = list(_of_rows(path, problems) if lists is None else _of_lists(path, lists, problems))
    if not found:
        raise BadInput(path, None, None, f"holds no samples of the {len(problems)} problems; give the file of theirs")
    return found


def _of_rows(path: Path, problems: Mapping[str, Problem]) -> Iterator[Sample]:
    names = TaskNames(problems)
    counted: Counter[str] = Counter()
    filters: list[object] = []  # lm_eval logs a response once for each of its filters
    for number, row in read_rows(path):
        place = RowPlace(path, number)
        if "doc" in row:
            filters = [*filters[:1], row.get("filter")]
            if filters[0] != filters[-1]:
                this, first = shown(filters[-1], 40), shown(filters[0], 40)
                raise place.bad("filter", f"is {this}, above it is {first}; rows of one filter are wanted")
        problem = names.problem_of(row, place)
        if problem is None:
            continue
        given = texts_of_row(row, place)
        index = row.get("sample_index", counted[problem.task_id])
        if type(index) is not int:
            raise place.bad("sample_index", f"is {index!r}; a whole number is wanted")
        for text in given.texts:
            program = _program(given.reading, text, problem, truncated=row.get("truncated") is True)
            yield Sample(problem, index, program)
            index += 1
            counted[problem.task_id] += 1


def _program(reading: ReadAs, text: str, problem: Problem, *, truncated: bool = False) -> ExtractedProgram:
    """A completion or a program is read literally, unless it does not parse and has a fence, like a chat's answer."""
    if reading is ReadAs.ANSWER:
        return extract_program(text, problem, truncated=truncated)
    read = program_from_solution if reading is ReadAs.PROGRAM or not problem.code_prefix else None
    program = read(text) if read is not None else program_from_completion(text, problem)
    if ("```" in text or "~~~" in text) and parse(program.source) is None:
        return extract_program(text, problem, truncated=truncated)
    return program


def _lists(path: Path) -> list[object] | None:
    """The lists of a file of lists; None for another file. Raises BadInput."""
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8-sig") as file:
            if "".join(file.read(200).split())[:2] != "[[":
                return None
            file.seek(0)
            lists = read_json(file.read())
    except (OSError, EOFError, UnicodeDecodeError):  # `read_rows` raises for it
        return None
    except ValueError as error:
        raise BadInput(path, None, None, f"is not JSON ({error}); a list of lists of programs is wanted") from None
    return lists if isinstance(lists, list) else None


def _of_lists(path: Path, lists: list[object], problems: Mapping[str, Problem]) -> Iterator[Sample]:
    if len(lists) != len(problems):
        raise BadInput(
            path,
            None,
            None,
            f"holds {len(lists)} lists for {len(problems)} problems; they are matched by their order, so as many are "
            "wanted, or rows with task_id and solution",
        )
    for number, (programs, problem) in enumerate(zip(lists, problems.values(), strict=True), 1):
        if not isinstance(programs, list) or not all(isinstance(program, str) for program in programs):
            raise BadInput(path, number, None, "is no list of programs, which are strings")
        for index, program in enumerate(programs):
            yield Sample(problem, index, _program(ReadAs.PROGRAM, program, problem))
