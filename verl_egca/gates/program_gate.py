"""The gate that training and ``egca localize`` use: the problem's constraints, and comparability with its reference."""

from __future__ import annotations

import logging

from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.check import Broken, broken_constraint
from verl_egca.gates.comparability import COMPARABILITY, SHARE, Comparability
from verl_egca.gates.complexity import measured_complexity
from verl_egca.localization.base import FailingSample, Localization
from verl_egca.localization.options import Options
from verl_egca.localization.share import RepairShare
from verl_egca.problem import Problem

logger = logging.getLogger(__name__)


class ProgramGate:
    """Sends a program whose smallest repair rewrites more than ``share`` to CONSTRAINT, as ``comparability`` says:

    paper     always, before localization
    unproven  where localization proved nothing. A proof needs no comparability: its edit repairs the program itself. A
              guess mostly rests on the two traces, which say little if the programs differ in algorithm
    off       never
    """

    def __init__(
        self,
        sandbox: Sandbox,
        options: Options | None = None,
        *,
        constraints: bool = True,
        comparability: Comparability = COMPARABILITY,
        share: float = SHARE,
    ) -> None:
        """``options`` are the localizer's; a repair gets a part of their budget."""
        self._sandbox = sandbox
        self._constraints, self._comparability, self._share = constraints, comparability, share
        self._repairs = RepairShare(share, options)

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

    def incomparable(self, sample: FailingSample, found: Localization | None, *, localized: bool) -> Broken | None:
        asked = {"paper": not localized, "unproven": localized, "off": False}[self._comparability]
        if not asked or sample.problem.reference is None:
            return None
        try:
            evidence = found.evidence if found is not None else {}
            share = evidence["share"] if "share" in evidence else self._repairs.of(sample)
        except Exception:
            logger.exception("egca: task %s could not be compared with its reference", sample.problem.task_id)
            return None
        if share is None or share <= self._share:
            return None
        wanted = f"Be mended by rewriting at most {_percent(self._share)} of it."
        return Broken("comparability", wanted, f"{_percent(share)} must be rewritten.")


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
