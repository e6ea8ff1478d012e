"""A problem as a list of decisions: a body with slots, each with a right text and wrong ones."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Slot:
    """One decision. ``wrong``: near misses, as a hurried programmer would write."""

    right: str
    wrong: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        return (self.right, *self.wrong)


@dataclass(frozen=True, slots=True)
class Task:
    """One problem of a family. ``body`` has a ``$`` for each slot, in order; ``pool`` has arguments for tests."""

    family: str
    parameters: str
    doc: str
    body: str
    slots: tuple[Slot, ...]
    pool: tuple[tuple[Any, ...], ...]

    @property
    def prompt(self) -> str:
        return f'def {self.family}({self.parameters}):\n    """{self.doc}"""\n'

    @property
    def reference(self) -> str:
        return self.fill([0] * len(self.slots))

    def fill(self, choices: Sequence[int]) -> str:
        """The body with an option for each slot; 0 is the right one."""
        text = self.body
        for slot, choice in zip(self.slots, choices, strict=True):
            text = text.replace("$", slot.options[choice], 1)
        return "".join(f"    {line}\n" for line in text.split("\n") if line.strip())

    def near_misses(self) -> Iterator[str]:
        """The bodies with exactly one wrong decision."""
        for place, slot in enumerate(self.slots):
            for choice in range(1, len(slot.options)):
                yield self.fill([choice if i == place else 0 for i in range(len(self.slots))])

    def attempt(self, rng: random.Random, noise: float) -> str:
        """A body in which each decision is wrong with probability ``noise``."""
        return self.fill(
            [rng.randrange(1, len(s.options)) if s.wrong and rng.random() < noise else 0 for s in self.slots]
        )
