"""Many runs, each a CSV of its own: what is there is not run again, and no file that is there is half a run."""

from __future__ import annotations

import csv
import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from statistics import fmean

import torch

from verl_egca.assessment import Assessor
from verl_egca.cluster.processes import end_with_parent
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.experiment.actor import Actor
from verl_egca.experiment.evaluation import Judge, pass_rates, some
from verl_egca.experiment.gradient_signal import Signal, signals
from verl_egca.experiment.methods import METHODS
from verl_egca.experiment.plain import THREADS, Scorer, Step, Trainer
from verl_egca.experiment.recipe import Recipe
from verl_egca.experiment.record_cache import RecordCache
from verl_egca.gates.mode import Mode
from verl_egca.gates.program_gate import ProgramGate
from verl_egca.sample import SampleScorer
from verl_egca.starter.policy import load
from verl_egca.starter.problems import starter_problems

_RECIPE = "recipe.json"
_BLAMABLE = (Mode.LOGIC, Mode.SYNTAX)


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """One training; the rest is the recipe's."""

    method: str
    lr: float
    seed: int

    def path(self, folder: Path) -> Path:
        return folder / f"{self.method}-lr{self.lr:g}-seed{self.seed}.csv"


@dataclass(frozen=True, slots=True)
class Row:
    """One step; row 0 is the first policy.

    ``reward``, ``logic``, ``syntax`` and ``tokens`` are means over the batch's samples, ``localized`` and ``proven`` shares of
    those in LOGIC or SYNTAX, ``span_tokens`` the mean of the localized ones. Pass rates are measured after the step, and not after each.
    """

    method: str
    lr: float
    seed: int
    step: int
    reward: float | None = None
    logic: float | None = None
    syntax: float | None = None
    localized: float | None = None
    proven: float | None = None
    tokens: float | None = None
    span_tokens: float | None = None
    kl: float | None = None
    entropy: float | None = None
    grad_norm: float | None = None
    train_greedy: float | None = None
    train_sampled: float | None = None
    test_greedy: float | None = None
    test_sampled: float | None = None


def run_all(
    runs: Sequence[Run], recipe: Recipe, folder: Path, workers: int, told: Callable[[Run, int, int], None]
) -> None:
    """Write each run's CSV to ``folder``; ``told`` hears of each that is done, of how many are, and of how many there are.

    Raises:
        OtherRecipe: the runs that are there were made with another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _keep_recipe(recipe, folder)
    left = [run for run in runs if not run.path(folder).exists()]
    done = len(runs) - len(left)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=end_with_parent) as pool:
        futures = {pool.submit(write_run, run, recipe, folder): run for run in left}
        for future in as_completed(futures):
            future.result()
            done += 1
            told(futures[future], done, len(runs))


class OtherRecipe(ValueError):
    """Runs of two recipes in one folder would be compared with each other."""


def read_recipe(folder: Path) -> Recipe | None:
    """What the runs in ``folder`` were made with, but for the learning rate, which is a run's own; None without runs."""
    file = folder / _RECIPE
    return Recipe.model_validate_json(file.read_text()) if file.exists() else None


def _keep_recipe(recipe: Recipe, folder: Path) -> None:
    wanted = recipe.model_dump(exclude={"lr"})
    there = read_recipe(folder)
    if there is None:
        (folder / _RECIPE).write_text(json.dumps(wanted, indent=1) + "\n")
    elif (has := there.model_dump(exclude={"lr"})) != wanted:
        other = ", ".join(f"{key}={has[key]} (wanted {wanted[key]})" for key in has if has[key] != wanted[key])
        raise OtherRecipe(f"{folder}: its runs were made with {other}; choose another --out")


def write_run(run: Run, recipe: Recipe, folder: Path) -> None:
    """Train, and write the CSV once it is whole."""
    torch.set_num_threads(1)
    partial = run.path(folder).with_suffix(".partial")
    with partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(Row.__dataclass_fields__))
        writer.writeheader()
        for row in _rows(run, recipe, folder):
            writer.writerow(asdict(row))
            file.flush()
    partial.rename(run.path(folder))


