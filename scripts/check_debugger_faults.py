#!/usr/bin/env python
"""A table of a step's failing samples under each fault of a debugger.

    .venv/bin/python scripts/check_debugger_faults.py [--only hang,huge] [--markdown faults.md]

The server is a real one that answers rightly but for the fault (tests/debugger/replay_server.py); samples are scored
with a reward worker's scorer, sandbox and threads, and the paper's localizer, which asks about every sample. For each
fault: whether the rewards equal those of a step without a debugger, whether it kept its deadline, the counters, and
leaks.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from debugging.step import DEADLINE_S, Row, run_step  # noqa: E402
from tests.debugger.replay_server import Fault  # noqa: E402

console = Console(highlight=False, width=160)


def main(
    only: Annotated[str | None, typer.Option(help="faults, separated by commas; none: the sound server")] = None,
    markdown: Annotated[Path | None, typer.Option(help="also write the table here")] = None,
) -> None:
    names = [None, *Fault] if only is None else [Fault(name) if name != "none" else None for name in only.split(",")]
    rows = []
    for fault in names:
        row = run_step(fault)
        console.print(f"{row.fault:14} {'as it must' if row.sound else 'WRONG'}  {row.seconds:.1f} s  {row.told}")
        rows.append(row)
    console.print(_table(rows))
    if markdown:
        markdown.write_text(_markdown(rows))
    raise typer.Exit(0 if all(row.sound for row in rows) else 1)


_COLUMNS = ("fault", "rewards", "seconds", "what the counters say", "credit", "left behind")


def _cells(row: Row) -> tuple[str, ...]:
    in_time = f"{row.seconds:.1f}" + ("" if row.in_time else ", past its deadline")
    return row.fault, "the same" if row.same_rewards else "OTHER", in_time, row.told, row.credit, row.left or "nothing"


def _table(rows: list[Row]) -> Table:
    table = Table(
        title=f"a step of {rows[0].samples} samples; a question's deadline is {DEADLINE_S:g} s where the fault is one of time"
    )
    for name in _COLUMNS:
        table.add_column(name)
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _markdown(rows: list[Row]) -> str:
    lines = ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    return "\n".join([*lines, *("| " + " | ".join(_cells(row)) + " |" for row in rows)]) + "\n"


if __name__ == "__main__":
    typer.run(main)
