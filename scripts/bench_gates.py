#!/usr/bin/env python
r"""Tables of the gates' accuracy and cost.

    .venv/bin/python scripts/bench_gates.py --problems HumanEval.jsonl.gz --mbpp mbpp.jsonl \
        --samples humaneval_codellama.jsonl --mbpp-samples mbpp_codellama.jsonl

Static constraints of every reference are checked on rewrites of the reference (`truth.rewrite`). For the same programs,
the share that becomes the reference is measured over the whole program, since right programs need no repair; likewise
for pairs of independent solutions, labelled by hand as the same algorithm or not in truth/same_algorithm.jsonl, before
the gates were written. Second solutions were chosen to be unlike the references, so easy pairs are missing. Last, the
failures of truth/labelled.jsonl: the share of a smallest repair against two readers' labels. Times are CPU time of all
processes.
"""

from __future__ import annotations

import ast
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from truth.cost import cpu_seconds
from truth.rewrite import rewritten
from truth.sets import LABELLED, SECOND_SOLUTIONS, digest
from verl_egca.constraints import AnyConstraint
from verl_egca.data.formats import load_problems
from verl_egca.data.rows import read_rows
from verl_egca.evaluation.samples import load_samples
from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.check import broken_constraints
from verl_egca.gates.code import code_of
from verl_egca.gates.static_extraction import static_constraints
from verl_egca.localization.base import FailingSample
from verl_egca.localization.repair.lines import lines_of
from verl_egca.localization.repair.patch import Patch
from verl_egca.localization.repair.whole import wholes
from verl_egca.localization.share import RepairShare
from verl_egca.localization.twins.alignment import align
from verl_egca.localization.twins.views import Reference
from verl_egca.problem import Problem

PAIRS = Path(__file__).parent / "truth" / "same_algorithm.jsonl"
LIMITS = {"a third": 1 / 3, "a half": 1 / 2}
ON_PURPOSE = frozenset({"LinearRecursionToLoop", "TailCallToLoop"})  # break "use recursion" on purpose

console = Console(highlight=False, width=140)


@dataclass(frozen=True, slots=True)
class Other:
    """A rewritten reference."""

    problem: Problem
    constraints: tuple[AnyConstraint, ...]
    program: str
    applied: tuple[str, ...]


def main(
    problems: Annotated[Path, typer.Option(help="HumanEval's problems")],
    mbpp: Annotated[Path, typer.Option(help="MBPP's problems")],
    seeds: Annotated[int, typer.Option(help="rewrites of each reference", min=1)] = 3,
    samples: Annotated[
        Path | None, typer.Option(help="a model's samples of --problems, including the labelled ones")
    ] = None,
    mbpp_samples: Annotated[Path | None, typer.Option(help="the same model's samples of --mbpp")] = None,
    show: Annotated[int, typer.Option(help="most broken rewrites and misjudged pairs to show")] = 0,
) -> None:
    loaded = [problem for path in (problems, mbpp) for problem in load_problems(path) if problem.reference]
    others = [one for problem in loaded for one in _rewrites(problem, seeds)]
    _constraints(loaded, others, show)
    _rewritten_shares(others)
    _pairs({problem.task_id: problem for problem in loaded}, show)
    _cost("static constraints", _measured(others))
    if samples and mbpp_samples:
        _cost("smallest repair", _labelled([*_written(problems, samples), *_written(mbpp, mbpp_samples)]))


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


def _rewritten_shares(others: Sequence[Other]) -> None:
    found = sorted(_whole_share(one.problem, one.program) for one in others)
    within = ", ".join(
        f"{sum(v <= most for v in found) / len(found):.1%} up to {name}" for name, most in LIMITS.items()
    )
    median, last = statistics.median(found), found[int(0.95 * len(found))]
    console.print(f"share of {len(found)} rewrites: {within}; median {median:.2f}, 95th percentile {last:.2f}\n")


def _whole_share(problem: Problem, program: str) -> float:
    """The share rewritten when the program becomes the nearest view of the reference."""
    alignment = align(ast.parse(program), Reference(ast.parse(problem.reference or "")), problem.entry_point)
    patches = [Patch(program, lines_of(program), whole) for whole in wholes(alignment, problem.entry_point)]
    return min((patch.share(patch.hunks) for patch in patches), default=1.0)