def measure_signal(names: Sequence[str], batches: int, recipe: Recipe, folder: Path) -> list[Signal]:
    """Of these methods, the first of which gives uniform credit, on one batch of problems and the first policy."""
    problems = starter_problems("train")
    trainers = [_trainer(Run(name, recipe.lr, 0), recipe, folder) for name in names]
    return signals(trainers, some(problems, recipe.prompts), batches)


def _rows(run: Run, recipe: Recipe, folder: Path) -> Iterator[Row]:
    yield Row(run.method, run.lr, run.seed, 0, **_first_measured(recipe))
    trainer = _trainer(run, recipe, folder)
    for _ in range(recipe.steps):
        step = trainer.step()
        measured: dict[str, float] = {}
        if step.number % recipe.seen_every == 0 or step.number == recipe.steps:
            measured |= _seen(trainer.actor)
        if step.number % recipe.held_out_every == 0 or step.number == recipe.steps:
            measured |= _held_out(trainer.actor)
        yield Row(run.method, run.lr, run.seed, step.number, **_told(step), **measured)


def _trainer(run: Run, recipe: Recipe, folder: Path) -> Trainer:
    return Trainer(
        starter_problems("train"),
        recipe.model_copy(update={"lr": run.lr}),
        METHODS[run.method],
        make_scorer(run.method, recipe.weights, folder / "records.sqlite"),
        run.seed,
    )


def _seen(actor: Actor) -> dict[str, float]:
    rates = pass_rates(actor, _judge(), some(starter_problems("train"), actor.recipe.seen))
    return {"train_greedy": rates.greedy, "train_sampled": rates.sampled}


def _held_out(actor: Actor) -> dict[str, float]:
    rates = pass_rates(actor, _judge(), some(starter_problems("test"), actor.recipe.held_out))
    return {"test_greedy": rates.greedy, "test_sampled": rates.sampled}


def _told(step: Step) -> dict[str, float | None]:
    records = step.records
    failing = [record for record in records if record.mode in _BLAMABLE]
    localized = [record for record in failing if record.spans]
    spans = [sum(end - start for start, end in record.spans) for record in localized]
    return {
        "reward": fmean(record.reward for record in records),
        "logic": fmean(record.mode is Mode.LOGIC for record in records),
        "syntax": fmean(record.mode is Mode.SYNTAX for record in records),
        "localized": len(localized) / max(1, len(failing)),
        "proven": sum(record.confirmed == "full" for record in localized) / max(1, len(failing)),
        "tokens": fmean(record.response_tokens for record in records),
        "span_tokens": fmean(spans) if spans else None,
        "kl": step.update.kl,
        "entropy": step.update.entropy,
        "grad_norm": step.update.grad_norm,
    }


# A worker process keeps its sandbox, and what it knows of programs and of the first policy, from run to run.


@lru_cache(1)
def _first_measured(recipe: Recipe) -> dict[str, float]:
    actor = Actor(recipe)
    return _seen(actor) | _held_out(actor)


@lru_cache(1)
def _sandbox() -> Sandbox:
    """Right programs take milliseconds here, and many wrong ones never end."""
    return Sandbox(Limits(cpu_seconds=2.0), workers=THREADS)


@lru_cache(1)
def _judge() -> Judge:
    return Judge(_sandbox())


@lru_cache
def make_scorer(name: str, policy: Path, known: Path) -> Scorer:
    """A localizer that draws at random draws by the sample, not by the run's seed."""
    method = METHODS[name]
    settings = method.settings(0)
    gates = ProgramGate(_sandbox(), **settings.gates.checks)
    assessor = Assessor(_sandbox(), method.make_localizer(), gates, settings.options)
    scorer, cache = SampleScorer(load(policy)[1], assessor, settings), RecordCache(known)
    return lambda problem, ids, truncated: cache.score(scorer, method, problem, ids, truncated=truncated)
