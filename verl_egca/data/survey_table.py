"""A survey of data files as text, for a terminal, a log and the run's directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from verl_egca.data.row_problem import NO_TESTS
from verl_egca.data.survey import Fault, Survey

_WIDTH = 120


def survey_text(surveys: Sequence[Survey], budget_s: float) -> str:
    """A table of rows by file and shape; below it, lines for faults and unchecked rows."""
    table = Table("file", "shape", "rows", "with a reference", "without", title_justify="left")
    for name in ("rows", "with a reference", "without"):
        table.columns[[column.header for column in table.columns].index(name)].justify = "right"
    for one in surveys:
        for shape, rows in sorted(one.shapes.items(), key=lambda item: (item[0] == NO_TESTS, -item[1])):
            with_reference = one.references[shape]
            both = ("", "") if shape == NO_TESTS else (f"{with_reference:,}", f"{rows - with_reference:,}")
            table.add_row(one.path.name, shape, f"{rows:,}", *both)
        if one.counts[Fault.UNREADABLE]:
            table.add_row(one.path.name, "can't be read", f"{one.counts[Fault.UNREADABLE]:,}", "", "")
    console = Console(width=_WIDTH, highlight=False, no_color=True)
    with console.capture() as captured:
        console.print(table)
        for line in _lines(surveys, budget_s):
            console.print(line, markup=False, soft_wrap=True)
    return captured.get()


def _lines(surveys: Sequence[Survey], budget_s: float) -> Iterator[str]:
    for one in surveys:
        if one.sources:
            by = ", ".join(f"{source} {count:,}" for source, count in one.sources.most_common(8))
            yield f"{one.path.name}: without program tests: {_rows(one.shapes[NO_TESTS])}, rewarded as without EGCA: {by}"
        yield (
            f"{one.path.name}: tests and references of {_rows(one.checked)} were run"
            + (
                f"; {_rows(one.unchecked)} unchecked, past the budget of {budget_s:g} CPU seconds"
                if one.unchecked
                else ""
            )
        )
        if one.slow:
            yield (
                f"{one.path.name}: more time for a case than the sandbox gives: {_rows(one.slow)}, up to {one.slowest_s:g} s; raise "
                "egca.sandbox.cpu_seconds"
            )
        for fault, named in one.faults.items():
            count = one.counts[fault]
            more = f" (the first {len(named)})" if count > len(named) else ""
            yield f"{one.path.name}: {fault}: {_rows(count)}{more}"
            yield from (f"  {row}" for row in named)


def _rows(count: int) -> str:
    return f"{count:,} row" + ("s" if count != 1 else "")
