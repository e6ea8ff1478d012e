"""The evidence as a page: prose and tables from a template, pictures as SVG, data as CSV."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

from jinja2 import Environment, PackageLoader, StrictUndefined

from experiment.domain import CELLS, LENGTHS, LEVELS
from experiment.plots import curves, map_of
from experiment.results import MapRow, map_rows, read_map, read_runs, share, write_map, write_table
from experiment.rules import REMOVED, RULES
from experiment.statistics import Difference, Estimate

MAP, RUNS, PAGE = "map.csv", "runs.csv", "README.md"
REMOVED_MAP = "removed.csv"  # map rows of deleted rules; `collect` does not change it
BASES = ("grpo", "correct_only")


def collect(folder: Path, out: Path) -> None:
    """Write tables to ``out`` from the pieces in ``folder``.

    Raises:
        ValueError: there are no measurements, or a file is of another kind.
    """
    rows, files = map_rows(folder / "map"), sorted((folder / "runs").glob("*.csv"))
    if not rows and not files:
        raise ValueError(f"{folder}: nothing was measured; 'python scripts/experiment' does that with map and run")
    read_runs(files)  # raises
    out.mkdir(parents=True, exist_ok=True)
    write_map(rows, out / MAP)
    write_table(files, out / RUNS)


def write_page(folder: Path) -> Path:
    """Write ``README.md`` and the pictures from the tables in ``folder``."""
    found, runs = read_map(folder / MAP), read_runs([folder / RUNS])
    removed = read_map(folder / REMOVED_MAP)
    whole = found | removed
    map_of(found, _rules(found), BASES, folder / "map.svg")
    mixed = [cell for cell in runs.cells if cell in CELLS and not CELLS[cell].hard]
    for name, cells in (("trained", mixed), ("hard", [cell for cell in runs.cells if cell not in mixed])):
        if cells:
            curves(runs, cells, "reward", "reward of a step's samples", folder / f"{name}.svg")
    environment = Environment(
        loader=PackageLoader("experiment", ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("page.md.jinja").render(
        map=found,
        cells=list(dict.fromkeys(cell for cell, _ in found)),
        mapped=_rules(found),
        runs=runs,
        mixed=mixed,
        together=[
            mixed,
            *([cell for cell in mixed if (CELLS[cell].length > 1) is longer] for longer in (False, True)),
        ],
        trained={rule for cell in runs.cells for rule in runs.rules(cell)},
        rules={rule.name: rule.says for rule in RULES.values()}
        | {rule: f"{says} (removed)" for rule, says in REMOVED.items()},
        cell_of=CELLS,
        points=points,
        interval=interval,
        difference=difference,
        removed={rule: says for rule, says in REMOVED.items() if any(name == rule for _, name in removed)},
        ahead=lambda rule, base: ahead(whole, rule, base),
        relative=lambda rule, base, within="": interval(relative(whole, rule, base, within)),
        lengths=LENGTHS,
        levels=LEVELS,
    )
    page = folder / PAGE
    page.write_text(text)
    return page


def points(share: float | None) -> str:
    """A share in percent, as text."""
    return "-" if share is None else f"{100 * share:.1f}"


def interval(found: Estimate | None) -> str:
    """Points with their bounds, as text."""
    if found is None:
        return "-"
    return f"{100 * found.mean:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})"


def difference(found: Difference | None) -> str:
    """A single pair of seeds has no interval."""
    if found is None:
        return "-"
    return (
        f"{interval(found.estimate)}, p {found.p:.2g}"
        if found.estimate.count > 1
        else f"{100 * found.estimate.mean:+.1f}"
    )


def ahead(found: Mapping[tuple[str, str], MapRow], rule: str, base: str) -> str:
    """The numbers of cells in which a rule's interval lies above and below another's."""
    rows = [row.over(base) for (_, name), row in found.items() if name == rule]
    return f"{sum(row.low > 0 for row in rows)} : {sum(row.high < 0 for row in rows)} of {len(rows)}"


def relative(found: Mapping[tuple[str, str], MapRow], rule: str, base: str, within: str = "") -> Estimate | None:
    """A rule's gain over another's as a share of the other's, averaged over cells with ``within`` in their names.

    The interval assumes independent cells. Cells without a gain of the other rule are left out; None if no cell is
    left.
    """
    cells = [cell for cell, name in found if name == rule and within in cell]
    shares = [one for cell in cells if (one := share(found, cell, rule, base))]
    if not shares:
        return None
    mean = fmean(one.mean for one in shares)
    half = math.hypot(*((one.high - one.low) / 2 for one in shares)) / len(shares)
    return Estimate(mean, mean - half, mean + half, len(shares))


def _rules(found: Mapping[tuple[str, str], MapRow]) -> list[str]:
    there = {rule for _, rule in found}
    return [rule for rule in RULES if rule in there]
