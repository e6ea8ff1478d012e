"""Tries edits of a failing program, likeliest first, until one makes it pass: its twin.

What is counted is trials and steps, not time: the same sample gives the same answer on any machine.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from verl_egca.execution.sandbox import Trials
from verl_egca.localization.twins.edits import Edit, changed_characters

_BATCH = 12
_BEYOND = 1.0  # how much costlier than the first twin another may be, to be looked for
_MOST_BEYOND = 60
_FIRST_EDIT = 0.5  # of the budget
_TIMEOUT = 250  # trials that one is reckoned at that uses up its time without a step, as huge numbers do
_ALL_CASES_STEPS = 500_000  # for the other cases of a text that has passed a chosen one


@dataclass(frozen=True, slots=True)
class Cases:
    """Indices of a problem's cases. ``chosen`` are the failing ones that each edit is tried on first."""

    chosen: tuple[int, ...]
    failing: tuple[int, ...]
    passing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Twin:
    """``full``: all cases pass. Else some failing ones do, and none breaks that passed. ``fixed`` counts them."""

    edit: Edit
    full: bool
    fixed: int

    @property
    def worth(self) -> float:
        """How much a partial twin says of its place: an edit that is a bit less likely says half as much."""
        return float(self.fixed * 2.0**-self.edit.cost)


@dataclass(frozen=True, slots=True)
class Source:
    """Edits that are made only when the search has come to the cheapest that there can be of them, ``least``."""

    least: float
    make: Callable[[], Iterable[Edit]]


@dataclass(slots=True)
class Search:
    """One program's search. ``tried`` counts the texts that were run, ``most_changed`` bounds an edit's size."""

    source: str
    trials: Trials
    cases: Cases
    max_steps: int
    budget: int
    most_changed: int
    tried: int = 0
    twins: list[Twin] = field(default_factory=list)
    _texts: set[str] = field(default_factory=set)

    def run(self, sources: Iterable[Source]) -> Twin | None:
        """The best twin, full ones before partial ones; None if no edit helps within the budget.

        Among full twins the cheapest edit wins; they are looked for a little further than the first. Where only partial
        ones are found, a share of the budget is left for a second edit.
        """
        self._texts.add(self.source)
        ordered = _ordered(sources)
        last_cost, left_beyond = float("inf"), _MOST_BEYOND
        while self.tried < self.budget * (_FIRST_EDIT if self.twins else 1.0) and left_beyond > 0:
            batch = self._batch(ordered, last_cost)
            if not batch:
                break
            for twin in self._try(batch):
                self.twins.append(twin)
                if twin.full:
                    last_cost = min(last_cost, twin.edit.cost + _BEYOND)
            if last_cost < float("inf"):
                left_beyond -= len(batch)
        return self.best()

    def ranked(self) -> list[Twin]:
        """Full ones by cost; then partial ones, first those in the line that most of them speak for, by their worth."""
        partial = [twin for twin in self.twins if not twin.full]
        votes: dict[int, float] = defaultdict(float)
        for twin in partial:
            votes[self.line(twin)] += twin.worth
        partial.sort(key=lambda twin: (-votes[self.line(twin)], -twin.worth, twin.edit.start, twin.edit.text))
        full = sorted((t for t in self.twins if t.full), key=lambda twin: (twin.edit.cost, twin.edit.size))
        return [*full, *partial]

    def line(self, twin: Twin) -> int:
        return self.source.count("\n", 0, twin.edit.blame[0])

    def best(self) -> Twin | None:
        return next(iter(self.ranked()), None)

    def _batch(self, ordered: Iterator[Edit], last_cost: float) -> dict[str, Edit]:
        """The next texts to try, each with its cheapest edit."""
        batch: dict[str, Edit] = {}
        for edit in ordered:
            if edit.cost > last_cost:
                break
            text = edit.apply(self.source)
            if text in self._texts or changed_characters(edit, self.source) > self.most_changed:
                continue
            self._texts.add(text)
            batch[text] = edit
            if len(batch) == min(_BATCH, self.budget - self.tried):
                break
        return batch

    def _try(self, edits: dict[str, Edit]) -> list[Twin]:
        texts = list(edits)
        self.tried += len(texts)
        passed = self._passed(texts, self.cases.chosen, self.max_steps)
        found = (self._twin(edits[text], text, first) for text, first in zip(texts, passed, strict=True) if any(first))
        return [twin for twin in found if twin is not None]

    def _twin(self, edit: Edit, text: str, first: Sequence[bool]) -> Twin | None:
        """What an edit is worth that makes a chosen case pass."""
        chosen = self.cases.chosen
        others = [case for case in (*self.cases.failing, *self.cases.passing) if case not in chosen]
        self.tried += 1
        (outcomes,) = self._passed([text], others, _ALL_CASES_STEPS)
        by_case = dict(zip([*chosen, *others], [*first, *outcomes], strict=True))
        if not all(by_case[case] for case in self.cases.passing):
            return None
        fixed = sum(by_case[case] for case in self.cases.failing)
        return Twin(edit, fixed == len(self.cases.failing), fixed)

    def _passed(self, texts: Sequence[str], cases: Sequence[int], steps: int) -> list[list[bool]]:
        before = self.trials.timeouts
        passed = self.trials.passed(texts, cases, max_steps=steps)
        self.tried += _TIMEOUT * (self.trials.timeouts - before)
        return passed


def _ordered(sources: Iterable[Source]) -> Iterator[Edit]:
    """All edits by rising cost, as far as they are asked for."""
    waiting = sorted(sources, key=lambda source: -source.least)
    heap: list[tuple[Any, ...]] = []
    count = 0
    while waiting or heap:
        while waiting and (not heap or waiting[-1].least <= heap[0][0]):
            for edit in waiting.pop().make():
                count += 1
                heapq.heappush(heap, (edit.cost, edit.size, edit.start, edit.text, edit.blame, edit.kind, count, edit))
        if heap:
            yield heapq.heappop(heap)[-1]


def costlier(edit: Edit, by: float) -> Edit:
    return replace(edit, cost=edit.cost + by)
