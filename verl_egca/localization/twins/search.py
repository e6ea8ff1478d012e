"""Tries edits of a failing program, likeliest first, until one makes it pass: its twin.

What is counted is trials and steps, not time: the same sample gives the same answer on any machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from verl_egca.execution.sandbox import Trials
from verl_egca.localization.twins.edits import Edit

_BATCH = 12
_BEYOND = 1.0  # how much costlier than the first twin another may be, to be looked for
_MOST_BEYOND = 60


@dataclass(frozen=True, slots=True)
class Cases:
    """Indices of a problem's cases. ``chosen`` is the failing one that each edit is tried on first."""

    chosen: int
    failing: tuple[int, ...]
    passing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Twin:
    """``full``: all cases pass. Else some failing ones do, and none breaks that passed. ``fixed`` counts them."""

    edit: Edit
    full: bool
    fixed: int


@dataclass(slots=True)
class Search:
    """One program's search. ``trials`` counts the texts that were run."""

    source: str
    trials: Trials
    cases: Cases
    max_steps: int
    budget: int
    tried: int = 0
    twins: list[Twin] = field(default_factory=list)

    def run(self, edits: Iterable[Edit]) -> Twin | None:
        """The best twin, full ones before partial ones; None if no edit helps within the budget.

        Among full twins the cheapest edit wins; they are looked for a little further than the first.
        """
        ordered = sorted(_distinct(self.source, edits), key=lambda edit: (edit.cost, edit.size, edit.start))
        last_cost, left_beyond = float("inf"), _MOST_BEYOND
        place = 0
        while place < len(ordered) and self.tried < self.budget:
            batch = [
                edit
                for edit in ordered[place : place + min(_BATCH, self.budget - self.tried)]
                if edit.cost <= last_cost
            ]
            if not batch:
                break
            place += len(batch)
            for twin in self._try(batch):
                self.twins.append(twin)
                if twin.full:
                    last_cost = min(last_cost, twin.edit.cost + _BEYOND)
            if last_cost < float("inf"):
                left_beyond -= len(batch)
                if left_beyond <= 0:
                    break
        return self.best()

    def best(self) -> Twin | None:
        ranked = sorted(self.twins, key=lambda twin: (not twin.full, -twin.fixed, twin.edit.cost, twin.edit.size))
        return ranked[0] if ranked else None

    def _try(self, edits: Sequence[Edit]) -> list[Twin]:
        texts = [edit.apply(self.source) for edit in edits]
        self.tried += len(texts)
        passed = self.trials.passed(texts, [self.cases.chosen], max_steps=self.max_steps)
        promising = [(edit, text) for edit, text, (first,) in zip(edits, texts, passed, strict=True) if first]
        found = []
        for edit, text in promising:
            others = [case for case in (*self.cases.failing, *self.cases.passing) if case != self.cases.chosen]
            self.tried += 1
            (outcomes,) = self.trials.passed([text], others, max_steps=self.max_steps)
            by_case = dict(zip(others, outcomes, strict=True)) | {self.cases.chosen: True}
            if all(by_case[case] for case in self.cases.passing):
                fixed = sum(by_case[case] for case in self.cases.failing)
                found.append(Twin(edit, fixed == len(self.cases.failing), fixed))
        return found


def _distinct(source: str, edits: Iterable[Edit]) -> list[Edit]:
    """Without edits that change nothing, and the cheapest of those that give the same text."""
    cheapest: dict[str, Edit] = {}
    for edit in edits:
        text = edit.apply(source)
        if text != source and (text not in cheapest or edit.cost < cheapest[text].cost):
            cheapest[text] = edit
    return list(cheapest.values())


def costlier(edit: Edit, by: float) -> Edit:
    return replace(edit, cost=edit.cost + by)
