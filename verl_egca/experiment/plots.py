"""The map and the training runs as SVG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from verl_egca.experiment.domain import LENGTHS, LEVELS
from verl_egca.experiment.results import MapRow, Runs
from verl_egca.experiment.statistics import Estimate, estimate

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "svg.hashsalt": "egca",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
# Okabe and Ito's colours, told apart with any colour vision; markers tell them apart as well.
_COLOURS = {
    "grpo": "#000000",
    "correct_only": "#7a5195",
    "w_reinforce": "#f0b08a",
    "entropy": "#e69f00",
    "executed": "#56b4e9",
    "random": "#999999",
    "paper": "#cc79a7",
    "egca": "#d55e00",
}
_OTHERS = ("#009e73", "#0072b2", "#8c564b", "#bcbd22", "#17becf")
_MARKERS = "osD^vP*Xh<>"


def map_of(found: Mapping[tuple[str, str], MapRow], rules: Sequence[str], bases: Sequence[str], out: Path) -> None:
    """A row a base, a column a level: each rule's projected gain over the base by the number of functions."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(9.5, 3.1 * len(bases)), layout="constrained")
        panels = figure.subplots(len(bases), len(LEVELS), sharex=True, sharey="row", squeeze=False)
        handles: dict[str, Any] = {}
        for across, base in zip(panels, bases, strict=True):
            for axes, level in zip(across, LEVELS, strict=True):
                axes.axhline(0, color="#000000", linewidth=0.8)
                for place, rule in enumerate(rule for rule in rules if rule != base):
                    points = [
                        (number + 0.04 * (place - len(rules) / 2), found[f"{length}{level}", rule].over(base))
                        for number, length in enumerate(LENGTHS)
                        if (f"{length}{level}", rule) in found
                    ]
                    if points:
                        handles[rule] = _line(axes, points, rule)
                axes.set_title(f"level {level}, against {base}", loc="left", fontsize=9)
                axes.set_xticks(range(len(LENGTHS)), [str(length) for length in LENGTHS])
                axes.grid(axis="y", linewidth=0.4)
            across[0].set_ylabel("projected gain, points")
        for axes in panels[-1]:
            axes.set_xlabel("functions of a program")
        figure.legend(handles.values(), handles.keys(), frameon=False, loc="outside right center")
        _save(figure, out)


def curves(runs: Runs, cells: Sequence[str], key: str, title: str, out: Path) -> None:
    """A panel a cell, a line a rule: the mean of ``key`` over seeds by step, with its 95 % interval."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(max(5.0, 2.9 * len(cells)), 3.2), layout="constrained")
        panels = figure.subplots(1, len(cells), squeeze=False)[0]
        handles: dict[str, Any] = {}
        for axes, cell in zip(panels, cells, strict=True):
            for rule in runs.rules(cell):
                curve = _curve(runs, cell, rule, key)
                colour = _colour(rule)
                (handles[rule],) = axes.plot(list(curve), [100 * e.mean for e in curve.values()], color=colour)
                low, high = ([100 * getattr(e, end) for e in curve.values()] for end in ("low", "high"))
                axes.fill_between(list(curve), low, high, color=colour, alpha=0.1, linewidth=0)
            axes.set_title(f"{title}, cell {cell}", loc="left", fontsize=9)
            axes.set_xlabel("step")
            axes.grid(axis="y", linewidth=0.4)
        panels[0].set_ylabel("%")
        figure.legend(handles.values(), handles.keys(), frameon=False, loc="outside right center")
        _save(figure, out)


def _line(axes: Any, points: Sequence[tuple[float, Estimate]], rule: str) -> Any:
    means = [100 * gain.mean for _, gain in points]
    errors = [100 * (gain.high - gain.mean) for _, gain in points]
    marker = _MARKERS[_rank(rule) % len(_MARKERS)]
    style = {"color": _colour(rule), "linewidth": 1.3, "markersize": 4, "elinewidth": 0.8}
    return axes.errorbar([x for x, _ in points], means, yerr=errors, marker=marker, **style)


def _curve(runs: Runs, cell: str, rule: str, key: str) -> Mapping[int, Estimate]:
    values: dict[int, list[float]] = {}
    for seed in runs.seeds(cell, rule):
        for row in runs.rows[cell, rule, seed]:
            if key in row:
                values.setdefault(int(row["step"]), []).append(row[key])
    return {step: estimate(found) for step, found in sorted(values.items())}


def _rank(rule: str) -> int:
    from verl_egca.experiment.rules import RULES

    return list(RULES).index(rule)


def _colour(rule: str) -> str:
    return _COLOURS.get(rule, _OTHERS[_rank(rule) % len(_OTHERS)])


def _save(figure: Figure, out: Path) -> None:
    figure.savefig(out, format="svg", facecolor="white", metadata={"Date": None})
