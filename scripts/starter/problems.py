"""The shipped starter problems: tasks with assertions that their near misses fail.

`generate` makes the file for `starter_problems`. Expected values come from running each reference in the sandbox. From
a task's pool, each next assertion is the one that fails the most remaining near misses.
"""

from __future__ import annotations

import ast
import gzip
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from starter.families import tasks
from starter.task import Task
from verl_egca.execution.sandbox import Sandbox, SandboxError
from verl_egca.problem import AssertionTests, Problem

Split = Literal["train", "test"]
SHIPPED = Path(__file__).parent / "problems.jsonl.gz"
ASSERTIONS = 8


@lru_cache(2)
def starter_problems(split: Split) -> tuple[Problem, ...]:
    """The shipped problems of a split. Training and test families are different."""
    with gzip.open(SHIPPED, "rt", encoding="utf-8") as file:
        problems = [Problem.model_validate_json(line) for line in file]
    return tuple(problem for problem in problems if problem.task_id.startswith(f"starter/{split}/"))


def generate(out: Path, workers: int = 2) -> int:
    """Write the problems' file, byte-equal each time; returns the number of problems."""
    named: list[tuple[str, Task]] = []
    for split in ("train", "test"):
        numbers: Counter[str] = Counter()
        for task in tasks(split):
            named.append((f"starter/{split}/{task.family}/{numbers[task.family]}", task))
            numbers[task.family] += 1
    with Sandbox(workers=workers) as sandbox, ThreadPoolExecutor(workers) as threads:
        problems = list(threads.map(lambda item: make_problem(sandbox, *item), named))
    text = "".join(problem.model_dump_json() + "\n" for problem in problems)
    out.write_bytes(gzip.compress(text.encode(), mtime=0))
    return len(problems)


def make_problem(sandbox: Sandbox, task_id: str, task: Task) -> Problem:
    """The task with assertions on arguments from its pool."""
    calls = list(dict.fromkeys(f"{task.family}({', '.join(map(repr, arguments))})" for arguments in task.pool))
    reference = task.prompt + task.reference
    values = _values(sandbox, task, reference, calls)
    assertions = [f"assert {call} == {value!r}" for call, value in zip(calls, values, strict=True)]
    probe = _problem(task_id, task, reference, tuple(assertions))
    failed_by = []  # for each near miss, the assertions that it fails
    for near_miss in task.near_misses():
        verdict = sandbox.run(probe, task.prompt + near_miss)
        failed_by.append({case.index for case in verdict.cases if not case.passed})
    chosen = _choose(len(assertions), failed_by, random.Random(task_id))
    return _problem(task_id, task, reference, tuple(assertions[index] for index in chosen))


def _problem(task_id: str, task: Task, reference: str, assertions: tuple[str, ...]) -> Problem:
    return Problem(
        task_id=task_id,
        prompt=task.prompt,
        code_prefix=task.prompt,
        entry_point=task.family,
        reference=reference,
        tests=AssertionTests(assertions=assertions),
    )


def _values(sandbox: Sandbox, task: Task, reference: str, calls: list[str]) -> list[Any]:
    """The reference's value for each call, from the verdicts of assertions that always fail."""
    never = _problem("values", task, reference, tuple(f"assert {call} == Ellipsis" for call in calls))
    verdict = sandbox.run(never, reference)
    broken = next((case for case in verdict.cases if case.got is None), None)
    if broken is not None:
        raise SandboxError(f"the reference of {task.doc!r} fails on {broken.case}: {broken.error}")
    return [ast.literal_eval(str(case.got)) for case in verdict.cases]


def _choose(count: int, failed_by: list[set[int]], rng: random.Random) -> list[int]:
    """Indices of assertions: each fails the most remaining near misses; then random ones."""
    chosen: list[int] = []
    open_misses = [failed for failed in failed_by if failed]
    while len(chosen) < ASSERTIONS and len(chosen) < count:
        gain = Counter(index for failed in open_misses for index in failed if index not in chosen)
        rest = [index for index in range(count) if index not in chosen]
        best = max(rest, key=lambda index: (gain[index], -index)) if gain else rng.choice(rest)
        chosen.append(best)
        open_misses = [failed for failed in open_misses if best not in failed]
    return sorted(chosen)
