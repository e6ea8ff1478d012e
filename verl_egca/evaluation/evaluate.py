"""``egca evaluate``: which samples pass, and pass@k."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from verl_egca.data.formats import load_problems
from verl_egca.evaluation.jobs import in_order
from verl_egca.evaluation.pass_at_k import mean_pass_at_k
from verl_egca.evaluation.samples import load_samples
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome

_NO_VERDICT = (Outcome.INFRASTRUCTURE, Outcome.UNSUPPORTED)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``pass_at`` holds None where a task has fewer than k samples. ``no_verdict`` samples count as not passed."""

    tasks: int
    samples: int
    passed: int
    no_verdict: int
    pass_at: dict[int, float | None]


def evaluate_file(problems: Path, samples: Path, ks: Sequence[int], workers: int, console: Console) -> Evaluation:
    """Judge every sample. Tasks without samples are left out. Raises BadInput."""
    loaded = load_samples(samples, {problem.task_id: problem for problem in load_problems(problems)})
    outcomes: dict[str, list[bool]] = {}
    no_verdict = 0
    with Sandbox(workers=workers) as sandbox:
        verdicts = in_order(
            loaded, lambda sample: sandbox.run(sample.problem, sample.program.source), workers, console, "evaluating"
        )
        for sample, verdict in zip(loaded, verdicts, strict=True):
            outcomes.setdefault(sample.problem.task_id, []).append(verdict.passed)
            no_verdict += any(case.outcome in _NO_VERDICT for case in verdict.cases)
    return Evaluation(
        tasks=len(outcomes),
        samples=len(loaded),
        passed=sum(map(sum, outcomes.values())),
        no_verdict=no_verdict,
        pass_at={k: mean_pass_at_k(outcomes, k) for k in ks},
    )
