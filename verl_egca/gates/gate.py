"""The gates: each sample goes to exactly one mode, decided by rules alone (paper, gates).

- SYNTAX: it does not compile, or its first failing case ends in a run-time error (an exception, a crash, no memory).
- CONSTRAINT: it breaks a constraint of its problem (the paper's ``I_C = 0``).
- CORRECT: all cases pass.
- LOGIC: the rest: wrong values, or a timeout. It becomes CONSTRAINT if it is not comparable with the reference
  (``I_cmp = 0``), which takes more runs: `ConstraintGate.incomparable`.

The first failing case decides, as it is the one that is localized. A mode decides the tokens that get the advantage;
the tests alone decide the reward.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from verl_egca.execution.verdict import Outcome, Verdict
from verl_egca.gates.check import Broken
from verl_egca.gates.mode import Mode
from verl_egca.localization.base import FailingSample, Localization
from verl_egca.problem import Problem

_RUN_TIME_ERRORS = frozenset(
    {Outcome.SYNTAX, Outcome.IMPORT, Outcome.EXCEPTION, Outcome.CRASHED, Outcome.MEMORY, Outcome.FORGED}
)


class ConstraintGate(Protocol):
    """Decides whether a program keeps its problem's constraints, and whether it is comparable with the reference."""

    def broken(self, problem: Problem, program: str) -> Broken | None:
        """The constraint that the program breaks; None if it keeps all."""
        ...

    def incomparable(self, sample: FailingSample, found: Localization | None, *, localized: bool) -> Broken | None:
        """The difference between a failing program and the reference; None if they are comparable, or not checked.

        Called before localization, and again (``localized``) if that proved nothing; ``found`` is its guess.
        """
        ...


class NoConstraints:
    """Checks nothing: every program keeps the constraints and is comparable."""

    def broken(self, problem: Problem, program: str) -> Broken | None:
        return None

    def incomparable(self, sample: FailingSample, found: Localization | None, *, localized: bool) -> Broken | None:
        return None


class Gated(NamedTuple):
    """A mode, and for CONSTRAINT the broken constraint."""

    mode: Mode
    broken: Broken | None = None


def gate(problem: Problem, program: str, verdict: Verdict, constraints: ConstraintGate) -> Gated:
    """The sample's mode. ``verdict`` must be on the program, not on a failure of the sandbox."""
    failure = verdict.first_failure
    if failure is not None and failure.outcome in _RUN_TIME_ERRORS:
        return Gated(Mode.SYNTAX)
    broken = constraints.broken(problem, program)
    if broken is not None:
        return Gated(Mode.CONSTRAINT, broken)
    return Gated(Mode.CORRECT if verdict.passed else Mode.LOGIC)
