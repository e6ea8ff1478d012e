"""``egca experiment``: runs of all methods over seeds, and the page that compares them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:
    from verl_egca.experiment.recipe import Recipe
    from verl_egca.experiment.runs import Run

app = typer.Typer(help="Compare who gets the credit, over seeds, with the starter policy.", no_args_is_help=True)
_console = Console(highlight=False, soft_wrap=True)

Out = Annotated[Path, typer.Option(help="folder of the runs; what is there is not run again")]
Steps = Annotated[int, typer.Option(help="of a run", min=1)]
Prompts = Annotated[int, typer.Option(help="of a step, each with 8 responses", min=1)]
Workers = Annotated[int, typer.Option(help="runs at once", min=1)]
Policy = Annotated[Path | None, typer.Option(help="folder of the first policy (default: the starter's)")]
Methods = Annotated[str | None, typer.Option(help="separated by commas (default: all)")]
Seeds = Annotated[int, typer.Option(help="of a main method", min=1)]
FewerSeeds = Annotated[int, typer.Option(help="of the others, and of each learning rate that is tried", min=1)]

STEPS, PROMPTS, SEEDS, FEWER = 16, 16, 5, 3
GRID = (1e-4, 3e-4, 1e-3)


@app.command()
def tune(
    out: Out,
    methods: Annotated[str, typer.Option(help="separated by commas")] = "grpo",
    grid: Annotated[str, typer.Option(help="learning rates, separated by commas")] = ",".join(f"{r:g}" for r in GRID),
    policy: Policy = None,
    prompts: Prompts = PROMPTS,
    steps: Steps = STEPS,
    seeds: FewerSeeds = FEWER,
    workers: Workers = 2,
) -> None:
    """Train with each learning rate of a grid."""
    from verl_egca.experiment.recipe import Recipe
    from verl_egca.experiment.runs import Run

    rates = [_rate(text) for text in grid.split(",")]
    _run(
        [Run(name, rate, seed) for name in _chosen(methods) for rate in rates for seed in range(seeds)],
        Recipe(policy=str(policy or ""), prompts=prompts, steps=steps),
        out,
        workers,
    )


@app.command()
def run(
    out: Out,
    methods: Methods = None,
    lr: Annotated[float | None, typer.Option(help="of all of them (default: the best of grpo's runs in OUT)")] = None,
    policy: Policy = None,
    prompts: Prompts = PROMPTS,
    steps: Steps = STEPS,
    seeds: Seeds = SEEDS,
    fewer_seeds: FewerSeeds = FEWER,
    workers: Workers = 2,
) -> None:
    """Train with each method, all with one learning rate."""
    from verl_egca.experiment.methods import METHODS
    from verl_egca.experiment.recipe import Recipe
    from verl_egca.experiment.runs import Run

    rate = lr if lr is not None else _tuned(out)
    recipe = Recipe(policy=str(policy or ""), prompts=prompts, steps=steps)
    count = {name: seeds if METHODS[name].main else fewer_seeds for name in _chosen(methods)}
    _run([Run(name, rate, seed) for name, many in count.items() for seed in range(many)], recipe, out, workers)


@app.command()
def signal(
    out: Out,
    methods: Methods = None,
    batches: Annotated[int, typer.Option(help="that are sampled of the same prompts", min=2)] = 16,
) -> None:
    """Measure how much of a batch's gradient is signal, for each method, at the first policy."""
    from verl_egca.experiment.page import BASELINE, write_signal
    from verl_egca.experiment.runs import measure_signal

    recipe = _recipe(out)
    names = [BASELINE, *(name for name in _chosen(methods) if name != BASELINE)]
    write_signal(measure_signal(names, batches, recipe, out), out / "signal.csv")
    _console.print(f"{out / 'signal.csv'}: {len(names)} methods", markup=False)


@app.command()
def page(
    out: Out,
    to: Annotated[Path, typer.Option(help="folder for README.md, the tables and the plots")],
    about: Annotated[str | None, typer.Option(help="what the page calls the policy (default: the starter's)")] = None,
) -> None:
    """Write tables, plots and page of the runs that are there."""
    from verl_egca.experiment.page import ABOUT, write_page

    try:
        written = write_page(out, to, _recipe(out), about or ABOUT)
    except ValueError as error:
        _refuse(str(error))
    _console.print(f"{written}", markup=False)


def _run(runs: list[Run], recipe: Recipe, out: Path, workers: int) -> None:
    from verl_egca.experiment.runs import OtherRecipe, run_all

    started = time.monotonic()

    def told(one: Run, done: int, count: int) -> None:
        minutes = (time.monotonic() - started) / 60
        _console.print(
            f"{done}/{count}  {one.method}  lr {one.lr:g}  seed {one.seed}  ({minutes:.1f} min)", markup=False
        )

    try:
        run_all(runs, recipe, out, workers, told)
    except OtherRecipe as error:
        _refuse(str(error))


def _recipe(out: Path) -> Recipe:
    from verl_egca.experiment.page import BASELINE
    from verl_egca.experiment.runs import read_recipe

    recipe = read_recipe(out)
    if recipe is None:
        _refuse(f"{out}: there is no run of {BASELINE}; 'egca experiment run --out {out}' makes them")
    return recipe


def _tuned(out: Path) -> float:
    from verl_egca.experiment.page import BASELINE, CHOSEN_BY
    from verl_egca.experiment.results import read_results

    results = read_results(sorted(out.glob(f"{BASELINE}-lr*-seed*.csv")))
    if not results.runs:
        _refuse(
            f"{out}: there is no run of {BASELINE} to take the learning rate from; run 'egca experiment tune' first, or give --lr"
        )
    return results.best_rate(BASELINE, CHOSEN_BY)


def _chosen(methods: str | None) -> list[str]:
    from verl_egca.experiment.methods import METHODS

    names = list(METHODS) if methods is None else methods.split(",")
    for name in names:
        if name not in METHODS:
            _refuse(f"--methods: {name!r} is none of {', '.join(METHODS)}")
    return list(dict.fromkeys(names))


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < 1:
        _refuse(f"--grid: learning rates between 0 and 1 are wanted (got {text!r})")
    return rate


def _refuse(message: str) -> NoReturn:
    _console.print(message, markup=False)
    raise typer.Exit(2)
