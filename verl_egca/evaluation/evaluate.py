"""``egca evaluate``: outcomes of samples, and pass@k with an interval over problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from rich.console import Console

from verl_egca.data.formats import load_problems
from verl_egca.evaluation.intervals import Interval, interval
from verl_egca.evaluation.jobs import in_order
from verl_egca.evaluation.pass_at_k import pass_at_k_of_tasks
from verl_egca.evaluation.samples import load_samples
from verl_egca.execution.confinement.layers import in_words
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome

_NO_VERDICT = (Outcome.INFRASTRUCTURE, Outcome.UNSUPPORTED)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``pass_at`` is None where a task has fewer than k samples; ``intervals`` also for too few tasks.

    ``no_verdict`` samples count as not passed. ``outcomes``: for each task, whether its samples pass, in their order.
    ``confinement``: the programs' confinement in words.
    """

    tasks: int
    samples: int
    passed: int
    no_verdict: int
    pass_at: dict[int, float | None]
    intervals: dict[int, Interval | None]
    outcomes: dict[str, list[bool]]
    confinement: str


def evaluate_file(
    problems: Path, samples: Path, ks: Sequence[int], workers: int, console: Console, limits: Limits | None = None
) -> Evaluation:
    """Judge every sample. Tasks without samples are left out. Raises BadInput."""
    loaded = load_samples(samples, {problem.task_id: problem for problem in load_problems(problems)})
    outcomes: dict[str, list[bool]] = {}
    no_verdict = 0
    with Sandbox(limits, workers=workers) as sandbox:
        verdicts = in_order(
            loaded, lambda sample: sandbox.run(sample.problem, sample.program.source), workers, console, "evaluating"
        )
        for sample, verdict in zip(loaded, verdicts, strict=True):
            outcomes.setdefault(sample.problem.task_id, []).append(verdict.passed)
            no_verdict += any(case.outcome in _NO_VERDICT for case in verdict.cases)
        confinement = in_words(sandbox.check())
    estimates = {k: pass_at_k_of_tasks(outcomes, k) for k in ks}
    return Evaluation(
        tasks=len(outcomes),
        samples=len(loaded),
        passed=sum(map(sum, outcomes.values())),
        no_verdict=no_verdict,
        pass_at={k: None if found is None else fmean(found) for k, found in estimates.items()},
        intervals={k: None if found is None else interval(found) for k, found in estimates.items()},
        outcomes=outcomes,
        confinement=confinement,
    )
