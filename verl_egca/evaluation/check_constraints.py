"""``egca constraints check``: the constraints of a file that references and samples break."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from verl_egca.data.constraint_file import constrained, read_constraints
from verl_egca.data.formats import load_problems
from verl_egca.evaluation.jobs import in_order
from verl_egca.evaluation.samples import load_samples
from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.check import broken_constraints
from verl_egca.gates.complexity import measured_complexity
from verl_egca.problem import Problem

Broken = tuple[str, str, str]  # name of the program, kind, sentence


@dataclass(frozen=True, slots=True)
class Checked:
    problems: int
    references: list[Broken]
    sample_count: int
    samples: list[Broken]


def check_file(constraints: Path, problems: Path, samples: Path | None, workers: int, console: Console) -> Checked:
    """Raises BadInput, SandboxError, ConfinementError. A missing reference breaks nothing."""
    loaded = constrained(load_problems(problems), read_constraints(constraints), constraints, problems)
    given = load_samples(samples, {problem.task_id: problem for problem in loaded}) if samples is not None else []
    programs = [(problem.task_id, problem, problem.reference or "") for problem in loaded]
    programs += [(f"{one.problem.task_id} sample {one.sample_index}", one.problem, one.program.source) for one in given]
    with Sandbox(workers=workers) as sandbox:

        def work(item: tuple[str, Problem, str]) -> list[Broken]:
            name, problem, program = item
            found = broken_constraints(
                problem.constraints,
                program,
                problem.entry_point,
                lambda: measured_complexity(sandbox, problem, program),
            )
            return [(name, one.kind, str(one)) for one in found]

        results = list(in_order(programs, work, workers, console, "check"))
    references = [broken for found in results[: len(loaded)] for broken in found]
    rest = [broken for found in results[len(loaded) :] for broken in found]
    return Checked(len(loaded), references, len(given), rest)
