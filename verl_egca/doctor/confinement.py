"""The sandbox on this machine: starts a worker, checks its layers, and judges two programs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from verl_egca.execution.confinement.layers import COVERS, Coverage, Layer, coverage, uncovered
from verl_egca.execution.confinement.remedies import Hint, hints
from verl_egca.execution.limits import ConfinementError, Limits
from verl_egca.execution.sandbox import Sandbox, SandboxError
from verl_egca.problem import AssertionTests, Problem

_PROBLEM = Problem(task_id="doctor", prompt="", tests=AssertionTests(assertions=("assert f(1) == 2",)), entry_point="f")
_RIGHT, _WRONG = "def f(x):\n    return x + 1\n", "def f(x):\n    return x - 1\n"


@dataclass(frozen=True, slots=True)
class LayerState:
    """``reason``: why the layer is not in force; empty if it is."""

    layer: Layer
    in_force: bool
    reason: str
    covers: str


@dataclass(frozen=True, slots=True)
class SandboxState:
    """``works``: a right program passed and a wrong one did not. Times in seconds; None if not reached."""

    coverage: Coverage
    works: bool
    layers: tuple[LayerState, ...]
    gaps: tuple[str, ...]
    hints: tuple[Hint, ...]
    start_seconds: float | None
    verdict_seconds: float | None
    error: str


def examine_sandbox(withhold: Sequence[Layer] = ()) -> SandboxState:
    with Sandbox(Limits(), withhold=withhold) as sandbox:
        began = time.perf_counter()
        try:
            layers, reasons = sandbox.check(), sandbox.reasons()
            started = time.perf_counter()
            works, error = _judges_rightly(sandbox)
            ended = time.perf_counter()
        except ConfinementError as refused:
            return _state(refused.layers, refused.reasons, False, None, None, str(refused))
        except (SandboxError, OSError) as failed:
            return _state((), {}, False, None, None, str(failed))
    return _state(layers, reasons, works, started - began, ended - started, error)


def _judges_rightly(sandbox: Sandbox) -> tuple[bool, str]:
    right, wrong = sandbox.run(_PROBLEM, _RIGHT), sandbox.run(_PROBLEM, _WRONG)
    if right.passed and not wrong.passed and wrong.cases[0].got == "0":
        return True, ""
    found = ", ".join(f"{case.outcome} (got {case.got})" for case in (*right.cases, *wrong.cases))
    return False, f"a right and a wrong program were judged: {found}"


def _state(
    layers: Sequence[Layer],
    reasons: dict[str, str],
    works: bool,
    start_seconds: float | None,
    verdict_seconds: float | None,
    error: str,
) -> SandboxState:
    started = bool(layers or reasons)
    states = tuple(
        LayerState(layer, layer in layers, "" if layer in layers else reasons.get(layer, "unknown"), COVERS[layer])
        for layer in Layer
    )
    return SandboxState(
        coverage=coverage(layers),
        works=works,
        layers=states if started else (),
        gaps=tuple(uncovered(layers)) if started else (),
        hints=tuple(hints({Layer(name): reason for name, reason in reasons.items()})),
        start_seconds=start_seconds,
        verdict_seconds=verdict_seconds,
        error=error,
    )
