"""The map and the training runs as SVG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from experiment.results import MapRow, Runs, share
from experiment.rules import REMOVED, RULES
from experiment.statistics import Estimate, estimate

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "svg.hashsalt": "egca",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
# Okabe and Ito's colours, distinguishable with any colour vision.
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
_STRONG = 50  # percent at full colour


def map_of(found: Mapping[tuple[str, str], MapRow], rules: Sequence[str], bases: Sequence[str], out: Path) -> None:
    """A panel per base: each rule's projected gain over it, in percent, by cell; bold if the interval excludes 0."""
    cells = list(dict.fromkeys(cell for cell, _ in found))
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(1.6 + 0.48 * len(cells) * len(bases), 1.1 + 0.26 * len(rules)), layout="constrained")
        for axes, base in zip(figure.subplots(1, len(bases), sharey=True, squeeze=False)[0], bases, strict=True):
            shares = np.full((len(rules), len(cells)), np.nan)
            for (row, rule), (column, cell) in product(enumerate(rules), enumerate(cells)):
                one = share(found, cell, rule, base) if rule != base and (cell, rule) in found else None
                if one is not None:
                    shares[row, column] = 100 * one.mean
                    _number(axes, column, row, one)
            axes.imshow(shares, cmap="RdBu", vmin=-_STRONG, vmax=_STRONG, aspect="auto")
            axes.set_xticks(range(len(cells)), cells)
            axes.set_yticks(range(len(rules)), rules)
            axes.tick_params(length=0)
            axes.set_title(f"gain over {base}'s, %", loc="left", fontsize=9)
            axes.set_xlabel("functions of a program, and level")
        _save(figure, out)


def _number(axes: Any, column: int, row: int, one: Estimate) -> None:
    weight = "bold" if one.low > 0 or one.high < 0 else "normal"
    colour = "white" if abs(100 * one.mean) > 0.7 * _STRONG else "black"
    text = {"ha": "center", "va": "center", "fontsize": 7, "fontweight": weight, "color": colour}
    axes.text(column, row, f"{100 * one.mean:+.0f}", **text)


def curves(runs: Runs, cells: Sequence[str], key: str, title: str, out: Path) -> None:
    """A panel per cell, a line per rule: the mean of ``key`` over seeds by step, with its 95 % interval."""
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


def _curve(runs: Runs, cell: str, rule: str, key: str) -> Mapping[int, Estimate]:
    values: dict[int, list[float]] = {}
    for seed in runs.seeds(cell, rule):
        for row in runs.rows[cell, rule, seed]:
            if key in row:
                values.setdefault(int(row["step"]), []).append(row[key])
    return {step: estimate(found) for step, found in sorted(values.items())}


def _colour(rule: str) -> str:
    return _COLOURS.get(rule, _OTHERS[[*RULES, *REMOVED].index(rule) % len(_OTHERS)])


def _save(figure: Figure, out: Path) -> None:
    figure.savefig(out, format="svg", facecolor="white", metadata={"Date": None})
