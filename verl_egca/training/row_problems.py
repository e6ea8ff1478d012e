"""The problems of rows in the form that verl's reward workers get, read once per prompt."""

from __future__ import annotations

import hashlib
import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from verl_egca.data.reference_choice import MOST_REFERENCES, first_passing
from verl_egca.data.row_problem import RowPlace, reading_of_row, task_id_of_row
from verl_egca.data.rows import BadInput
from verl_egca.execution.sandbox import Sandbox
from verl_egca.problem import Problem
from verl_egca.sharing import Shared
from verl_egca.training import response_mask

logger = logging.getLogger(__name__)

_KEPT_BYTES = 100_000_000  # of rows
# verl's additions to a row's columns: they belong to the sample, or don't matter to the tests.
_OF_SAMPLE = {
    *("uid", "session_id", "global_steps", "agent_name", "tools_kwargs", "interaction_kwargs", "tool_extra_fields"),
    *("prompt_len", "response_len", "multi_modal_data", "multi_modal_inputs", response_mask.KEY),
}


@dataclass(frozen=True, slots=True)
class _Read:
    problem: Problem | None
    error: BadInput | None
    size: int


class RowProblems:
    """The problems of one reward worker; thread-safe."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._read = Shared[_Read](lambda read: True, lambda read: read.size, _KEPT_BYTES)

    def of(self, columns: Mapping[str, Any]) -> Problem | None:
        """The row's problem; None if it has no program tests.

        Its reference is the first of several that passes the tests, if one of the first few does.

        Raises:
            BadInput: the row's tests can't be read or judged.
        """
        row = _row(columns)
        content = pickle.dumps(row)
        key = hashlib.blake2b(content, digest_size=16).digest()
        read, _ = self._read.get(key, lambda: self._of(row, len(content)))
        if read.error is not None:
            raise read.error
        return read.problem

    def name_of(self, columns: Mapping[str, Any]) -> str:
        return task_id_of_row(_row(columns))

    def _of(self, row: dict[str, Any], size: int) -> _Read:
        place = RowPlace(task=task_id_of_row(row))
        try:
            read = reading_of_row(row, place)
        except BadInput as error:
            return _Read(None, error, size)
        return _Read(read.problem and self._with_reference(read.problem, read.references), None, size)

    def _with_reference(self, problem: Problem, references: tuple[str, ...]) -> Problem:
        if len(references) < 2:
            return problem
        passing = first_passing(problem, references, self._sandbox)
        if passing is None:
            logger.warning(
                "egca: task %s: none of its first %d references passes the tests; it has none",
                *(problem.task_id, min(len(references), MOST_REFERENCES)),
            )
        return problem.model_copy(update={"reference": passing})


def _row(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if name not in _OF_SAMPLE and not name.startswith("__")}
