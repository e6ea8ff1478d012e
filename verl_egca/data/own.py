"""The project's own form of a problem: `Problem.model_dump_json`, a line each, or as the ground truth of verl's rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from verl_egca.data.entry import Entry
from verl_egca.data.python_tests import parse
from verl_egca.data.rows import Row
from verl_egca.problem import AssertionTests, Problem


def read_own(row: Row) -> Entry:
    """Raises BadRow."""
    return Entry(own_problem(row, row.values), "egca")


def own_problem(row: Row, values: Mapping[str, Any], where: str = "") -> Problem:
    """The problem that the values of the row, or of its key ``where``, hold. Raises BadRow."""
    prefix = f"{where}." if where else ""
    try:
        problem = Problem.model_validate_json(json.dumps(values))  # JSON's rules: a list is good for a tuple
    except ValidationError as error:
        first = error.errors()[0]
        key = prefix + ".".join(map(str, first["loc"]))
        row.bad(key, f"{first['msg']}; the form is what Problem.model_dump_json and `egca prepare` write")
    if isinstance(problem.tests, AssertionTests):
        parse(row, f"{prefix}tests.setup", problem.tests.setup)
        for index, assertion in enumerate(problem.tests.assertions):
            parse(row, f"{prefix}tests.assertions[{index}]", assertion)
    return problem
