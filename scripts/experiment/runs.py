"""Training runs in cells of the map, one complete CSV each."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from experiment.actor import Actor
from experiment.domain import Cell, known, tasks_of
from experiment.evaluation import evaluate
from experiment.plain import Step, Trainer
from experiment.probe import measure
from experiment.rules import RULES
from experiment.scoring import Scorer
from starter.policy import load
from verl_egca.gates.mode import Mode
from verl_egca.localization.confirmed import Confirmed

_BLAMABLE = (Mode.LOGIC, Mode.SYNTAX)
EVALUATED = 1024  # samples of the held-out tasks, after the last step


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """One training in a cell."""

    cell: Cell
    rule: str
    seed: int

    def path(self, folder: Path) -> Path:
        return folder / "runs" / f"{self.cell.name}-{self.rule}-seed{self.seed}.csv"

    def write(self, folder: Path) -> None:
        """Train, then write the CSV."""
        torch.set_num_threads(1)
        self.path(folder).parent.mkdir(parents=True, exist_ok=True)
        partial = self.path(folder).with_suffix(".partial")
        with partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(Row.__dataclass_fields__), lineterminator="\n")
            writer.writeheader()
            for row in self._rows(folder):
                writer.writerow({key: _short(value) for key, value in asdict(row).items()})
                file.flush()
        partial.rename(self.path(folder))

    def _rows(self, folder: Path) -> Iterator[Row]:
        recipe, tasks = self.cell.recipe(folder / "policy"), tasks_of(self.cell)
        if self.rule == START:
            yield self._row(0, _evaluated(Actor(recipe), self.cell))
            return
        scorer = Scorer(load(recipe.weights)[1], folder / "records.sqlite")
        trainer = Trainer(tasks.train, recipe, RULES[self.rule], scorer, self.seed)
        for _ in range(recipe.steps):
            step = trainer.step()
            last = step.number == recipe.steps
            yield self._row(step.number, _told(step) | (_evaluated(trainer.actor, self.cell) if last else {}))

    def _row(self, step: int, measured: Mapping[str, float | None]) -> Row:
        return Row(self.cell.name, self.rule, self.seed, step, **measured)


START = "start"  # instead of a rule: evaluates the first policy


@dataclass(frozen=True, slots=True)
class Row:
    """One step. The last one is evaluated: pass@1 and pass@8 on held-out tasks, greedy pass rate, and, in the hard cell,
    pass@1 on tasks that were trained on (``trained``) and of families known before (``known``).

    ``reward``, ``logic``, ``syntax`` and ``tokens`` are means over the batch's samples, ``localized`` and ``proven``
    shares of those in LOGIC or SYNTAX, ``rows`` the number of trained rows. ``kl`` (per token) and ``entropy`` are the
    update's.
    """

    cell: str
    rule: str
    seed: int
    step: int
    reward: float | None = None
    logic: float | None = None
    syntax: float | None = None
    localized: float | None = None
    proven: float | None = None
    tokens: float | None = None
    rows: float | None = None
    kl: float | None = None
    entropy: float | None = None
    grad_norm: float | None = None
    pass_1: float | None = None
    pass_8: float | None = None
    greedy: float | None = None
    trained: float | None = None
    known: float | None = None


@dataclass(frozen=True, slots=True, order=True)
class Measurement:
    """One cell's signal and projected gains, for rules on the same samples."""

    cell: Cell
    rules: tuple[str, ...]
    batches: int = 8
    tasks: int = 192

    def path(self, folder: Path) -> Path:
        return folder / "map" / f"{self.cell.name}.json"

    def write(self, folder: Path) -> None:
        torch.set_num_threads(1)
        recipe, tasks = self.cell.recipe(folder / "policy"), tasks_of(self.cell)
        scorer = Scorer(load(recipe.weights)[1], folder / "records.sqlite")
        held_out = tasks.held_out[: self.tasks]
        found = measure(recipe, scorer, tasks.train, held_out, self.rules, batches=self.batches)
        self.path(folder).parent.mkdir(parents=True, exist_ok=True)
        partial = self.path(folder).with_suffix(".partial")
        partial.write_text(
            json.dumps({"cell": self.cell.name, "recipe": recipe.model_dump(exclude={"policy"}), **found})
        )
        partial.rename(self.path(folder))


def _evaluated(actor: Actor, cell: Cell) -> dict[str, float | None]:
    tasks = tasks_of(cell)
    samples = max(8, -(-EVALUATED // len(tasks.held_out)))
    found = evaluate(actor, tasks.held_out, samples)
    told: dict[str, float | None] = {"pass_1": found.pass_1, "pass_8": found.pass_8, "greedy": found.greedy}
    if cell.hard:
        told["trained"] = evaluate(actor, tasks.train, samples=8, greedy=False).pass_1
        told["known"] = evaluate(actor, known(), samples=8, greedy=False).pass_1
    return told


def _told(step: Step) -> dict[str, float | None]:
    records = step.batch.records
    failing = [record for record in records if record.mode in _BLAMABLE]
    localized = [record for record in failing if record.spans]
    return {
        "reward": fmean(record.reward for record in records),
        "logic": fmean(record.mode is Mode.LOGIC for record in records),
        "syntax": fmean(record.mode is Mode.SYNTAX for record in records),
        "localized": len(localized) / max(1, len(failing)),
        "proven": sum(record.confirmed is Confirmed.FULL for record in localized) / max(1, len(failing)),
        "tokens": fmean(record.response_tokens for record in records),
        "rows": step.rows,
        "kl": step.update.kl,
        "entropy": step.update.entropy,
        "grad_norm": step.update.grad_norm,
    }


def _short(value: Any) -> Any:
    return f"{value:.5g}" if isinstance(value, float) else value
