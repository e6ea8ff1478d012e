"""MBPP's rows, in full (``text``) and sanitised (``prompt``): a sentence, three assertions and a reference.

``google-research-datasets/mbpp``. The prompt is the data set's own (Austin et al. 2021, section 3): the task and all of
its assertions, as without them even the function's name is unknown. The entry point is the first function that the
assertions call and the reference defines. ``challenge_test_list`` is not used, as is the custom.
"""

from __future__ import annotations

import re

from verl_egca.data.entry import Entry
from verl_egca.data.python_tests import called, defined, parse
from verl_egca.data.rows import Row
from verl_egca.problem import AssertionTests, Problem

PROMPT = (
    "You are an expert Python programmer, and here is your task: {task} Your code should pass these tests:\n\n{tests}\n"
)
SPLITS = {"prompt": (1, 10), "test": (11, 510), "validation": (511, 600), "train": (601, 974)}


def read_mbpp(row: Row) -> Entry:
    """Raises BadRow."""
    return _entry(row, task=row.text("text"), setup=row.text("test_setup_code", ""), source="mbpp")


def read_sanitized_mbpp(row: Row) -> Entry:
    """Raises BadRow."""
    setup = "".join(f"{line}\n" for line in row.texts("test_imports", ()))
    return _entry(row, task=row.text("prompt"), setup=setup, source="mbpp_sanitized")


def _entry(row: Row, *, task: str, setup: str, source: str) -> Entry:
    number = _number(row)
    assertions = row.texts("test_list")
    if not assertions:
        row.bad("test_list", "is empty; a problem without tests can't be judged")
    parse(row, "test_setup_code" if source == "mbpp" else "test_imports", setup)
    problem = Problem(
        task_id=f"MBPP/{number}",
        prompt=PROMPT.format(task=task.strip(), tests="\n".join(assertions)),
        entry_point=_entry_point(row, assertions),
        reference=row.text("code"),
        tests=AssertionTests(setup=setup, assertions=assertions),
    )
    return Entry(problem, source, split=_split(number))


def _number(row: Row) -> int:
    """MBPP numbers its tasks; some copies write ``"MBPP/11"`` or ``"Mbpp/11"`` for 11."""
    value = row.values.get("task_id")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = re.fullmatch(r"(?:mbpp/)?(\d+)", value, re.IGNORECASE) if isinstance(value, str) else None
    if match is None:
        row.bad("task_id", f"must be MBPP's number of the task, not {value!r}")
    return int(match[1])


def _split(number: int) -> str:
    return next((name for name, (first, last) in SPLITS.items() if first <= number <= last), "train")


def _entry_point(row: Row, assertions: tuple[str, ...]) -> str:
    names = defined(parse(row, "code", row.text("code")))
    for index, assertion in enumerate(assertions):
        for name in called(parse(row, f"test_list[{index}]", assertion)):
            if name in names:
                return name
    row.bad("test_list", f"calls nothing that key 'code' defines ({', '.join(names) or 'which defines nothing'})")
