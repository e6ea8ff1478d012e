#!/usr/bin/env python
r"""Learns the costs of edits from failing programs, and writes the search's table of costs.

    .venv/bin/python scripts/learn_costs.py --problems HumanEval.jsonl.gz --mbpp mbpp.jsonl \
        --samples humaneval_codellama.jsonl --mbpp-samples mbpp_codellama.jsonl --localizations
        runs/RUN/localizations.jsonl

The model's programs that were labelled by hand are left out: `bench_localization.py` reports on them. Mutants of second
solutions are a prior with its own weight. Printed figures are cross-validated by problem.
"""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from starter.problems import starter_problems
from truth import examples, sets
from truth.measure import Bench
from truth.ranking import Group, bits_of, fitted, surprise
from verl_egca.data.formats import load_problems
from verl_egca.data.rows import read_rows
from verl_egca.evaluation.samples import load_samples
from verl_egca.execution.sandbox import Sandbox
from verl_egca.problem import Problem

TABLE = Path(__file__).parents[1] / "verl_egca/localization/twins/costs.json"
MUTANTS_SEED, STARTER_SEED = 7, 7
FOLDS = 5
SOURCES = ("slips", "loose ends", "omissions", "pieces", "pieces of what is alike")
MORE = ("hunks", "weight")  # larger edits are not likelier
LEAST_BITS = 0.05  # smaller costs are left out of the table
FEW = 0.02  # share of a source's edits that may be cheaper than its least cost
MOST_STARTER, MOST_MUTANTS, MOST_RAISING = 120, 600, 150

console = Console(highlight=False, width=140)
progress = Console(stderr=True)


def main(
    problems: Annotated[Path, typer.Option(help="HumanEval's problems")],
    mbpp: Annotated[Path, typer.Option(help="MBPP's problems")],
    samples: Annotated[Path, typer.Option(help="a model's samples of --problems")],
    mbpp_samples: Annotated[Path, typer.Option(help="the same model's samples of --mbpp")],
    localizations: Annotated[
        list[Path] | None, typer.Option(help="localizations.jsonl of training runs on the starter's problems")
    ] = None,
    penalty: Annotated[float, typer.Option(help="L2, in nats", min=0)] = 0.7,
    starter_weight: Annotated[float, typer.Option(help="weight of a program of the starter policy", min=0)] = 0.02,
    mutants_weight: Annotated[float, typer.Option(help="weight of a mutant; a model's program has 1", min=0)] = 0.5,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    date: Annotated[str | None, typer.Option(help="YYYY-MM-DD; today by default")] = None,
    kept: Annotated[Path | None, typer.Option(help="a cache file for the examples")] = None,
    out: Annotated[Path, typer.Option(help="the table")] = TABLE,
) -> None:
    weights = {"model": 1.0, "starter": starter_weight, "mutants": mutants_weight}
    if kept is None or not (corpora := _read(kept)):
        given = [load_problems(problems), load_problems(mbpp)]
        every = [problem for some in given for problem in some]
        with Bench(workers, 1, progress) as bench:
            failing = _unlabelled(bench, given, [samples, mbpp_samples])
            corpora = {
                "model": _grouped(bench, examples.written, failing),
                "starter": _grouped(bench, examples.written, _starter(bench, localizations or [])),
                "mutants": _grouped(bench, examples.planted, _mutants(bench, every)),
            }
        if kept is not None:
            _write(corpora, kept)
    console.print(_report(corpora, weights, penalty))
    groups = _weighted(corpora, weights)
    bits = fitted(groups, penalty, never_likelier=MORE)
    table = {
        "corpora": _told(corpora, weights),
        "date": date or datetime.date.today().isoformat(),
        "bits": _rounded(bits),
        "least": _least(groups, bits),
    }
    out.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n")
    console.print(f"{out}: {len(table['bits'])} signs")


# ---------------------------------------------------------------- corpora


def _unlabelled(bench: Bench, problems: Sequence[Sequence[Problem]], samples: Sequence[Path]) -> list[sets.Case]:
    """Failing programs of the model without labels."""
    written = [
        (one.problem, one.program.source)
        for some, path in zip(problems, samples, strict=True)
        for one in load_samples(path, {problem.task_id: problem for problem in some})
    ]
    failing = sets.failing("model", written, bench.check)
    labelled = {case.problem.task_id for case in sets.labelled(failing)}
    return [case for case in failing if case.problem.task_id not in labelled]


