#!/usr/bin/env python
"""How often a localizer blames a line that the bug is on: HumanEvalFix, whose bugs are known by their fix.

    .venv/bin/python scripts/bench_localization.py --problems HumanEval.jsonl.gz --samples humanevalfix.jsonl

Truth is the lines of the buggy program that differ from the canonical solution; where lines are only missing, the lines
on both sides of the gap. Top-1 counts the blamed range, top-5 the ranked places; both are shares of all samples.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from verl_egca.data.rows import read_rows
from verl_egca.evaluation.localize import localize_file

Row = dict[str, Any]


def main(
    problems: Annotated[Path, typer.Option(help="HumanEval's problems")],
    samples: Annotated[Path, typer.Option(help="HumanEvalFix's rows")],
    localizers: Annotated[str, typer.Option(help="names, separated by commas")] = "trace,late,random",
    seed: int = 0,
) -> None:
    console = Console()
    rows = [row for _, row in read_rows(samples)]
    table = Table(title=f"{samples.name}: {len(rows)} samples")
    for column in ("localizer", "localized", "top-1", "top-5", "not localized"):
        table.add_column(column, justify="left" if column in ("localizer", "not localized") else "right")
    with TemporaryDirectory() as folder:
        for name in localizers.split(","):
            out = Path(folder) / f"{name}.jsonl"
            localize_file(
                problems, samples, out, localizer=name, workers=2, seed=seed, resume=False, console=Console(stderr=True)
            )
            found = [json.loads(line) for line in out.read_text().splitlines()]
            table.add_row(name, *figures(rows, found))
    console.print(table)


def figures(rows: list[Row], found: list[Row]) -> list[str]:
    truths = [changed_lines(row) for row in rows]
    localized = [answer for answer in found if answer["localization"]]
    top1 = sum(hits(truth, [a["localization"]]) for truth, a in zip(truths, found, strict=True) if a["localization"])
    top5 = sum(hits(truth, answer["ranked"]) for truth, answer in zip(truths, found, strict=True))
    reasons = Counter(answer["not_localized"] for answer in found if not answer["localization"])
    told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()) or "-"
    return [str(len(localized)), f"{top1 / len(rows):.1%}", f"{top5 / len(rows):.1%}", told]


def changed_lines(row: Row) -> set[int]:
    """Lines (from 1) of the buggy program that are not the canonical solution's."""
    buggy = (row["prompt"] + row["buggy_solution"]).split("\n")
    right = (row["prompt"] + row["canonical_solution"]).split("\n")
    lines: set[int] = set()
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, buggy, right, autojunk=False).get_opcodes():
        if kind in ("replace", "delete"):
            lines |= set(range(start + 1, end + 1))
        elif kind == "insert":
            lines |= {start, start + 1}
    return lines


def hits(truth: set[int], places: list[Row]) -> bool:
    return any(truth & set(range(place["line"], place["end_line"] + 1)) for place in places)


if __name__ == "__main__":
    typer.run(main)
