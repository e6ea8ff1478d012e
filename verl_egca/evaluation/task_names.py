"""The problem of a row of samples: by its name, as data sets and tools write it, or by the tests in the row."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from verl_egca.data.plain_values import name_of, shown
from verl_egca.data.row_place import RowPlace
from verl_egca.data.row_problem import problem_of_row
from verl_egca.data.rows import BadInput, Row
from verl_egca.problem import Problem

_NUMBERED = re.compile(r"(?:(.*?)(?:plus|\+)?[/_-])?(\d+)")
_FAMILIES = {
    "python": "humaneval",
    "human_eval": "humaneval",
    "openai_humaneval": "humaneval",
    "human-eval": "humaneval",
}
_SHOWN = 3


class TaskNames:
    """Finds problems by the names in rows. ``Mbpp/11``, ``mbpp/11`` and 11 are MBPP/11, ``Python/0`` is HumanEval/0."""

    def __init__(self, problems: Mapping[str, Problem]) -> None:
        self._problems = problems
        self._numbered: dict[tuple[str, str], list[Problem]] = {}
        self._by_tests: dict[bytes, list[Problem]] | None = None
        for problem in problems.values():
            family, number = _family(problem.task_id)
            for name in {family, ""} if number else ():
                self._numbered.setdefault((name, number), []).append(problem)

    def problem_of(self, row: Row, place: RowPlace) -> Problem | None:
        """The row's problem; None if its tests are not of a program, such as mathematics.

        Raises:
            BadInput: no problem fits, or several do; or the row has neither name nor tests.
        """
        doc = row.get("doc")
        for mapping, prefix in ((row, ""), (doc if isinstance(doc, dict) else {}, "doc.")):
            for key in ("task_id", "question_id", "problem_id"):
                if key in mapping:
                    return self._named(mapping[key], place, prefix + key)
        if "gts" in row:
            return self._with_tests_of(row["gts"], row.get("input"), place, "gts")
        model = row.get("reward_model")
        if isinstance(model, dict) and "ground_truth" in model:
            return self._with_tests_of(model["ground_truth"], row.get("prompt"), place, "reward_model.ground_truth")
        raise place.bad("task_id", f"is missing; the problem's name is wanted: {self._some()}")

    def _named(self, value: Any, place: RowPlace, key: str) -> Problem:
        name = name_of(value)
        if name is None:
            raise place.bad(key, f"is {shown(value, 40)}; the problem's name is wanted: {self._some()}")
        found = self._problems.get(name)
        if found is None:
            several = self._numbered.get(_family(name), [])
            found = several[0] if len(several) == 1 else None
        if found is None:
            raise place.bad(key, f"{name!r} is not among the {len(self._problems)} problems: {self._some()}")
        return found

    def _with_tests_of(self, truth: Any, prompt: Any, place: RowPlace, key: str) -> Problem | None:
        """The problem with the same ground truth."""
        try:
            quoted = problem_of_row({"prompt": "", "reward_model": {"ground_truth": truth}}, place)
        except BadInput as error:
            raise place.bad(
                key, f"holds tests that can't be read ({error.problem}); rows with task_id are wanted"
            ) from None
        if quoted is None:
            return None
        if quoted.task_id in self._problems and _own(truth):
            return self._problems[quoted.task_id]
        if self._by_tests is None:
            self._by_tests = {}
            for problem in self._problems.values():
                self._by_tests.setdefault(_tests(problem), []).append(problem)
        found = self._by_tests.get(_tests(quoted), [])
        if len(found) > 1 and isinstance(prompt, str):
            found = [problem for problem in found if problem.prompt.strip() in prompt]
        if len(found) == 1:
            return found[0]
        how_many = "none" if not found else f"{len(found)}"
        raise place.bad(
            key,
            f"holds the tests of {how_many} of the {len(self._problems)} problems; the file that verl read is wanted as "
            "--problems, or rows with task_id",
        )

    def _some(self) -> str:
        names = [repr(name) for name in list(self._problems)[:_SHOWN]]
        return ", ".join(names) + (", …" if len(self._problems) > _SHOWN else "")


def _family(name: str) -> tuple[str, str]:
    """(family, number) of a numbered task, in one spelling; ("", "") for another name. A bare number has no family."""
    match = _NUMBERED.fullmatch(name.lower())
    if match is None:
        return "", ""
    family = (match[1] or "").rpartition("/")[2]
    return _FAMILIES.get(family, family), str(int(match[2]))


def _own(truth: Any) -> bool:
    """Whether a ground truth is a problem written by `egca prepare`, with its name."""
    return isinstance(truth, str) and truth.lstrip().startswith('{"task_id"')


def _tests(problem: Problem) -> bytes:
    text = json.dumps([problem.entry_point, repr(problem.tests)])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