def _starter(bench: Bench, runs: Sequence[Path]) -> list[sets.Case]:
    """Failing programs of training runs."""
    known = {problem.task_id: problem for split in ("train", "test") for problem in starter_problems(split)}
    written = [
        (known[row["task_id"]], row["program"])
        for path in runs
        for _, row in read_rows(path)
        if row["task_id"] in known
    ]
    return sets.some(sets.failing("starter", written, bench.check), MOST_STARTER, STARTER_SEED)


def _mutants(bench: Bench, problems: Sequence[Problem]) -> list[sets.Case]:
    """Second solutions with one mistake; `bench_localization.py` uses another seed."""
    planted = sets.singles(sets.second_solutions(problems), MUTANTS_SEED, bench.check)
    return [*sets.second(planted, MOST_MUTANTS), *sets.runtime(planted, MOST_RAISING)]


def _grouped(
    bench: Bench, found: Callable[[Sandbox, tuple[sets.Case]], list[Group]], cases: Sequence[sets.Case]
) -> list[Group]:
    return [group for some in bench.check(found, [(case,) for case in cases], found.__name__) for group in some]


def _weighted(corpora: dict[str, list[Group]], weights: dict[str, float]) -> list[Group]:
    return [
        replace(group, weight=group.weight * weights[name])
        for name, groups in corpora.items()
        if weights[name]
        for group in groups
    ]


def _told(corpora: dict[str, list[Group]], weights: dict[str, float]) -> dict[str, Any]:
    return {
        name: {"programs": round(sum(group.weight for group in groups)), "weight": weights[name]}
        for name, groups in corpora.items()
    }


def _rounded(bits: dict[str, float]) -> dict[str, float]:
    return {sign: round(cost, 2) for sign, cost in sorted(bits.items()) if abs(cost) >= LEAST_BITS}


def _write(corpora: dict[str, list[Group]], path: Path) -> None:
    with path.open("w") as file:
        for name, groups in corpora.items():
            for group in groups:
                row = [name, group.name, group.candidates, group.right, group.stands_for, group.weight]
                file.write(json.dumps(row) + "\n")


def _read(path: Path) -> dict[str, list[Group]]:
    """The examples in the file; empty if it is missing."""
    corpora: dict[str, list[Group]] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        name, *fields = json.loads(line)
        corpora.setdefault(name, []).append(Group(*fields))
    return corpora


# ---------------------------------------------------------------- the table, and how good it is


def _least(groups: Sequence[Group], bits: dict[str, float]) -> dict[str, float]:
    """For each source of edits, a cost that few of its edits undercut."""
    found: dict[str, list[float]] = {name: [] for name in SOURCES}
    for group in groups:
        for candidate in group.candidates:
            for name in found:
                if name in candidate:
                    found[name].append(bits_of(candidate, bits))
    return {name: round(sorted(costs)[int(FEW * len(costs))], 2) for name, costs in found.items()}


def _report(corpora: dict[str, list[Group]], weights: dict[str, float], penalty: float) -> Table:
    """Bits of the right edit under a uniform prior and under the table, cross-validated by problem."""
    made = Table(title="cross-validated: bits of the edit that is needed, and edits that come before it (median)")
    for column in ("corpus", "programs", "alike", "learned", "before, alike", "before, learned"):
        made.add_column(column, justify="left" if column == "corpus" else "right")
    names = sorted({group.name for groups in corpora.values() for group in groups})
    random.Random(0).shuffle(names)
    fold_of = {name: place % FOLDS for place, name in enumerate(names)}
    told: dict[str, list[tuple[float, float]]] = {name: [] for name in corpora}
    for fold in range(FOLDS):
        others = {name: [g for g in groups if fold_of[g.name] != fold] for name, groups in corpora.items()}
        bits = fitted(_weighted(others, weights), penalty, never_likelier=MORE)
        for name, groups in corpora.items():
            told[name] += [surprise([group], bits) for group in groups if fold_of[group.name] == fold]
    for name, groups in corpora.items():
        alike, before = surprise(groups, {}) if groups else (0.0, 0.0)
        learned = sum(bits for bits, _ in told[name]) / max(1, len(told[name]))
        median = sorted(rank for _, rank in told[name])[len(told[name]) // 2] if told[name] else 0
        programs = round(sum(group.weight for group in groups))
        made.add_row(name, str(programs), f"{alike:.2f}", f"{learned:.2f}", f"{before:.0f}", f"{median:.0f}")
    return made


if __name__ == "__main__":
    typer.run(main)
