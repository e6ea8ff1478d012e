"""The page's plots, as SVG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from verl_egca.experiment.gradient_signal import Signal
from verl_egca.experiment.statistics import Estimate

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


def curves(lines: Mapping[str, Mapping[int, Estimate]], title: str, unit: str, out: Path) -> None:
    """A line a method: mean over seeds by step; the band is the 95 % bootstrap interval. The legend is in the order of the ends."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(7.5, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for method, curve in sorted(lines.items(), key=lambda line: -list(line[1].values())[-1].mean):
            steps = list(curve)
            colour = _COLOURS.get(method, "#0072b2")
            dashes = "--" if method in _DASHED else "-"
            axes.plot(steps, [100 * e.mean for e in curve.values()], dashes, color=colour, label=method, linewidth=1.8)
            low, high = ([100 * getattr(e, end) for e in curve.values()] for end in ("low", "high"))
            axes.fill_between(steps, low, high, color=colour, alpha=0.1, linewidth=0)
        axes.set_title(title, loc="left")
        axes.set_xlabel("step")
        axes.set_ylabel(unit)
        axes.grid(axis="y", linewidth=0.4)
        figure.legend(frameon=False, loc="outside right center")
        _save(figure, out)


def signal_bars(rows: Sequence[Signal], out: Path) -> None:
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(7.5, 0.6 + 0.3 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        names = [row.method for row in rows][::-1]
        colours = [_COLOURS.get(name, "#0072b2") for name in names]
        errors = [row.ratio_error for row in rows][::-1]
        axes.barh(
            names,
            [row.ratio for row in rows][::-1],
            xerr=errors,
            color=colours,
            error_kw={"linewidth": 1.2, "ecolor": "#777777"},
        )
        axes.set_title("signal over noise of one batch's gradient, with its standard error", loc="left")
        axes.set_xscale("log")
        axes.grid(axis="x", linewidth=0.4)
        axes.set_axisbelow(True)
        _save(figure, out)


def _save(figure: Figure, out: Path) -> None:
    figure.savefig(out, format="svg", facecolor="white", metadata={"Date": None})
