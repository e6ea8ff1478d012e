"""The page's plots, as SVG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from verl_egca.experiment.gradient_signal import Signal
from verl_egca.experiment.results import Results

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "svg.hashsalt": "egca",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
# Okabe and Ito's colours, told apart with any colour vision; dashes tell the controls apart as well.
_COLOURS = {
    "grpo": "#000000",
    "correct_only": "#7a5195",
    "egca_moved": "#f0b08a",
    "executed": "#56b4e9",
    "random": "#999999",
    "late": "#e69f00",
    "trace": "#cc79a7",
    "counterfactual": "#009e73",
    "egca": "#d55e00",
}
_DASHED = ("random", "late", "correct_only")


def curves(results: Results, methods: Sequence[str], rate: float, key: str, title: str, out: Path) -> None:
    """Mean over seeds by step; the band is the 95 % bootstrap interval."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(7.5, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for method in methods:
            curve = results.curve(method, rate, key)
            steps = list(curve)
            colour = _COLOURS.get(method, "#0072b2")
            line = "--" if method in _DASHED else "-"
            axes.plot(steps, [100 * e.mean for e in curve.values()], line, color=colour, label=method, linewidth=1.8)
            low, high = ([100 * getattr(e, end) for e in curve.values()] for end in ("low", "high"))
            axes.fill_between(steps, low, high, color=colour, alpha=0.12, linewidth=0)
        axes.set_title(title, loc="left")
        axes.set_xlabel("step")
        axes.set_ylabel("%")
        axes.grid(axis="y", linewidth=0.4)
        axes.legend(frameon=False, ncols=2)
        _save(figure, out)


def signal_bars(rows: Sequence[Signal], out: Path) -> None:
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(7.5, 0.6 + 0.3 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        names = [row.method for row in rows][::-1]
        axes.barh(names, [row.ratio for row in rows][::-1], color=[_COLOURS.get(name, "#0072b2") for name in names])
        axes.set_title("signal over noise of one batch's gradient", loc="left")
        axes.set_xscale("log")
        axes.grid(axis="x", linewidth=0.4)
        axes.set_axisbelow(True)
        _save(figure, out)


def _save(figure: Figure, out: Path) -> None:
    figure.savefig(out, format="svg", facecolor="white", metadata={"Date": None})
