"""The evidence as a page: tables in Markdown, curves as SVG, and the rows that both are made of as CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from verl_egca.experiment.evaluation import SAMPLES
from verl_egca.experiment.gradient_signal import Signal
from verl_egca.experiment.methods import METHODS
from verl_egca.experiment.plots import curves, signal_bars
from verl_egca.experiment.recipe import Recipe
from verl_egca.experiment.results import LEVELS, Results, read_results, write_table
from verl_egca.experiment.statistics import Difference, Estimate, estimate
from verl_egca.starter.problems import starter_problems

BASELINE = "grpo"
ABOUT = "The starter policy (1.3 M parameters, shipped)"
CHOSEN_BY = "train_sampled"  # what learning rates are chosen by: never by the held-out families
_CURVES = {
    "reward": "reward of a step's samples, drawn before it",
    "train_sampled": "pass@1 at temperature 1, problems trained on",
    "test_sampled": "pass@1 at temperature 1, held-out families",
}


def write_page(folder: Path, out: Path, recipe: Recipe, about: str = ABOUT) -> Path:
    """``README.md``, which begins with what ``about`` says of the policy, ``runs.csv``, ``signal.csv`` and the plots in ``out``, of the runs in ``folder``.

    Raises:
        ValueError: there are no runs of the baseline, or a file holds none.
    """
    files = sorted(folder.glob("*-lr*-seed*.csv"))
    if BASELINE not in read_results(files).methods:
        raise ValueError(f"{folder}: there is no run of {BASELINE}; 'egca experiment run --out {folder}' makes them")
    out.mkdir(parents=True, exist_ok=True)
    write_table(files, out / "runs.csv")
    results = read_results([out / "runs.csv"])  # the page says what the table beside it says
    rate = results.best_rate(BASELINE, CHOSEN_BY)
    shown = [name for name in METHODS if rate in results.rates(name)]
    main = [name for name in shown if METHODS[name].main]
    for key, title in _CURVES.items():
        curves({name: results.curve(name, rate, key) for name in main}, title, "%", out / f"{key}.svg")
    gains = {name: results.gain(name, BASELINE, rate, "reward") for name in main}
    curves(gains, f"reward against {BASELINE}'s, mean of the steps so far, paired by seed", "points", out / "gain.svg")
    signal = _read_signal(folder / "signal.csv")
    if signal:
        _copy(folder / "signal.csv", out / "signal.csv")
        signal_bars(signal, out / "signal.svg")
    environment = Environment(
        loader=PackageLoader("verl_egca.experiment", ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("page.md.jinja").render(
        about=about,
        recipe=recipe,
        problems=len(starter_problems("train")),
        samples=SAMPLES,
        rate=rate,
        grid=[(r, _shares(results.final(BASELINE, r, CHOSEN_BY))) for r in results.rates(BASELINE)],
        methods=[_method(results, name, rate) for name in shown],
        levels=LEVELS,
        tuned=[_tuned(results, name) for name in main if len(results.rates(name)) > 1],
        signal=signal,
        seeds={name: len(results.seeds(name, rate)) for name in shown},
    )
    page = out / "README.md"
    page.write_text(text)
    return page


def _method(results: Results, name: str, rate: float) -> dict[str, object]:
    """Cells of the tables, by column."""

    def paired(of: Callable[..., list[float]], key: str) -> str:
        if name == BASELINE:
            return ""
        return _difference(results.against(name, BASELINE, rate, of, key))

    def averaged(key: str, form: Callable[[Estimate], str]) -> str:
        values = results.mean(name, rate, key)
        return form(estimate(values)) if values else "-"

    return {
        "name": name,
        "says": METHODS[name].says,
        "train_sampled": _shares(results.final(name, rate, "train_sampled")),
        "train_greedy": _shares(results.final(name, rate, "train_greedy")),
        "test_sampled": _shares(results.final(name, rate, "test_sampled")),
        "test_greedy": _shares(results.final(name, rate, "test_greedy")),
        "reward": _shares(results.mean(name, rate, "reward")),
        "area": _shares(results.area(name, rate, "train_sampled")),
        "reward_gain": paired(results.mean, "reward"),
        "late_gain": paired(results.late_mean, "reward"),
        "final_gain": paired(results.final, "train_sampled"),
        "area_gain": paired(results.area, "train_sampled"),
        "test_gain": paired(results.final, "test_sampled"),
        "steps_to": [_steps(results.steps_to(name, rate, "train_sampled", level)) for level in LEVELS],
        "kl": _number(estimate(results.final(name, rate, "kl"))),
        "entropy": _number(estimate(results.final(name, rate, "entropy"))),
        "grad_norm": averaged("grad_norm", _number),
        "tokens": averaged("tokens", lambda e: f"{e.mean:.1f}"),
        "span_tokens": averaged("span_tokens", lambda e: f"{e.mean:.1f}"),
        "localized": averaged("localized", lambda e: f"{100 * e.mean:.0f} %"),
        "proven": averaged("proven", lambda e: f"{100 * e.mean:.0f} %"),
    }


def _tuned(results: Results, name: str) -> dict[str, object]:
    rate = results.best_rate(name, CHOSEN_BY)
    return {
        "name": name,
        "rate": f"{rate:g}",
        "train_sampled": _shares(results.final(name, rate, "train_sampled")),
        "reward": _shares(results.mean(name, rate, "reward")),
        "area": _shares(results.area(name, rate, "train_sampled")),
        "test_sampled": _shares(results.final(name, rate, "test_sampled")),
        "kl": _number(estimate(results.final(name, rate, "kl"))),
        "seeds": len(results.seeds(name, rate)),
        "edge": rate in (results.rates(name)[0], results.rates(name)[-1]),
    }


def _shares(values: Sequence[float]) -> str:
    found = estimate(values)
    return f"{100 * found.mean:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})"


def _difference(found: Difference) -> str:
    e = found.estimate
    return f"{100 * e.mean:+.1f} ({100 * e.low:+.1f} to {100 * e.high:+.1f}), p {found.p:.3g}"


def _number(found: Estimate) -> str:
    return f"{found.mean:.3g}"


def _steps(steps: Sequence[float | None]) -> str:
    """Mean of those that get there; how many do, if not all."""
    there = [step for step in steps if step is not None]
    if not there:
        return "never"
    mean = f"{sum(there) / len(there):.0f}"
    return mean if len(there) == len(steps) else f"{mean} ({len(there)} of {len(steps)})"


# ---------------------------------------------------------------- signal


def write_signal(rows: Sequence[Signal], file: Path) -> None:
    with file.open("w", newline="") as target:
        writer = csv.DictWriter(target, fieldnames=[field.name for field in fields(Signal)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def _read_signal(file: Path) -> list[Signal]:
    if not file.exists():
        return []
    with file.open(newline="") as lines:
        return [
            Signal(row.pop("method"), int(row.pop("batches")), **{name: float(value) for name, value in row.items()})
            for row in csv.DictReader(lines)
        ]


def _copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())
