#!/usr/bin/env python
"""What the gates are worth and what they cost: a few tables.

    .venv/bin/python scripts/bench_gates.py --problems HumanEval.jsonl.gz --mbpp mbpp.jsonl

Static constraints of every reference, held against the reference in other words (`truth.rewrite`), and so is its control
flow. Then pairs of independent solutions of one problem, which truth/same_algorithm.jsonl says by a sentence each are the
same algorithm or not: written before the gates were, by reading. The pairs' second solutions were chosen to be unlike the
references, so the easy half of "same" is missing. Times are CPU time of this process, with the reference's graph cached.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from truth.rewrite import rewritten
from truth.sets import SECOND_SOLUTIONS
from verl_egca.config.choices import SIMILARITY
from verl_egca.data.formats import load_problems
from verl_egca.data.rows import read_rows
from verl_egca.gates.check import broken_constraint, broken_constraints
from verl_egca.gates.code import code_of
from verl_egca.gates.comparability import similarity
from verl_egca.gates.static_extraction import static_constraints
from verl_egca.gates.vocabulary import AnyConstraint
from verl_egca.problem import Problem

PAIRS = Path(__file__).parent / "truth" / "same_algorithm.jsonl"
ON_PURPOSE = frozenset({"LinearRecursionToLoop", "TailCallToLoop"})  # break "use recursion": that is what they are for

console = Console(highlight=False, width=140)


@dataclass(frozen=True, slots=True)
class Other:
    """A reference in other words."""

    problem: Problem
    constraints: tuple[AnyConstraint, ...]
    program: str
    applied: tuple[str, ...]


def main(
    problems: Annotated[Path, typer.Option(help="HumanEval's problems")],
    mbpp: Annotated[Path, typer.Option(help="MBPP's problems")],
    seeds: Annotated[int, typer.Option(help="rewrites of each reference", min=1)] = 3,
    threshold: Annotated[
        float, typer.Option(help="of similarity, as egca.gates.similarity", min=0, max=1)
    ] = SIMILARITY,
    show: Annotated[
        int, typer.Option(help="how many rewrites that break a constraint, and pairs judged otherwise")
    ] = 0,
) -> None:
    loaded = [problem for path in (problems, mbpp) for problem in load_problems(path) if problem.reference]
    others = [one for problem in loaded for one in _rewrites(problem, seeds)]
    _constraints(loaded, others, show)
    _likeness(others, threshold)
    _pairs({problem.task_id: problem for problem in loaded}, threshold, show)
    _cost(others)


def _rewrites(problem: Problem, seeds: int) -> list[Other]:
    constraints = static_constraints(problem)
    made = [rewritten(problem.reference or "", problem.entry_point or "", seed) for seed in range(1, seeds + 1)]
    return [Other(problem, constraints, one.source, one.applied) for one in made]


def _constraints(loaded: Sequence[Problem], others: Sequence[Other], show: int) -> None:
    own = [p for p in loaded if _breaks(static_constraints(p), p, p.reference or "")]
    broken = [(one, found) for one in others if (found := _breaks(one.constraints, one.problem, one.program))]
    meant = [one for one, found in broken if found == {"recursion"} and ON_PURPOSE & set(one.applied)]
    table = Table(
        title=f"static constraints: {sum(len(static_constraints(p)) for p in loaded)} of {len(loaded)} references"
    )
    for column in ("programs", "keep all", "share"):
        table.add_column(column, justify="left" if column == "programs" else "right")
    _row(table, "the references themselves", len(loaded) - len(own), len(loaded))
    _row(table, "rewritten", len(others) - len(broken), len(others))
    rest = len(others) - len(meant)
    _row(table, "rewritten, but for recursion made a loop", rest - (len(broken) - len(meant)), rest)
    console.print(table)
    kinds = Counter(kind for _, found in broken for kind in found)
    console.print(f"broken by a rewrite: {dict(kinds)}, {len(meant)} of them by {' or '.join(sorted(ON_PURPOSE))}\n")
    for one, found in broken[:show]:
        console.print(f"  {one.problem.task_id}: {', '.join(found)} by {', '.join(sorted(set(one.applied)))}")


def _breaks(constraints: tuple[AnyConstraint, ...], problem: Problem, program: str) -> set[str]:
    return {one.kind for one in broken_constraints(constraints, program, problem.entry_point)}


def _likeness(others: Sequence[Other], threshold: float) -> None:
    found = sorted(_similarity(one.problem, one.program) for one in others)
    alike = sum(value >= threshold for value in found)
    one, five = (found[int(share * len(found))] for share in (0.01, 0.05))
    console.print(
        f"control flow of {len(found)} rewrites: {alike / len(found):.1%} at {threshold:g} or above; "
        f"{sum(value == 1 for value in found) / len(found):.1%} equal; 1st percentile {one:.2f}, 5th {five:.2f}\n"
    )


def _similarity(problem: Problem, program: str) -> float:
    found = similarity(program, problem.reference or "", problem.entry_point)
    return 1.0 if found is None else found  # what can't be compared is not refused


# ---------------------------------------------------------------- pairs


def _pairs(loaded: dict[str, Problem], threshold: float, show: int) -> None:
    second = {row["task_id"]: row["solution"] for _, row in read_rows(SECOND_SOLUTIONS)}
    pairs = [(loaded[row["task_id"]], second[row["task_id"]], row) for _, row in read_rows(PAIRS)]
    keeps = [not _breaks(static_constraints(p), p, text) for p, text, _ in pairs]
    alike = [_similarity(p, text) >= threshold for p, text, _ in pairs]
    same = [row["same"] for _, _, row in pairs]
    table = Table(title=f"{len(pairs)} pairs of independent solutions, {sum(same)} of them the same algorithm")
    for column in ("gate", "same: passes", "same: refused", "other: passes", "other: refused", "agrees"):
        table.add_column(column, justify="left" if column == "gate" else "right")
    both = [a and b for a, b in zip(keeps, alike, strict=True)]
    for name, passes in (("static constraints", keeps), ("control flow", alike), ("both", both)):
        counts = Counter(zip(same, passes, strict=True))
        cells = [counts[True, True], counts[True, False], counts[False, True], counts[False, False]]
        table.add_row(name, *map(str, cells), f"{(cells[0] + cells[3]) / len(pairs):.0%}")
    console.print(table)
    wrong = [row for (_, _, row), passes in zip(pairs, both, strict=True) if passes != row["same"]]
    for row in wrong[:show]:
        console.print(f"  {row['task_id']} {'same' if row['same'] else 'other'}, judged otherwise: {row['reason']}")


# ---------------------------------------------------------------- cost


def _cost(others: Sequence[Other]) -> None:
    table = Table(title="ms of CPU a sample")
    for column in ("check", "median", "p95", "max"):
        table.add_column(column, justify="left" if column == "check" else "right")

    def keeps(one: Other) -> object:
        return broken_constraint(one.constraints, one.program, one.problem.entry_point)

    def alike(one: Other) -> object:
        return similarity(one.program, one.problem.reference or "", one.problem.entry_point)

    def both(one: Other) -> object:
        return keeps(one), alike(one)

    rows = (("static constraints", keeps), ("control flow, the reference's cached", alike), ("both", both))
    for name, work in rows:
        times = sorted(_ms(work, one) for one in others)
        figures = statistics.median(times), times[int(0.95 * (len(times) - 1))], times[-1]
        table.add_row(name, *(f"{value:.2f}" for value in figures))
    console.print(table)


def _ms(work: Callable[[Other], object], one: Other) -> float:
    work(one)  # the reference is known then
    code_of.cache_clear()
    started = time.process_time()
    work(one)
    return (time.process_time() - started) * 1e3


def _row(table: Table, name: str, kept: int, of: int) -> None:
    table.add_row(name, f"{kept} of {of}", f"{kept / of:.1%}")


if __name__ == "__main__":
    typer.run(main)
