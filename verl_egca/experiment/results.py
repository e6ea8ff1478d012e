"""The runs' rows, read back: curves over steps, and what is said of each method."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from verl_egca.experiment.statistics import Difference, Estimate, difference, estimate

Rows = list[dict[str, float]]  # of one run, by step; what was not measured is not there

LEVELS = (0.6, 0.7, 0.8)


@dataclass(frozen=True, slots=True)
class Results:
    """Of all runs: rows by method, learning rate and seed."""

    runs: dict[tuple[str, float, int], Rows]

    @property
    def methods(self) -> list[str]:
        return list(dict.fromkeys(method for method, _, _ in self.runs))

    def rates(self, method: str) -> list[float]:
        """The learning rates that a method was run with."""
        return sorted({rate for name, rate, _ in self.runs if name == method})

    def seeds(self, method: str, rate: float) -> list[int]:
        return sorted(seed for name, at, seed in self.runs if (name, at) == (method, rate))

    def final(self, method: str, rate: float, key: str, seeds: Iterable[int] | None = None) -> list[float]:
        """``key`` after the last step, a value a seed."""
        wanted = self.seeds(method, rate) if seeds is None else seeds
        return [self.runs[method, rate, seed][-1][key] for seed in wanted]

    def mean(self, method: str, rate: float, key: str, seeds: Iterable[int] | None = None) -> list[float]:
        """``key`` averaged over the steps that have it, a value a seed."""
        return [sum(values) / len(values) for values in self._values(method, rate, key, seeds)]

    def late_mean(self, method: str, rate: float, key: str, seeds: Iterable[int] | None = None) -> list[float]:
        """``key`` averaged over the last quarter of the steps that have it, a value a seed."""
        late = (values[-max(1, len(values) // 4) :] for values in self._values(method, rate, key, seeds))
        return [sum(values) / len(values) for values in late]

    def _values(self, method: str, rate: float, key: str, seeds: Iterable[int] | None) -> list[list[float]]:
        """Of ``key`` by step, of each seed that has any."""
        wanted = self.seeds(method, rate) if seeds is None else seeds
        each = ([row[key] for row in self.runs[method, rate, seed] if key in row] for seed in wanted)
        return [values for values in each if values]

    def curve(self, method: str, rate: float, key: str) -> dict[int, Estimate]:
        """``key`` by step, over seeds."""
        values: dict[int, list[float]] = defaultdict(list)
        for seed in self.seeds(method, rate):
            for row in self.runs[method, rate, seed]:
                if key in row:
                    values[int(row["step"])].append(row[key])
        return {step: estimate(found) for step, found in sorted(values.items())}

    def gain(self, method: str, other: str, rate: float, key: str) -> dict[int, Estimate]:
        """By step, ``method`` minus ``other`` in the mean of ``key`` over the steps so far, over the seeds that both have."""
        both = sorted(set(self.seeds(method, rate)) & set(self.seeds(other, rate)))
        values: dict[int, list[float]] = defaultdict(list)
        for seed in both:
            pairs = zip(self.runs[method, rate, seed], self.runs[other, rate, seed], strict=True)
            apart = [(int(row["step"]), row[key] - beside[key]) for row, beside in pairs if key in row]
            for count, (step, _) in enumerate(apart, start=1):
                values[step].append(sum(value for _, value in apart[:count]) / count)
        return {step: estimate(found) for step, found in sorted(values.items())}

    def area(self, method: str, rate: float, key: str, seeds: Iterable[int] | None = None) -> list[float]:
        """The mean of ``key`` over the run by the trapezoidal rule: how fast and how far, in one number a seed."""
        wanted = self.seeds(method, rate) if seeds is None else seeds
        return [_area([(row["step"], row[key]) for row in self.runs[method, rate, s] if key in row]) for s in wanted]

    def steps_to(self, method: str, rate: float, key: str, level: float) -> list[float | None]:
        """The first step at which ``key`` is ``level`` or more, a value a seed; None where it never is."""
        each = (self.runs[method, rate, seed] for seed in self.seeds(method, rate))
        return [next((row["step"] for row in rows if row.get(key, -1.0) >= level), None) for rows in each]

    def against(self, method: str, other: str, rate: float, of: Callable[..., list[float]], key: str) -> Difference:
        """``method`` minus ``other`` over the seeds that both have."""
        both = sorted(set(self.seeds(method, rate)) & set(self.seeds(other, rate)))
        return difference(of(method, rate, key, both), of(other, rate, key, both))

    def best_rate(self, method: str, key: str) -> float:
        """The learning rate with the highest mean of ``key`` after the last step."""
        rates = self.rates(method)
        means = {rate: estimate(self.final(method, rate, key)).mean for rate in rates}
        return max(rates, key=lambda rate: means[rate])


def read_results(files: Sequence[Path]) -> Results:
    """Raises ValueError that names the file if one holds no run."""
    runs: dict[tuple[str, float, int], Rows] = {}
    for file in files:
        with file.open(newline="") as lines:
            for row in csv.DictReader(lines):
                try:
                    key = (row.pop("method"), float(row.pop("lr")), int(row.pop("seed")))
                    numbers = {name: float(value) for name, value in row.items() if value}
                except (KeyError, ValueError) as error:
                    raise ValueError(
                        f"{file}: not a table of runs ({error}); 'egca experiment run' writes them"
                    ) from None
                runs.setdefault(key, []).append(numbers)
    return Results({key: sorted(rows, key=lambda row: row["step"]) for key, rows in runs.items()})


def write_table(files: Sequence[Path], out: Path) -> None:
    """All runs in one CSV, numbers to five digits."""
    with out.open("w", newline="") as target:
        writer = None
        for file in sorted(files):
            with file.open(newline="") as lines:
                reader = csv.DictReader(lines)
                if writer is None:
                    writer = csv.DictWriter(target, fieldnames=list(reader.fieldnames or ()), lineterminator="\n")
                    writer.writeheader()
                writer.writerows({name: _short(value) for name, value in row.items()} for row in reader)


def _short(value: str) -> str:
    try:
        return f"{float(value):.5g}"
    except ValueError:
        return value


def _area(points: Sequence[tuple[float, float]]) -> float:
    width = points[-1][0] - points[0][0]
    pairs = pairwise(points)
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairs) / width if width else points[0][1]
