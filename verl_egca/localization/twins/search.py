"""Tries edits of a failing program, likeliest first, until one makes it pass: its twin.

The budget counts trials and steps instead of time, so that the same sample gives the same answer on any machine.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import InitVar, dataclass, field
from typing import Any, TypeVar

from verl_egca.execution.sandbox import Trials
from verl_egca.localization.agreement import Agreement
from verl_egca.localization.twins.costs import LEAST
from verl_egca.localization.twins.edits import Edit, changed_characters
from verl_egca.localization.twins.progress import nearness

_BATCH = 12
_BEYOND = 1.0  # the search continues to this cost above the first twin's
_MOST_BEYOND = 36
_LEAST_GAIN = 0.02
_TIMEOUT = 250  # trials charged for one that uses up its time without a step, such as for huge numbers
_MANY_STEPS = 300_000  # for the other cases of a text that passes a chosen one
_STEPS_A_TRIAL = 2_000


@dataclass(frozen=True, slots=True)
class Cases:
    """Indices of a problem's cases. ``chosen`` are the failing cases on which each edit is tried first.

    ``expected`` are the expected values of the chosen cases, as text, and ``got`` the program's values, if known.
    """

    chosen: tuple[int, ...]
    failing: tuple[int, ...]
    passing: tuple[int, ...]
    expected: tuple[str | None, ...]
    got: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Twin:
    """``full``: all cases pass. Else some failing cases pass, and no passing case breaks. ``fixed`` counts these.

    ``sound``, for a full twin: whether it also keeps the program's right values on further inputs, and leaves most of
    its statements in effect.
    """

    edit: Edit
    full: bool
    fixed: int
    sound: bool = True

    @property
    def worth(self) -> float:
        """The weight of a partial twin for its place: each bit of cost halves it."""
        return float(self.fixed * 2.0**-self.edit.cost)


@dataclass(frozen=True, slots=True)
class Nearer:
    """An edit with which no chosen case passes, but the program's value is nearer to the expected one, by ``gain``."""

    edit: Edit
    gain: float

    @property
    def worth(self) -> float:
        """The weight, as for a twin."""
        return float(self.gain * 2.0 ** (-self.edit.cost / 2))


_Found = TypeVar("_Found", Twin, Nearer)


@dataclass(frozen=True, slots=True)
class Source:
    """Edits that are made only when the search reaches the cost ``LEAST[name]``; few of them are cheaper."""

    name: str
    make: Callable[[], Iterable[Edit]]


