"""``egca constraints extract``: the constraints of a file of problems, as YAML."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console

from verl_egca.data.constraint_file import Entry, write_constraints
from verl_egca.data.formats import load_problems
from verl_egca.data.rows import BadInput
from verl_egca.debugger.client import Debugger
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.evaluation.jobs import in_order
from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.complexity import measured_complexity
from verl_egca.gates.extraction import extract, extract_statically
from verl_egca.problem import Problem

ALLOWANCE_S = 60.0  # wall time for questions without an answer, in all


@dataclass(frozen=True, slots=True)
class Summary:
    """``notes``: the tasks whose constraints were made in another way, by reason."""

    problems: int
    constraints: int
    dropped: int
    made_by: str
    notes: dict[str, list[str]]


def extract_file(
    problems: Path,
    out: Path,
    url: str | None,
    *,
    model: str | None = None,
    complexity: bool = False,
    workers: int = 2,
    console: Console,
) -> Summary:
    """Raises BadInput, SandboxError, ConfinementError."""
    loaded = load_problems(problems)
    settings = _debugger_settings(url, model)
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(workers=workers))  # starts processes on its first run
        debugger = stack.enter_context(Debugger(settings, allowance_s=ALLOWANCE_S)) if settings is not None else None

        def work(problem: Problem) -> Entry:
            measure = partial(measured_complexity, sandbox, problem, problem.reference or "")
            if debugger is None or settings is None:
                return extract_statically(problem, measure if complexity else None)
            return extract(problem, measure, debugger, settings.deadline_s, complexity=complexity)

        at_once = settings.concurrency if settings is not None else workers
        entries = list(in_order(loaded, work, at_once, console, "extract"))
    summary = _summary(entries, "static" if settings is None else "debugger")
    write_constraints(out, entries, _made(summary, problems, model))
    return summary


def _debugger_settings(url: str | None, model: str | None) -> DebuggerSettings | None:
    if url is None:
        return None
    try:
        return DebuggerSettings(urls=(url,), model=model)
    except ValidationError as error:
        raise BadInput(Path("--url"), None, None, error.errors(include_input=False)[0]["msg"]) from None


def _summary(entries: list[Entry], made_by: str) -> Summary:
    notes: dict[str, list[str]] = {}
    for entry in entries:
        if entry.note:
            notes.setdefault(entry.note, []).append(entry.task_id)
    return Summary(
        problems=len(entries),
        constraints=sum(len(entry.constraints) for entry in entries),
        dropped=sum(len(entry.dropped) for entry in entries),
        made_by=made_by,
        notes=notes,
    )


def _made(summary: Summary, problems: Path, model: str | None) -> dict[str, Any]:
    made: dict[str, Any] = {"by": summary.made_by, "problems": problems.name, "constraints": summary.constraints}
    if summary.made_by != "static":
        made |= {"model": model, "dropped": summary.dropped}
    return made | ({"notes": {note: len(tasks) for note, tasks in summary.notes.items()}} if summary.notes else {})
