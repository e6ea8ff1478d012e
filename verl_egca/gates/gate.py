"""The gates: each sample goes to exactly one mode, decided by rules alone (paper, gates).

- SYNTAX: it does not compile, or its first failing case ends in a run-time error (an exception, a crash, no memory).
- CONSTRAINT: it breaks a constraint of its problem (the paper's ``I_C = 0``).
- CORRECT: all cases pass.
- LOGIC: the rest. It runs and gives wrong values, or no value in its time. It becomes CONSTRAINT if it is not comparable
  with the reference (``I_cmp = 0``), which takes more runs: `ConstraintGate.incomparable`.

Where cases fail in several ways the first failing case decides, as it is the one that is localized. A mode says where the
advantage goes, not what the reward is: that is up to the tests alone.
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
        """What sets a failing program apart from the reference; None if they are comparable, or nobody asks.

        It is asked before localization, and again (``localized``) where that proved nothing; ``found`` is its guess.
        """
        ...


class NoConstraints:
    """Every program keeps the constraints and is comparable: nothing is checked."""

    def broken(self, problem: Problem, program: str) -> Broken | None:
        return None

    def incomparable(self, sample: FailingSample, found: Localization | None, *, localized: bool) -> Broken | None:
        return None


class Gated(NamedTuple):
    """A mode, and for CONSTRAINT what is broken."""

    mode: Mode
    broken: Broken | None = None


def gate(problem: Problem, program: str, verdict: Verdict, constraints: ConstraintGate) -> Gated:
    """The sample's mode. ``verdict`` must be one on the program, not on a failure of the sandbox."""
    failure = verdict.first_failure
    if failure is not None and failure.outcome in _RUN_TIME_ERRORS:
        return Gated(Mode.SYNTAX)
    broken = constraints.broken(problem, program)
    if broken is not None:
        return Gated(Mode.CONSTRAINT, broken)
    return Gated(Mode.CORRECT if verdict.passed else Mode.LOGIC)
