"""One self-contained HTML file: template, styles, scripts and data put together.

A policy's text can't act: jinja2 escapes all text in markup, data is JSON without ``<``, and a content security policy
allows only the page's own scripts and styles, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from verl_egca.report.page import programs, settings, tables
from verl_egca.report.page.charts import Chart, charts
from verl_egca.report.page.run import Run
from verl_egca.report.page.svg import formatter, legend, svg
from verl_egca.report.page.thinning import thinned
from verl_egca.report.untrusted import safe

_ASSETS = files("verl_egca.report.page") / "assets"
_SCRIPTS = ("data", "text", "list", "filters", "heat_map", "detail", "tables", "main")  # in this order
_TABLE_ROWS = 200  # of a chart's table; a longer run shows every n-th step


@dataclass(frozen=True, slots=True)
class InlineScript:
    """``integrity`` is its hash in the form of a content security policy."""

    text: Markup
    integrity: str


def html(runs: Sequence[Run], *, reload_s: int | None = None) -> str:
    """The page of one run, or of two side by side.

    Args:
        reload_s: for a running run: seconds between the page's reloads.
    """
    found = programs.samples(runs)
    details, packed = programs.chunks(found, runs)
    drawn = charts(runs)
    two = len(runs) == 2
    scripts = [_script(f"{name}.js") for name in _SCRIPTS]
    style = _script("page.css")
    data = {
        "runs": [run.name for run in runs],
        "samples": programs.index(found),
        "chunk": programs.CHUNK,
        "packed": packed,
        "charts": {chart.key: _values(chart) for chart in drawn},
        "reload_s": reload_s,
    }
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            runs=runs,
            two=two,
            title=" and ".join(run.name for run in runs),
            policy=_policy(scripts, style),
            style=style,
            scripts=scripts,
            data=as_json(data),
            details=[Markup(text) if packed else _no_markup(text) for text in details],
            packed=packed,
            charts=[
                (
                    chart,
                    thinned(chart)[1],
                    Markup(svg(chart, dashed=two)),
                    legend(chart, dashed=two),
                )
                for chart in drawn
            ],
            figures=[tables.figures(run) for run in runs],
            asked=any(sample.record.debugger for sample in found),
            debugger=[tables.debugger(run) for run in runs],
            slowest=tables.slowest(found, runs),
            failed=tables.failed(found, runs),
            failures=tables.failures(found),
            telling=settings.telling(runs[0]),
            differences=settings.differences(runs) if two else None,
            samples=len(found),
            short=sum(sample.record.short for sample in found),
            characters=sum(bool(s.record.program) and not s.record.program_tokens for s in found),
            reload_s=reload_s,
        )
    )


def as_json(value: Any) -> Markup:
    """JSON for a script element: ASCII, and without characters of markup."""
    return _no_markup(json.dumps(value, separators=(",", ":")))


def _no_markup(text: str) -> Markup:
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("verl_egca.report.page", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["safe_text"] = safe
    return environment


def _script(name: str) -> InlineScript:
    text = (_ASSETS / name).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return InlineScript(Markup(text), f"'sha256-{digest}'")


def _policy(scripts: Sequence[InlineScript], style: InlineScript) -> str:
    allowed = " ".join(script.integrity for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {style.integrity}; "
        "base-uri 'none'; form-action 'none'; img-src 'none'"
    )


def _values(chart: Chart) -> dict[str, Any]:
    """The values of a chart's table."""
    steps = chart.steps
    every = -(-len(steps) // _TABLE_ROWS)
    kept = steps[::every] + ([steps[-1]] if (len(steps) - 1) % every else [])
    form = formatter(chart.unit)
    columns = [one.at() for one in chart.series]
    return {
        "head": ["step", *(one.label for one in chart.series)],
        "rows": [[str(step), *(form(column[step]) if step in column else "-" for column in columns)] for step in kept],
        "every": every,
    }
