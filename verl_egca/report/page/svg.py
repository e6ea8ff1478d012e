"""A chart as inline SVG, by matplotlib. Colours are the page's CSS variables: one drawing for dark and light.

matplotlib writes colours and fonts into ``style`` attributes and a style sheet, which the page's content security
policy forbids; they become presentation attributes. The drawing holds ticks only; its description has the runs' names,
escaped.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from verl_egca.report.page.charts import Chart, Series, Unit
from verl_egca.report.page.thinning import thinned
from verl_egca.report.untrusted import safe

PALETTE = 8
_WIDTH, _HEIGHT = 3.9, 2.15  # inches of 72 units
_BARS = 60  # steps at most that a stack draws as bars
_INK, _LINE = "#ab00f0", "#ab00f1"
_COLOURS = [f"#ab00c{n}" for n in range(PALETTE)]
_VARIABLES = {_INK: "var(--ink-soft)", _LINE: "var(--line)"} | {
    colour: f"var(--c{n})" for n, colour in enumerate(_COLOURS)
}
_DASHES = ("solid", (0, (4, 2)))
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 8.5,
    "font.family": "DejaVu Sans",
    "axes.unicode_minus": True,
}


def svg(chart: Chart, *, dashed: bool = False) -> str:
    """The drawing, with a title and a description for screen readers.

    ``dashed``: the series are runs, and the second is dashed.
    """
    drawn, _ = thinned(chart)
    with matplotlib.rc_context(_STYLE | {"svg.hashsalt": chart.key}):
        figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
        axes = figure.add_subplot()
        _axes(axes, drawn)
        if drawn.kind == "stack":
            _stack(axes, drawn)
        else:
            for number, one in enumerate(drawn.series):
                _line(axes, one, _DASHES[number % 2 if dashed else 0])
        _limits(axes, drawn)
        written = io.BytesIO()
        figure.savefig(written, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator")))
    return _inline(written.getvalue(), chart)


def in_words(chart: Chart) -> str:
    """The curves in words: each one's first and last value, and its extremes."""
    form = formatter(chart.unit)
    return safe(" ".join(_words(one, form) for one in chart.series if one.points))


def formatter(unit: Unit) -> Callable[[float], str]:
    """The format of values of this unit, in drawing and table."""
    return {
        "share": lambda value: f"{value:.1%}",
        "seconds": lambda value: f"{value:.2f} s",
        "number": lambda value: f"{value:.4g}",
    }[unit]


def _words(one: Series, form: Callable[[float], str]) -> str:
    (first, start), (last, end) = one.points[0], one.points[-1]
    if len(one.points) == 1:
        return f"{one.label}: {form(start)} at step {first}."
    low, high = min(one.points, key=lambda p: p[1]), max(one.points, key=lambda p: p[1])
    return (
        f"{one.label}: {form(start)} at step {first}, {form(end)} at step {last}; "
        f"lowest {form(low[1])} at step {low[0]}, highest {form(high[1])} at step {high[0]}."
    )


# ---------------------------------------------------------------- drawing


def _axes(axes: Axes, chart: Chart) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_LINE)
    axes.grid(axis="y", color=_LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, length=0, pad=4)
    axes.set_xlabel("step", color=_INK)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    if chart.unit == "share":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    elif chart.unit == "seconds":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} s"))


def _line(axes: Axes, one: Series, dash: Any) -> None:
    steps, values = [step for step, _ in one.points], [value for _, value in one.points]
    few = len(steps) <= 24
    colour = _COLOURS[one.colour % PALETTE]
    axes.plot(steps, values, color=colour, linewidth=1.6, linestyle=dash, marker="o" if few else "", markersize=3.2)


def _stack(axes: Axes, chart: Chart) -> None:
    steps = chart.steps
    columns = [[one.at().get(step, 0.0) for step in steps] for one in chart.series]
    colours = [_COLOURS[one.colour % PALETTE] for one in chart.series]
    if len(steps) > _BARS:
        axes.stackplot(steps, *columns, colors=colours, linewidth=0)
        return
    width = 0.82 * min((after - before for before, after in pairwise(steps)), default=1)
    below = [0.0] * len(steps)
    for column, colour in zip(columns, colours, strict=True):
        axes.bar(steps, column, width, bottom=below, color=colour, linewidth=0)
        below = [under + value for under, value in zip(below, column, strict=True)]


def _limits(axes: Axes, chart: Chart) -> None:
    if chart.unit == "share" and chart.kind == "stack":
        axes.set_ylim(0, 1)
    elif chart.unit == "seconds" or chart.kind == "stack":
        axes.set_ylim(bottom=0)
    if len(chart.steps) == 1:
        axes.set_xlim(chart.steps[0] - 1, chart.steps[0] + 1)


# ---------------------------------------------------------------- from matplotlib's document to the page's


def _inline(document: bytes, chart: Chart) -> str:
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(document)
    for child in [child for child in root if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}defs")]:
        root.remove(child)  # the style sheet
    title, description = f"{chart.key}-title", f"{chart.key}-desc"
    for element in root.iter():
        _attributes(element, chart.key)
    for name in ("width", "height"):
        root.attrib.pop(name)
    root.attrib |= {"role": "img", "aria-labelledby": f"{title} {description}", "class": "plot", "focusable": "false"}
    for tag, name, text in (("desc", description, in_words(chart)), ("title", title, safe(chart.title))):
        element = ET.Element(f"{{{_SVG}}}{tag}", {"id": name})
        element.text = text
        root.insert(0, element)
    return ET.tostring(root, encoding="unicode")


def _attributes(element: ET.Element, key: str) -> None:
    """Turn styles into presentation attributes, and prefix ids with the chart's key."""
    for part in element.attrib.pop("style", "").split(";"):
        name, _, value = (text.strip() for text in part.partition(":"))
        if name == "font":
            element.set("font-size", next(word for word in value.split() if word.endswith("px")))
        elif name:
            element.set(name, value)
    for name, value in list(element.attrib.items()):
        if name == "id":
            element.set(name, f"{key}-{value}")
        elif value.startswith("url(#"):
            element.set(name, f"url(#{key}-{value[5:]}")
        elif value.startswith("#") and name.endswith("href"):
            element.set(name, f"#{key}-{value[1:]}")
        elif value in _VARIABLES:
            element.set(name, _VARIABLES[value])


def legend(chart: Chart, *, dashed: bool = False) -> Sequence[tuple[str, str, bool]]:
    """(label, CSS colour, dashed) of each series."""
    return [
        (one.label, f"c{one.colour % PALETTE}", dashed and number % 2 == 1) for number, one in enumerate(chart.series)
    ]
