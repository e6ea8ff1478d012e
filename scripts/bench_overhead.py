#!/usr/bin/env python
"""EGCA's overhead: paired training steps of the CPU recipe with EGCA and with plain GRPO.

    .venv/bin/python scripts/bench_overhead.py [--steps 8] [--rounds 2] [--rollout-seconds 30] [--temperature 0.8]

Both runs have one seed and one recipe but for three settings: GRPO's has verl's own trainer and estimator, and its
reward manager runs the tests without localizing.

Pairs: the learning rate is 0, so that both runs have the same prompts, samples and failures at each step, although
every computation of a step is done: log-probs, gradient, optimizer, weights to the rollout. Pairs are checked by each
step's tokens and reward. The runs' order alternates between rounds. A run's first step, which fills caches, does not
count.

Rollouts are delayed to ``ROLLOUT_SECONDS`` (the longest response; others in proportion to their tokens), so that
rewards overlap with running rollouts, as they do with a real server.

Compared: the run's own ``egca/overhead_share`` and the measured difference of paired steps, as a mean
with a 95 % bootstrap interval. The metric counts the time that a step waits for any reward, tests included.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
console = Console(highlight=False, width=140)

Row = dict[str, Any]
GRPO = ["trainer.v1.trainer_mode=sync", "algorithm.adv_estimator=grpo", "egca.localizer=uniform"]
SAME = [
    *("actor_rollout_ref.actor.optim.lr=0", "egca.deterministic=False"),  # see above; deterministic costs time
    *("trainer.save_freq=-1", "trainer.resume_mode=disable"),
]
PAIRED_BY = ("critic/score/mean", "response_length/mean", "prompt_length/mean")


@dataclass(frozen=True)
class Pair:
    """A step of each run, in seconds."""

    egca_s: float
    grpo_s: float
    metric_share: float
    logic: float

    @property
    def added(self) -> float:
        """The added time as a share of GRPO's step."""
        return (self.egca_s - self.grpo_s) / self.grpo_s


def main(
    steps: Annotated[int, typer.Option(help="steps of each run", min=2)] = 8,
    rounds: Annotated[int, typer.Option(help="rounds of both runs", min=1)] = 2,
    rollout_seconds: Annotated[float, typer.Option(help="duration of the longest rollout")] = 30.0,
    temperature: Annotated[float, typer.Option(help="the rollout's temperature; lower: fewer failures")] = 0.8,
    keep: Annotated[bool, typer.Option("--keep", help="leave the run directories")] = False,
) -> None:
    pairs: list[Pair] = []
    same = [*SAME, f"trainer.total_training_steps={steps}", f"ROLLOUT_SECONDS={rollout_seconds}"]
    same += [f"actor_rollout_ref.rollout.temperature={temperature}"]
    for number in range(rounds):
        rows: dict[str, list[Row]] = {}
        for name, own in (("egca", []), ("grpo", GRPO))[:: 1 if number % 2 == 0 else -1]:
            overrides = [f"egca.timeline=[{steps}]"] if name == "egca" else []
            rows[name] = run(f"overhead-{name}-{number}", [*same, *own, *overrides], keep)
        pairs += paired(rows["egca"][1:], rows["grpo"][1:])
    report(pairs)


def run(name: str, overrides: Sequence[str], keep: bool) -> list[Row]:
    """The rows of ``metrics.jsonl`` of a fresh run of the recipe."""
    directory = ROOT / "runs" / name
    shutil.rmtree(directory, ignore_errors=True)
    command = ["bash", "recipes/run_egca_cpu.sh", f"RUN={name}", *overrides]
    console.print(f"[dim]{' '.join(command)}[/]", soft_wrap=True)
    # Ray's default, the lowest priority, would measure a shared machine's other load
    env = os.environ | {"RAY_worker_niceness": "0"}
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stdout[-3000:]}\nthe run failed; its logs are in {directory / 'logs'}")
    rows = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    if not keep:
        shutil.rmtree(directory)
    return rows


def paired(egca: Sequence[Row], grpo: Sequence[Row]) -> list[Pair]:
    """Raises ValueError if two steps have different samples."""
    found = []
    for ours, theirs in zip(egca, grpo, strict=True):
        for key in ("step", *PAIRED_BY):
            if ours[key] != theirs[key]:
                raise ValueError(
                    f"step {ours['step']} is no pair: {key} is {ours[key]} with EGCA, {theirs[key]} without"
                )
        found.append(
            Pair(ours["timing_s/step"], theirs["timing_s/step"], ours["egca/overhead_share"], ours["egca/mode/logic"])
        )
    return found


def report(pairs: Sequence[Pair]) -> None:
    table = Table("", "mean", "95 % interval", title=f"{len(pairs)} paired steps")
    shown: list[tuple[str, Callable[[Pair], float], str]] = [
        ("a step of GRPO, s", lambda pair: pair.grpo_s, ".2f"),
        ("a step with EGCA, s", lambda pair: pair.egca_s, ".2f"),
        ("LOGIC", lambda pair: pair.logic, ".1%"),
        ("added to GRPO's step, measured", lambda pair: pair.added, ".2%"),
        ("egca/overhead_share, as reported", lambda pair: pair.metric_share, ".2%"),
    ]
    for name, value, form in shown:
        values = [value(pair) for pair in pairs]
        low, high = bootstrap(values)
        table.add_row(name, format(statistics.mean(values), form), f"{low:{form}} to {high:{form}}")
    console.print(table)
    median = statistics.median(pair.added for pair in pairs)
    console.print(f"median of the measured shares: {median:.2%}", soft_wrap=True)


def bootstrap(values: Sequence[float], draws: int = 10_000, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of the mean, by resampling the pairs."""
    random_ = random.Random(seed)
    means = sorted(statistics.fmean(random_.choices(values, k=len(values))) for _ in range(draws))
    return means[int(0.025 * draws)], means[int(0.975 * draws)]


if __name__ == "__main__":
    typer.run(main)