# ---------------------------------------------------------------- against labels


def _pairs(loaded: dict[str, Problem], show: int) -> None:
    second = {row["task_id"]: row["solution"] for _, row in read_rows(SECOND_SOLUTIONS)}
    pairs = [(loaded[row["task_id"]], second[row["task_id"]], row) for _, row in read_rows(PAIRS)]
    keeps = [not _breaks(static_constraints(p), p, text) for p, text, _ in pairs]
    shares = [_whole_share(p, text) for p, text, _ in pairs]
    gates = {"static constraints": keeps} | _within(shares)
    gates["constraints and a half"] = [a and b for a, b in zip(keeps, gates["share up to a half"], strict=True)]
    same = [row["same"] for _, _, row in pairs]
    _agreement("pairs of independent solutions", same, shares, gates)
    wrong = [
        row for (_, _, row), passes in zip(pairs, gates["share up to a half"], strict=True) if passes != row["same"]
    ]
    for row in wrong[:show]:
        console.print(f"  {row['task_id']} {'same' if row['same'] else 'other'}, judged otherwise: {row['reason']}")


def _written(problems: Path, samples: Path) -> list[tuple[Problem, str]]:
    given = load_samples(samples, {problem.task_id: problem for problem in load_problems(problems)})
    return [(one.problem, one.program.source) for one in given]


def _labelled(given: Sequence[tuple[Problem, str]]) -> list[float]:
    """Print the agreement; returns each sample's ms."""
    programs = {(problem.task_id, digest(text)): (problem, text) for problem, text in given}
    repairs = RepairShare(min(LIMITS.values()))
    same, shares, times = [], [], []
    with Sandbox() as sandbox:
        for _, row in read_rows(LABELLED):
            problem, text = programs[row["task_id"], row["sha256"]]
            sample = FailingSample(problem, text, sandbox.run(problem, text), sandbox, 0)
            before = cpu_seconds()
            share = repairs.of(sample)
            times.append((cpu_seconds() - before) * 1e3)
            readers = {reader["another"] for reader in row["readers"]}
            if len(readers) == 1:
                same.append(not readers.pop())
                shares.append(share)
    _agreement("failures on which both readers agree", same, shares, _within(shares))
    return times


def _within(shares: Sequence[float | None]) -> dict[str, list[bool]]:
    return {f"share up to {name}": [s is None or s <= most for s in shares] for name, most in LIMITS.items()}


def _agreement(what: str, same: Sequence[bool], shares: Sequence[float | None], gates: dict[str, list[bool]]) -> None:
    table = Table(title=f"{len(same)} {what}, {sum(same)} of them the same algorithm")
    for column in ("gate", "same: passes", "same: refused", "other: passes", "other: refused", "agrees"):
        table.add_column(column, justify="left" if column == "gate" else "right")
    for name, passes in gates.items():
        counts = Counter(zip(same, passes, strict=True))
        cells = [counts[True, True], counts[True, False], counts[False, True], counts[False, False]]
        table.add_row(name, *map(str, cells), f"{(cells[0] + cells[3]) / len(same):.0%}")
    console.print(table)
    for label, is_same in (("same", True), ("other", False)):
        known = [share for share, one in zip(shares, same, strict=True) if one is is_same and share is not None]
        console.print(f"  median share, {label}: {statistics.median(known):.2f} of {len(known)} that are known")


# ---------------------------------------------------------------- cost


def _measured(others: Sequence[Other]) -> list[float]:
    """Each program's ms for static constraints."""
    times = []
    for one in others:
        code_of.cache_clear()
        started = time.process_time()
        _breaks(one.constraints, one.problem, one.program)
        times.append((time.process_time() - started) * 1e3)
    return times


def _cost(what: str, times: Sequence[float]) -> None:
    ordered = sorted(times)
    median, p95 = statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))]
    console.print(f"{what}: {median:.2f} ms at the median, 95th percentile {p95:.2f}, most {ordered[-1]:.2f}\n")


def _row(table: Table, name: str, kept: int, of: int) -> None:
    table.add_row(name, f"{kept} of {of}", f"{kept / of:.1%}")


if __name__ == "__main__":
    typer.run(main)
