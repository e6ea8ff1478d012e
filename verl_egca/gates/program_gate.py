"""The gate that training and ``egca localize`` use: the problem's constraints, and comparability with its reference."""

from __future__ import annotations

import logging

from verl_egca.config.choices import COMPARABILITY, SIMILARITY, Comparability
from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.check import Broken, broken_constraint
from verl_egca.gates.comparability import similarity
from verl_egca.gates.complexity import measured_complexity
from verl_egca.problem import Problem

logger = logging.getLogger(__name__)


class ProgramGate:
    """``comparability`` says when a failing program that is unlike the reference goes to CONSTRAINT.

    paper     always, before anything is localized
    unproven  where localization has proven nothing. What is proven needs no likeness: the edit that makes the program
              pass is the program's own. A guess mostly rests on the two traces, and they tell little where the programs
              do different things
    off       never
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        constraints: bool = True,
        comparability: Comparability = COMPARABILITY,
        similarity: float = SIMILARITY,
    ) -> None:
        self._sandbox = sandbox
        self._constraints, self._comparability, self._similarity = constraints, comparability, similarity

    def broken(self, problem: Problem, program: str) -> Broken | None:
        if not self._constraints or not problem.constraints:
            return None
        try:
            return broken_constraint(
                problem.constraints,
                program,
                problem.entry_point,
                lambda: measured_complexity(self._sandbox, problem, program),
            )
        except Exception:
            logger.exception("egca: constraints of task %s could not be checked; they count as kept", problem.task_id)
            return None

    def incomparable(self, problem: Problem, program: str, *, localized: bool) -> Broken | None:
        asked = {"paper": not localized, "unproven": localized, "off": False}[self._comparability]
        if not asked or problem.reference is None:
            return None
        try:
            found = similarity(program, problem.reference, problem.entry_point)
        except Exception:
            logger.exception("egca: task %s could not be compared with its reference", problem.task_id)
            return None
        if found is None or found >= self._similarity:
            return None
        wanted = f"Have a control flow like the reference's, by {self._similarity:g} or more."
        return Broken("comparability", wanted, f"{found:.2f}.")
