#!/usr/bin/env python
"""The CPU recipe with its default, the paper's rule and its former settings: KL, SYNTAX and reward by step.

    .venv/bin/python scripts/compare_default.py [--seeds 3] [--rules default,former,paper] [--out recipes/evidence]

Trains missing runs one by one (runs/compare-RULE-SEED; an interrupted one resumes from its checkpoint), and writes
default.svg and default.csv, a row per step. `former`: the recipe's former settings, the whole advantage on the blamed
tokens, summed over tokens, with three times the learning rate.

verl's actor/kl_loss is, like the loss, a mean or a sum over a response's tokens. Both are given here for each rule, by
the step's mean length. SYNTAX is the share of a step's samples that do not compile or that raise; since prompts differ
between steps, it varies by two or three of 128 samples even without a change of the policy.
"""

from __future__ import annotations

import csv
import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import matplotlib
import typer
import yaml
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
STEPS, LAST = 20, 5
ACTOR = "actor_rollout_ref.actor"
RULES = {
    "default": [],
    "former": [
        *("egca.span_weight=full", "egca.normalisation=sum", f"{ACTOR}.loss_agg_mode=seq-mean-token-sum"),
        *(f"{ACTOR}.optim.lr=3e-4", f"{ACTOR}.kl_loss_coef=0.01"),
    ],
    "paper": ["METHOD=paper"],
}
COLOURS = {"default": "#d55e00", "former": "#0072b2", "paper": "#009e73"}  # Okabe and Ito's
STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "egca", "font.size": 9}


@dataclass(frozen=True)
class Row:
    """One step. ``kl_token`` and ``kl_response`` are in nats, against the first policy; ``reward`` and ``syntax`` are shares."""

    rule: str
    seed: int
    step: int
    reward: float
    syntax: float
    kl_token: float
    kl_response: float
    tokens: float


def main(
    seeds: Annotated[int, typer.Option(help="seeds of each rule", min=1)] = 3,
    rules: Annotated[str, typer.Option(help=f"of {', '.join(RULES)}; separated by commas")] = "default,former",
    out: Annotated[Path, typer.Option(help="folder of default.svg and default.csv")] = ROOT / "recipes/evidence",
) -> None:
    """Train, draw, and print a table."""
    unknown = [name for name in rules.split(",") if name not in RULES]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: choose of {', '.join(RULES)}")
    rows: list[Row] = []
    for rule in rules.split(","):
        for seed in range(seeds):
            rows += run(rule, seed)
    with (out / "default.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(Row.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(r).items()} for r in rows)
    draw(rows, out / "default.svg")
    Console(highlight=False, width=140).print(table(rows))


def run(rule: str, seed: int) -> list[Row]:
    """The rows of one run; trains it first if it is incomplete."""
    folder = ROOT / "runs" / f"compare-{rule}-{seed}"
    if len(read(folder, rule, seed)) < STEPS:
        recipe = ["bash", "recipes/run_egca_cpu.sh", f"SEED={seed}", f"RUN={folder.name}", *RULES[rule]]
        subprocess.run([*recipe, f"trainer.total_training_steps={STEPS}"], cwd=ROOT, check=True)
    return read(folder, rule, seed)


def read(folder: Path, rule: str, seed: int) -> list[Row]:
    """A run's rows by step, from its metrics; empty if it has not begun."""
    if not (folder / "metrics.jsonl").exists():
        return []
    actor = yaml.safe_load((folder / "config.yaml").read_text())["actor_rollout_ref"]["actor"]
    summed = actor["loss_agg_mode"] == "seq-mean-token-sum"
    rows = []
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        found = json.loads(line)
        tokens, kl = found["response_length/mean"], found["actor/kl_loss"]
        rows.append(
            Row(
                rule,
                seed,
                found["step"],
                found["critic/score/mean"],
                found["egca/mode/syntax"],
                kl_token=kl / tokens if summed else kl,
                kl_response=kl if summed else kl * tokens,
                tokens=tokens,
            )
        )
    return rows


def draw(rows: list[Row], out: Path) -> None:
    """Three panels over the steps: a thin line per seed, a thick one for the mean."""
    with matplotlib.rc_context(STYLE | {"axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 3.2), layout="constrained")
        panels = (
            ("kl_response", "KL of a response, nats"),
            ("syntax", "SYNTAX, % of samples"),
            ("reward", "reward, %"),
        )
        for axes, (key, title) in zip(figure.subplots(1, len(panels)), panels, strict=True):
            for rule in dict.fromkeys(row.rule for row in rows):
                runs = [one for seed in sorted({r.seed for r in rows}) if (one := of(rows, rule, seed, key))]
                scale = 1 if key == "kl_response" else 100
                for values in runs:
                    axes.plot(
                        range(1, len(values) + 1), [scale * v for v in values], color=COLOURS[rule], alpha=0.35, lw=0.8
                    )
                means = [scale * fmean(step) for step in zip(*runs, strict=False)]
                axes.plot(range(1, len(means) + 1), means, color=COLOURS[rule], lw=2, label=rule)
            axes.set_title(title, loc="left")
            axes.set_xlabel("step")
            axes.set_ylim(bottom=0)
            axes.grid(axis="y", lw=0.4)
        axes.legend(frameon=False, loc="lower right")
        figure.savefig(out, format="svg", facecolor="white", metadata={"Date": None})


def table(rows: list[Row]) -> Table:
    """One line per run."""
    shown = Table(
        "run", "SYNTAX: first", f"last {LAST}", "highest", "KL: token", "response", "reward: first", f"last {LAST}"
    )
    for rule, seed in dict.fromkeys((row.rule, row.seed) for row in rows):
        syntax, reward, kl_token, kl_response = (
            of(rows, rule, seed, key) for key in ("syntax", "reward", "kl_token", "kl_response")
        )
        shown.add_row(
            f"{rule}, seed {seed}", f"{syntax[0]:.1%}", f"{fmean(syntax[-LAST:]):.1%}", f"{max(syntax):.1%}",
            f"{max(kl_token):.4f}", f"{max(kl_response):.3f}", f"{reward[0]:.1%}", f"{fmean(reward[-LAST:]):.1%}",
        )  # fmt: skip
    return shown


def of(rows: list[Row], rule: str, seed: int, key: str) -> list[float]:
    """One column of one run, by step."""
    return [getattr(row, key) for row in rows if (row.rule, row.seed) == (rule, seed)]


if __name__ == "__main__":
    typer.run(main)
