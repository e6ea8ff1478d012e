"""The common ground of all cases: models on disk, batches, and plain torch's results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from layouts import model, plain
from layouts.batch import Row, coded_rows
from layouts.layout import Case, Objective
from layouts.plain import Step


@dataclass(frozen=True, slots=True)
class Ground:
    """``expected``: a step per batch for each model and objective; ``folder``: models and checkpoints."""

    folder: Path
    batches: list[list[Row]]
    expected: dict[tuple[str, Objective], list[Step]]

    def model(self, name: str) -> Path:
        return self.folder / name

    def reference(self, name: str) -> Path:
        return self.folder / f"{name}-reference"

    def left_by(self, case: str) -> Path:
        return self.folder / "checkpoints" / case.replace("/", "-")

    def steps(self, case: Case) -> list[Step]:
        return self.expected[case.model, case.objective]


def prepared(cases: Iterable[Case], folder: Path) -> Ground:
    ground = Ground(folder, [coded_rows(1), coded_rows(2)], {})
    for name, objective in dict.fromkeys((case.model, case.objective) for case in cases):
        if not ground.model(name).exists():
            model.build(name, ground.model(name))
            model.build(name, ground.reference(name), apart=0.01)
        ground.expected[name, objective] = plain.steps(
            ground.model(name), ground.reference(name), ground.batches, objective
        )
    return ground
