"""A long run's curves in the points that a drawing can show: means over neighbouring steps."""

from __future__ import annotations

from dataclasses import replace

from verl_egca.report.page.charts import Chart, Points

_MOST = 250  # points of a series; a drawing is some 300 units wide


def thinned(chart: Chart) -> tuple[Chart, int]:
    """The chart, and the number of steps for each of its points."""
    longest = max(len(one.points) for one in chart.series)
    of = -(-longest // _MOST)
    if of <= 1:
        return chart, 1
    return replace(chart, series=tuple(replace(one, points=_means(one.points, of)) for one in chart.series)), of


def _means(points: Points, of: int) -> Points:
    """Means of ``of`` points, each at its middle step."""
    groups = [points[at : at + of] for at in range(0, len(points), of)]
    return tuple((group[len(group) // 2][0], sum(value for _, value in group) / len(group)) for group in groups)
