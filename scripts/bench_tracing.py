#!/usr/bin/env python
"""The slowdown of programs with probes: CPU time of the data sets' references on their own tests.

    .venv/bin/python scripts/bench_tracing.py --problems HumanEval.jsonl.gz --mbpp mbpp.jsonl

Runs the files' programs in this process, without a sandbox: for trusted data only. Loading (parse, rewrite, compile)
and running are timed separately; runs include the tests' work, and have no budget of events. Reports the ratio for the
runs alone and for whole processes of the sandbox, as a localization uses them.
"""

from __future__ import annotations

import contextlib
import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from truth.cost import cpu_seconds
from verl_egca.data.formats import load_problems
from verl_egca.execution.sandbox import Sandbox
from verl_egca.problem import AssertionTests, Problem
from verl_egca.tracing import child

MAX_EVENTS = 20_000
PROCESSES = 6  # per kind and problem, summed: the clock of ended processes has steps of 10 ms
PROGRAM = child.PROGRAM


def main(
    problems: Annotated[Path | None, typer.Option(help="HumanEval's problems")] = None,
    mbpp: Annotated[Path | None, typer.Option(help="MBPP's problems")] = None,
    limit: Annotated[int | None, typer.Option(help="problems of each file", min=1)] = None,
    repeat: Annotated[int, typer.Option(help="runs, of which the fastest counts", min=1)] = 3,
    sandbox: Annotated[bool, typer.Option(help="also measure processes of the sandbox")] = True,
    slowest: Annotated[int, typer.Option(help="number of slowest problems to name")] = 5,
) -> None:
    table = Table(title="traced by plain CPU time")
    for column in ("set", "what", "problems", "median", "p95", "max"):
        table.add_column(column, justify="left" if column in ("set", "what") else "right")
    console, notes = Console(highlight=False), []
    for path in filter(None, (problems, mbpp)):
        chosen = [p for p in load_problems(path) if p.reference is not None][:limit]
        measured = [(problem, *figures) for problem in chosen if (figures := timed(problem, repeat)) is not None]
        runs = [(traced / plain, problem.task_id) for problem, plain, traced, _, _ in measured]
        loads = [traced / plain for _, _, _, plain, traced in measured]
        table.add_row(path.stem, "run", *row([ratio for ratio, _ in runs]))
        table.add_row(path.stem, "load", *row(loads))
        table.add_row(path.stem, "load, ms", *row([traced * 1e3 for *_, traced in measured]))
        over = [plain + traced for _, plain, traced, _, _ in measured]
        notes.append(f"{path.stem}: {sum(over):.2f} s of runs in all")
        notes += [f"  {task}: {ratio:.1f}" for ratio, task in sorted(runs, reverse=True)[:slowest]]
        if sandbox:
            with Sandbox() as box:
                table.add_row(path.stem, "process", *row([processes(box, problem) for problem in chosen]))
    console.print(table)
    for note in notes:
        console.print(note)


def timed(problem: Problem, repeat: int) -> tuple[float, float, float, float] | None:
    """Seconds of the plain and the traced run, then of both loads; None if the plain run does not pass."""
    if not isinstance(problem.tests, AssertionTests):
        return None
    text = "\n".join([problem.tests.setup, *problem.tests.assertions])
    tests = compile(text, "<tests>", "exec", dont_inherit=True)
    best = [float("inf")] * 4
    for _ in range(repeat):
        for place, load in enumerate((_plain, _traced)):
            try:
                run, loading = _seconds(load, problem, tests)
            except Exception:
                return None
            best[place], best[2 + place] = min(best[place], run), min(best[2 + place], loading)
    return best[0], best[1], best[2], best[3]


def _seconds(load: Callable[[str, dict[str, Any]], None], problem: Problem, tests: Any) -> tuple[float, float]:
    namespace: dict[str, Any] = {"__name__": "program"}
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.process_time()
        load(problem.reference or "", namespace)
        loaded = time.process_time()
        exec(tests, namespace)
        child.flush()
        return time.process_time() - loaded, loaded - start


def _plain(source: str, namespace: dict[str, Any]) -> None:
    child._recorder = None
    exec(compile(source, PROGRAM, "exec", dont_inherit=True), namespace)


def _traced(source: str, namespace: dict[str, Any]) -> None:
    sink, limit = os.memfd_create("trace"), sys.getrecursionlimit()
    try:
        child.load(source, namespace, sink, 1 << 60)  # the budget's end would end this process
    finally:
        sys.setrecursionlimit(limit)


def processes(sandbox: Sandbox, problem: Problem) -> float:
    """CPU time of the first case in processes with probes, up to the budget, divided by that without."""
    reference = problem.reference or ""
    sandbox.run(problem, reference, [0])
    times = []
    for run in (
        lambda: sandbox.run(problem, reference, [0]),
        lambda: sandbox.trace(problem, reference, 0, MAX_EVENTS),
    ):
        before = cpu_seconds()
        for _ in range(PROCESSES):
            run()
        times.append(cpu_seconds() - before)
    return times[1] / max(times[0], 1e-3)


def row(values: Sequence[float]) -> list[str]:
    ordered = sorted(values)
    p95 = ordered[int(0.95 * (len(ordered) - 1) + 0.5)]
    return [str(len(ordered)), f"{statistics.median(ordered):.1f}", f"{p95:.1f}", f"{ordered[-1]:.1f}"]


if __name__ == "__main__":
    typer.run(main)
