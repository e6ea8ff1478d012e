"""The curves of a report, from a run's metrics. `svg.py` draws them.

A chart of one run may stack its series, as parts of a whole. Two runs can't share a stack: each part becomes a chart of
its own, with a line for each run.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from verl_egca.report.finding import in_a_word
from verl_egca.report.page.run import Metrics, Run
from verl_egca.report.records import LocalizationRecord

Kind = Literal["lines", "stack"]
Unit = Literal["share", "number", "seconds"]
Points = tuple[tuple[int, float], ...]

LEFT_ALONE = "spread evenly"


@dataclass(frozen=True, slots=True)
class Series:
    """``colour`` is an index into the page's palette; one thing has one colour in all charts."""

    label: str
    points: Points
    colour: int

    def at(self) -> Mapping[int, float]:
        return dict(self.points)


@dataclass(frozen=True, slots=True)
class Chart:
    """``note`` describes the chart in one sentence. Steps are on the x axis."""

    key: str
    title: str
    note: str
    unit: Unit
    kind: Kind
    series: tuple[Series, ...]

    @property
    def steps(self) -> list[int]:
        return sorted({step for one in self.series for step, _ in one.points})


def charts(runs: Sequence[Run]) -> list[Chart]:
    """The charts of one run, or of two overlaid, without empty ones."""
    if len(runs) == 1:
        found = list(_of(runs[0]))
    else:
        found = list(_overlaid(runs))
    return [chart for chart in found if any(one.points for one in chart.series)]


def _of(run: Run) -> Iterator[Chart]:
    for make in (_reward, _validation, _modes, _localizers, _proof, _span, _phases, _added, _debugger):
        chart = make(run)
        if chart is not None:
            yield chart


def _overlaid(runs: Sequence[Run]) -> Iterator[Chart]:
    """Each part of the runs' charts as a chart of its own, with a line for each run. Runs differ in colour and dash."""
    of_runs = [list(_of(run)) for run in runs]
    templates = {chart.key: chart for found in of_runs for chart in found}
    for key, template in templates.items():
        parts: dict[str, list[Series]] = defaultdict(list)
        for place, found in enumerate(of_runs):
            for one in (one for chart in found if chart.key == key for one in chart.series):
                parts[one.label].append(Series(_name(runs, place), one.points, place))
        for number, (label, lines) in enumerate(parts.items()):
            title = template.title if len(parts) == 1 else f"{template.title}: {label}"
            yield Chart(f"{key}-{number}", title, template.note, template.unit, "lines", tuple(lines))


def _name(runs: Sequence[Run], place: int) -> str:
    """The run's name, with A or B before it: two directories may have one name."""
    return f"{'AB'[place]}: {runs[place].name}"


# ---------------------------------------------------------------- the charts


def _reward(run: Run) -> Chart:
    points = tuple(run.series("critic/score/mean"))
    return Chart("reward", "Reward", "Mean over the step's samples.", "number", "lines", (Series("reward", points, 0),))


def _validation(run: Run) -> Chart | None:
    names = [name for name in run.names("val-core/") if "/mean@" in name or "/best@" in name]
    series = tuple(Series(_short(name), tuple(run.series(f"val-core/{name}")), n) for n, name in enumerate(names))
    note = "Metrics of verl's validation; mean@1 of acc is pass@1."
    return Chart("validation", "Validation", note, "share", "lines", series) if series else None


def _modes(run: Run) -> Chart:
    modes = ("correct", "logic", "syntax", "constraint", "ungated")
    series = (Series(mode, tuple(run.series(f"egca/mode/{mode}")), n) for n, mode in enumerate(modes))
    kept = tuple(one for one in series if any(value for _, value in one.points))
    return Chart(
        "modes", "Modes", "Share of the step's samples that the gate put in each mode.", "share", "stack", kept
    )


def _localizers(run: Run) -> Chart | None:
    names = run.names("egca/localized_by/")
    series = [Series(name, _filled(run, f"egca/localized_by/{name}"), n) for n, name in enumerate(names)]
    series += [
        Series(f"not: {name}", _filled(run, f"egca/not_localized/{name}"), len(names) + n)
        for n, name in enumerate(run.names("egca/not_localized/"))
    ]
    note = "Localizers, as shares of the samples in LOGIC or SYNTAX; not: the reason of missing blame."
    return Chart("localizers", "Localized by", note, "share", "stack", tuple(series)) if series else None


