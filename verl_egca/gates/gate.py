"""The gates: each sample goes to exactly one mode, decided by rules alone (paper, gates).

- SYNTAX: it does not compile, or its first failing case ends in a run-time error (an exception, a crash, no memory).
- CONSTRAINT: it breaks a constraint of its problem.
- CORRECT: all cases pass.
- LOGIC: the rest. It runs and gives wrong values, or no value in its time.

Where cases fail in several ways the first failing case decides, as it is the one that is localized.
"""

from __future__ import annotations

from typing import Protocol

from verl_egca.execution.verdict import Outcome, Verdict
from verl_egca.gates.mode import Mode
from verl_egca.problem import Problem

_RUN_TIME_ERRORS = frozenset(
    {Outcome.SYNTAX, Outcome.IMPORT, Outcome.EXCEPTION, Outcome.CRASHED, Outcome.MEMORY, Outcome.FORGED}
)


class ConstraintGate(Protocol):
    """Decides whether a program keeps its problem's constraints (the paper's ``I_C`` and ``I_cmp``)."""

    def broken(self, problem: Problem, program: str) -> str | None:
        """The constraint that the program breaks, in words; None if it keeps all."""
        ...


class NoConstraints:
    """Every program keeps the constraints: none are checked."""

    def broken(self, problem: Problem, program: str) -> str | None:
        return None


def gate(problem: Problem, program: str, verdict: Verdict, constraints: ConstraintGate) -> Mode:
    """The sample's mode. ``verdict`` must be one on the program, not on a failure of the sandbox."""
    failure = verdict.first_failure
    if failure is not None and failure.outcome in _RUN_TIME_ERRORS:
        return Mode.SYNTAX
    if constraints.broken(problem, program) is not None:
        return Mode.CONSTRAINT
    return Mode.CORRECT if verdict.passed else Mode.LOGIC
