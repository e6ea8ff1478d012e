"""Results of the pieces: differences between rules in a cell, by update or by training, with intervals."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, variance

from experiment.rules import REMOVED, RULES
from experiment.runs import START
from experiment.statistics import Difference, Estimate, difference, estimate

_NORMAL = 1.96  # standard errors of a 95 % interval


@dataclass(frozen=True, slots=True)
class MapRow:
    """One rule in one cell: signal over noise as a multiple of GRPO's with its standard error, the expected gradient's
    cosine with GRPO's, and the projected gain (a share), alone and above GRPO's and ``correct_only``'s, with intervals."""

    cell: str
    rule: str
    pass_rate: float
    times: float
    times_error: float
    alignment: float
    gain: float
    gain_low: float
    gain_high: float
    over_grpo: float
    over_grpo_low: float
    over_grpo_high: float
    over_correct_only: float
    over_correct_only_low: float
    over_correct_only_high: float

    def over(self, base: str) -> Estimate:
        """``base``: grpo or correct_only."""
        mean, low, high = (getattr(self, f"over_{base}{end}") for end in ("", "_low", "_high"))
        return Estimate(mean, low, high, 0)


def map_rows(folder: Path) -> list[MapRow]:
    """Rows of the ``CELL.json`` files of `runs.Measurement`; raises ValueError with the name of a wrong file."""
    rows = []
    for file in sorted(folder.glob("*.json")):
        found = json.loads(file.read_text())
        if not isinstance(found, dict) or "rules" not in found:
            raise ValueError(f"{file}: not a measurement; 'python scripts/experiment map' writes them")
        for rule, own in found["rules"].items():
            gains: list[float] = []
            for base in (None, "grpo", "correct_only"):
                one = _gain(own, found["rules"][base] if base else None)
                gains += [one.mean, one.low, one.high]
            kept = (own["times"], own["times_error"], own["alignment"])
            rows.append(MapRow(file.stem, rule, found["pass_rate"], *kept, *gains))
    return rows


def _gain(own: dict[str, list[float]], base: dict[str, list[float]] | None) -> Estimate:
    """A gain with its normal interval; its variance is that between held-out tasks plus that between updates."""
    by_update, by_task = (
        [a - b for a, b in zip(own[key], base[key] if base else [0.0] * len(own[key]), strict=True)]
        for key in ("gain_by_update", "gain_by_task")
    )
    error = math.sqrt(variance(by_update) / len(by_update) + variance(by_task) / len(by_task))
    mean = fmean(by_update)
    return Estimate(mean, mean - _NORMAL * error, mean + _NORMAL * error, len(by_update))


def share(found: Mapping[tuple[str, str], MapRow], cell: str, rule: str, base: str) -> Estimate | None:
    """A rule's gain over another's in a cell, as a share of the other's; None if the other has no gain."""
    over, whole = found[cell, rule].over(base), found[cell, base].gain
    return Estimate(over.mean / whole, over.low / whole, over.high / whole, 0) if whole else None


def write_map(rows: Sequence[MapRow], out: Path) -> None:
    with out.open("w", newline="") as target:
        writer = csv.DictWriter(target, fieldnames=list(MapRow.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            numbers = {key: f"{value:.5g}" if isinstance(value, float) else value for key, value in asdict(row).items()}
            writer.writerow(numbers)


def read_map(file: Path) -> dict[tuple[str, str], MapRow]:
    """Rows by cell and rule; empty if the file is missing."""
    if not file.exists():
        return {}
    with file.open(newline="") as lines:
        found = [
            MapRow(row.pop("cell"), row.pop("rule"), **{key: float(value) for key, value in row.items()})
            for row in csv.DictReader(lines)
        ]
    return {(row.cell, row.rule): row for row in found}


@dataclass(frozen=True, slots=True)
class Runs:
    """Rows of all training runs, by cell, rule and seed, in the order of steps, without missing values."""

    rows: dict[tuple[str, str, int], list[dict[str, float]]]

    @property
    def cells(self) -> list[str]:
        return sorted({cell for cell, _, _ in self.rows})

    def rules(self, cell: str) -> list[str]:
        there = {rule for at, rule, _ in self.rows if at == cell}
        return [rule for rule in (*RULES, *REMOVED) if rule in there]

    def seeds(self, cell: str, rule: str) -> list[int]:
        return sorted(seed for at, name, seed in self.rows if (at, name) == (cell, rule))

    def start(self, cell: str, key: str) -> float | None:
        rows = self.rows.get((cell, START, 0))
        return rows[-1].get(key) if rows else None

    def final(self, cell: str, rule: str, key: str, seeds: Sequence[int] | None = None) -> list[float]:
        """``key`` after the last step, one value per seed."""
        return [self.rows[cell, rule, seed][-1][key] for seed in seeds or self.seeds(cell, rule)]

    def mean(self, cell: str, rule: str, key: str, seeds: Sequence[int] | None = None) -> list[float]:
        """``key`` averaged over the steps, one value per seed."""
        return [fmean(row[key] for row in self.rows[cell, rule, seed]) for seed in seeds or self.seeds(cell, rule)]

    def average(self, cell: str, rule: str, key: str) -> float:
        """``key`` over all steps of all seeds."""
        return fmean(self.mean(cell, rule, key))

    def estimate(self, cell: str, rule: str, key: str) -> Estimate:
        return estimate(self.final(cell, rule, key))

    def against(self, cell: str, rule: str, base: str, key: str) -> Difference | None:
        """``rule`` minus ``base`` after the last step (``reward``: the mean of all steps), over the seeds of both."""
        return self.together([cell], rule, base, key)

    def together(self, cells: Sequence[str], rule: str, base: str, key: str) -> Difference | None:
        """As `against`, over the pairs of several cells."""
        of = self.mean if key == "reward" else self.final
        ours, theirs = list[float](), list[float]()
        for cell in cells:
            both = sorted(set(self.seeds(cell, rule)) & set(self.seeds(cell, base)))
            if both:
                ours += of(cell, rule, key, both)
                theirs += of(cell, base, key, both)
        return difference(ours, theirs) if ours else None


def read_runs(files: Sequence[Path]) -> Runs:
    """Raises ValueError with the name of a file that is no table of runs."""
    rows: dict[tuple[str, str, int], list[dict[str, float]]] = {}
    for file in files:
        with file.open(newline="") as lines:
            for row in csv.DictReader(lines):
                try:
                    key = (row.pop("cell"), row.pop("rule"), int(row.pop("seed")))
                    numbers = {name: float(value) for name, value in row.items() if value}
                except (KeyError, ValueError) as error:
                    raise ValueError(
                        f"{file}: not a table of runs ({error}); 'python scripts/experiment run' writes them"
                    ) from None
                rows.setdefault(key, []).append(numbers)
    return Runs({key: sorted(found, key=lambda row: row["step"]) for key, found in rows.items()})


def write_table(files: Sequence[Path], out: Path) -> None:
    """All runs in one CSV."""
    with out.open("w", newline="") as target:
        writer = None
        for file in sorted(files):
            with file.open(newline="") as lines:
                reader = csv.DictReader(lines)
                if writer is None:
                    writer = csv.DictWriter(target, fieldnames=list(reader.fieldnames or ()), lineterminator="\n")
                    writer.writeheader()
                writer.writerows(reader)
