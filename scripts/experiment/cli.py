"""``python scripts/experiment``: the policy, the map of rules over cells, training runs, and their page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:
    from experiment.pieces import Piece

app = typer.Typer(
    help="Compare rules of credit on programs with known mistakes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_console = Console(highlight=False, soft_wrap=True)

Out = Annotated[Path, typer.Option(help="folder of policy, measurements and runs; existing ones are kept")]
Cells = Annotated[str, typer.Option(help="separated by commas: functions and level, such as 4b; hard; foreign")]
Rules = Annotated[str, typer.Option(help="separated by commas")]
Workers = Annotated[int, typer.Option(help="processes at once", min=1)]


@app.command()
def policy(
    out: Out,
    steps: Annotated[int, typer.Option(help="steps of pretraining", min=1)] = 6000,
    more: Annotated[int, typer.Option(help="steps of a second round", min=1)] = 8500,
    seed: int = 0,
) -> None:
    """Pretrain the policy of all cells, if it is missing: an hour and a half on one core."""
    import torch

    from experiment.domain import train_policy

    folder = out / "policy"
    if (folder / "config.json").exists():
        _console.print(f"{folder}: is there", markup=False)
        return
    torch.set_num_threads(1)
    started = time.monotonic()

    def told(step: int, loss: float) -> None:
        if step % 100 == 0:
            _console.print(f"{step}  loss {loss:.3f}  ({(time.monotonic() - started) / 60:.1f} min)", markup=False)

    train_policy(folder, seed=seed, steps=(steps, more), on_step=told)


@app.command(name="map")
def map_(out: Out, cells: Cells, rules: Rules, workers: Workers = 2) -> None:
    """Measure each rule's gradient signal and projected gain in these cells, without training."""
    from experiment.domain import CELLS
    from experiment.runs import Measurement

    names = tuple(_chosen(rules, _rules(), "--rules"))
    _make([Measurement(CELLS[cell], names) for cell in _chosen(cells, list(CELLS), "--cells")], out, workers)


@app.command()
def run(
    out: Out,
    cells: Cells,
    rules: Rules,
    seeds: Annotated[int, typer.Option(help="seeds of each rule", min=1)] = 5,
    workers: Workers = 2,
) -> None:
    """Train with each rule in each cell, seed by seed."""
    from experiment.domain import CELLS
    from experiment.runs import START, Run

    chosen = [CELLS[cell] for cell in _chosen(cells, list(CELLS), "--cells")]
    names = _chosen(rules, _rules(), "--rules")
    pieces = [Run(cell, START, 0) for cell in chosen]
    pieces += [Run(cell, rule, seed) for seed in range(seeds) for cell in chosen for rule in names]
    _make(pieces, out, workers)


@app.command()
def page(out: Out, to: Annotated[Path, typer.Option(help="folder for README.md, the tables and the pictures")]) -> None:
    """Write tables, pictures and page of all measurements and runs."""
    from experiment.page import collect, write_page

    try:
        collect(out, to)
        written = write_page(to)
    except ValueError as error:
        _refuse(str(error))
    _console.print(f"{written}", markup=False)


def _make(pieces: Sequence[Piece], out: Path, workers: int) -> None:
    from experiment.pieces import make

    if not (out / "policy" / "config.json").exists():
        _refuse(f"{out}: there is no policy; 'python scripts/experiment policy --out {out}' makes it")
    started = time.monotonic()

    def told(file: Path, done: int, count: int) -> None:
        _console.print(f"{done}/{count}  {file.name}  ({(time.monotonic() - started) / 60:.1f} min)", markup=False)

    make(pieces, out, workers, told)


def _rules() -> list[str]:
    from experiment.rules import RULES

    return list(RULES)


def _chosen(text: str, known: Sequence[str], option: str) -> list[str]:
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in known:
            _refuse(f"{option}: {name!r} is none of {', '.join(known)}")
    return names


def _refuse(message: str) -> NoReturn:
    _console.print(message, markup=False)
    raise typer.Exit(2)