@dataclass(slots=True)
class Search:
    """One program's search. ``tried`` counts the run texts, ``most_changed`` bounds an edit's size.

    Edits of the kinds ``all_or_nothing`` cannot be partial twins: such an edit only singles out the cases it mends.
    """

    source: str
    trials: Trials
    cases: Cases
    max_steps: int
    budget: int
    most_changed: int
    all_or_nothing: frozenset[str]
    sources: InitVar[Iterable[Source]]
    agreement: Callable[[str], Agreement]
    keeps: Callable[[Edit], bool]
    tried: int = 0
    twins: list[Twin] = field(default_factory=list)
    nearer: list[Nearer] = field(default_factory=list)
    _texts: set[str] = field(default_factory=set)
    _ordered: Iterator[Edit] = field(init=False)

    def __post_init__(self, sources: Iterable[Source]) -> None:
        self._texts.add(self.source)
        self._ordered = _ordered(sources)

    def run(self, share: float = 1.0) -> Twin | None:
        """The best twin, full twins before partial ones; None if no edit helps within that share of the budget.

        Among full twins the cheapest edit wins; the search continues a little after the first. A second call resumes
        the search.
        """
        last_cost, left_beyond = float("inf"), _MOST_BEYOND
        while self.tried < self.budget * share and left_beyond > 0:
            batch = self._batch(self._ordered, last_cost)
            if not batch:
                break
            for twin in self._try(batch):
                self.twins.append(twin)
                if twin.full and twin.sound:
                    last_cost = min(last_cost, twin.edit.cost + _BEYOND)
            if last_cost < float("inf"):
                left_beyond -= len(batch)
        return self.best()

    def passes(self, text: str) -> bool | None:
        """Whether a text passes all cases and most further inputs, in 1 or 2 trials; None if the budget is used up."""
        if self.tried >= self.budget:
            return None
        self.tried += 1
        with self._charged(self.max_steps):
            (first,) = self.trials.passed([text], self.cases.chosen, max_steps=self.max_steps, all_or_none=True)
        if not all(first):
            return False
        self.tried += 1
        others = [case for case in self.cases.failing if case not in self.cases.chosen]
        if not all(self._all_pass(text, [*others, *self.cases.passing])):
            return False
        agreement = self.agreement(text)
        return agreement.sound and agreement.mended >= agreement.left

    def ranked(self) -> list[Twin]:
        """Full twins, sound ones first, then by cost; then partial twins, by their line's votes, then by worth."""
        full = sorted(
            (t for t in self.twins if t.full), key=lambda twin: (not twin.sound, twin.edit.cost, twin.edit.size)
        )
        return [*full, *self._by_votes([twin for twin in self.twins if not twin.full])]

    def ranked_nearer(self) -> list[Nearer]:
        return self._by_votes(self.nearer)

    def _by_votes(self, found: Sequence[_Found]) -> list[_Found]:
        votes: dict[int, float] = defaultdict(float)
        for one in found:
            votes[self.line(one)] += one.worth
        return sorted(found, key=lambda one: (-votes[self.line(one)], -one.worth, one.edit.start, one.edit.text))

    def line(self, found: Twin | Nearer) -> int:
        return self.source.count("\n", 0, found.edit.blame[0])

    def best(self) -> Twin | None:
        return next(iter(self.ranked()), None)

    def _batch(self, ordered: Iterator[Edit], last_cost: float) -> dict[str, Edit]:
        """The next texts for a trial, each with its cheapest edit."""
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
        with self._charged(self.max_steps):
            outcomes = self.trials.values(texts, self.cases.chosen, max_steps=self.max_steps)
        found = []
        for text, cases in zip(texts, outcomes, strict=True):
            if any(passed for passed, _ in cases):
                found.append(self._twin(edits[text], text, [passed for passed, _ in cases]))
            else:
                gain = self._gain([got for _, got in cases])
                if gain > _LEAST_GAIN:
                    self.nearer.append(Nearer(edits[text], gain))
        return [twin for twin in found if twin is not None]

    def _gain(self, got: Sequence[str | None]) -> float:
        before, expected = self.cases.got, self.cases.expected
        gains = [nearness(b, e) - nearness(a, e) for a, b, e in zip(before, got, expected, strict=True)]
        return sum(gains) / len(gains) if min(gains) >= 0 else 0.0

    def _twin(self, edit: Edit, text: str, first: Sequence[bool]) -> Twin | None:
        """The twin of an edit that makes a chosen case pass; None if it is no twin."""
        chosen = self.cases.chosen
        self.tried += 1
        if not all(self._all_pass(text, self.cases.passing)):
            return None
        others = [case for case in self.cases.failing if case not in chosen]
        passed = self._all_pass(text, others)
        rest = others[len(passed) :]
        if rest:
            with self._charged(self.max_steps):
                passed += self.trials.passed([text], rest, max_steps=self.max_steps)[0]
        fixed = sum(first) + sum(passed)
        full = fixed == len(self.cases.failing)
        if not full and edit.kind in self.all_or_nothing:
            return None
        return Twin(edit, full, fixed, not full or (self.keeps(edit) and self.agreement(text).sound))

    def _all_pass(self, text: str, cases: Sequence[int]) -> list[bool]:
        """Whether each of the cases passes, up to the first that does not."""
        if not cases:
            return []
        with self._charged(_MANY_STEPS):
            (passed,) = self.trials.passed([text], cases, max_steps=_MANY_STEPS, all_or_none=True)
        return passed

    @contextmanager
    def _charged(self, steps: int) -> Iterator[None]:
        """Charges many trials for a text that uses up its time or its steps."""
        timeouts, exceeded = self.trials.timeouts, self.trials.exceeded
        yield
        self.tried += _TIMEOUT * (self.trials.timeouts - timeouts)
        self.tried += steps * (self.trials.exceeded - exceeded) // _STEPS_A_TRIAL


def _ordered(sources: Iterable[Source]) -> Iterator[Edit]:
    """All edits by rising cost, made on demand."""
    waiting = sorted(sources, key=lambda source: -LEAST[source.name])
    heap: list[tuple[Any, ...]] = []
    count = 0
    while waiting or heap:
        while waiting and (not heap or LEAST[waiting[-1].name] <= heap[0][0]):
            for edit in waiting.pop().make():
                count += 1
                heapq.heappush(heap, (edit.cost, edit.size, edit.start, edit.text, edit.blame, edit.kind, count, edit))
        if heap:
            yield heapq.heappop(heap)[-1]
