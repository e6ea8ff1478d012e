"""``egca report``: a run, or two side by side, as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from verl_egca.exit_status import bad_input_is_status_2


def report(
    run_dirs: Annotated[list[Path], typer.Argument(metavar="RUN_DIR", help="runs/<name>; two are overlaid")],
    out: Annotated[
        Path | None,
        typer.Option(help="the file to write (default: RUN_DIR/report.html, or A-vs-B.html beside A)", dir_okay=False),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="rewrite it during the run, until its end or Ctrl-C")] = False,
    every: Annotated[int, typer.Option(help="seconds between two checks of the run, with --watch", min=1)] = 10,
) -> None:
    """Write a page on a run: curves, and each failing program with its tokens coloured by advantage."""
    from verl_egca.report.page.watch import watch as follow
    from verl_egca.report.page.watch import write_report

    console = Console(stderr=True, highlight=False)
    if len(run_dirs) > 2:
        console.print(f"report: one run or two are wanted, not {len(run_dirs)}", markup=False, soft_wrap=True)
        raise typer.Exit(2)
    target = out or _default(run_dirs)
    with bad_input_is_status_2(console):
        if watch:
            follow(run_dirs, target, every_s=every, log=lambda line: console.print(line, markup=False, soft_wrap=True))
        else:
            write_report(run_dirs, target)
    Console(highlight=False).print(str(target), markup=False, soft_wrap=True)


def _default(run_dirs: list[Path]) -> Path:
    first, *others = run_dirs
    if not others:
        return first / "report.html"
    return first.resolve().parent / f"{first.resolve().name}-vs-{others[0].resolve().name}.html"