PROOF = ("proven", "partly proven", "a guess", LEFT_ALONE)


def _proof(run: Run) -> Chart | None:
    """Weighed by advantage, as samples without one change nothing."""
    weights: dict[int, dict[str, float]] = defaultdict(lambda: dict.fromkeys(PROOF, 0.0))
    for record in run.records:
        weights[record.step][rests_on(record)] += weight(record)
    shares = {
        step: {name: w / sum(row.values()) for name, w in row.items()}
        for step, row in weights.items()
        if any(row.values())
    }
    series = tuple(
        Series(name, tuple((step, shares[step][name]) for step in sorted(shares)), colour)
        for name, colour in zip(PROOF, (0, 6, 1, 7), strict=True)
    )
    note = "The ground of the blame, as a share of the advantage of failing samples. Spread evenly: as in GRPO."
    kept = tuple(one for one in series if any(value for _, value in one.points))
    return Chart("proof", "Credit that rests on proof", note, "share", "stack", kept) if kept else None


def weight(record: LocalizationRecord) -> float:
    """A sample's absolute advantage; 0 if it is not finite."""
    return abs(record.advantage) if math.isfinite(record.advantage) else 0.0


def rests_on(record: LocalizationRecord) -> str:
    """The ground of a failing sample's credit, one of PROOF."""
    if not record.token_spans or record.advantage > 0:
        return LEFT_ALONE
    return in_a_word(record)


def _span(run: Run) -> Chart:
    series = (Series("blamed tokens", tuple(run.series("egca/span_tokens_mean")), 0),)
    note = "Mean number of response tokens that are blamed, where something is."
    return Chart("span", "Blamed tokens", note, "number", "lines", series)


def _phases(run: Run) -> Chart:
    """verl's timers of a step. Names with a slash are parts of others."""
    steps = run.steps
    names = [name for name in run.names("timing_s/") if name != "step" and "/" not in name]
    total = {name: sum(value for _, value in run.series(f"timing_s/{name}")) for name in names}
    ranked = sorted(names, key=lambda name: -total[name])
    shown, rest = ranked[:6], ranked[6:]
    series = [Series(name, _of_steps(steps, run, _timer(name)), at) for at, name in enumerate(shown)]

    def others(row: Metrics) -> float:
        return max(0.0, row["timing_s/step"] - sum(row.get(f"timing_s/{name}", 0.0) for name in shown))

    series.append(Series("other", _of_steps(steps, run, others), 7))
    note = "Seconds of a step by verl's timers; other: what has no timer" + (
        f", and {', '.join(rest)}." if rest else "."
    )
    return Chart("phases", "Time of a step", note, "seconds", "stack", tuple(series) if steps else ())


def _timer(name: str) -> Callable[[Metrics], float]:
    return lambda row: row.get(f"timing_s/{name}", 0.0)


def _added(run: Run) -> Chart:
    points = tuple(run.series("egca/overhead_share"))
    note = "Share of a step spent waiting for rewards after the last rollout had ended, the tests' own time included."
    return Chart("added", "Waiting for rewards", note, "share", "lines", (Series("share of the step", points, 0),))


def _debugger(run: Run) -> Chart | None:
    outcomes = ("proven", "accepted", "refused", "failed", "timeout", "skipped")
    series = tuple(
        Series(name, tuple(run.series(f"egca/debugger/{name}")), n)
        for n, name in enumerate(outcomes)
        if any(value for _, value in run.series(f"egca/debugger/{name}"))
    )
    note = "Samples put to the debugger, by outcome."
    return Chart("debugger", "Debugger", note, "number", "stack", series) if series else None


def _filled(run: Run, key: str) -> Points:
    """The series with 0 at steps without the key: shares of 0 are not written."""
    return _of_steps(run.steps, run, lambda row: row.get(key, 0.0))


def _of_steps(steps: Sequence[int], run: Run, value: Callable[[Metrics], float]) -> Points:
    return tuple((step, value(run.metrics[step])) for step in steps)


def _short(name: str) -> str:
    """A name such as <data source>/acc/mean@1, shortened."""
    return name.replace("/acc/mean@1", " pass@1").replace("/acc/", " ")
