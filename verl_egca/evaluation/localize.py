"""``egca localize``: a row for each sample, in their order: mode, verdict and blame."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from verl_egca.assessment import Assessment, Assessor
from verl_egca.data.formats import load_problems
from verl_egca.debugger.client import Debugger
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.evaluation.jobs import ResumableOutput, digest, in_order
from verl_egca.evaluation.samples import Sample, load_samples
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.program_gate import ProgramGate
from verl_egca.gates.settings import GateSettings
from verl_egca.localization.base import Localization
from verl_egca.localization.evidence import bounded
from verl_egca.localization.options import Options
from verl_egca.localization.registry import localizer_class
from verl_egca.response import ExtractedProgram
from verl_egca.source import SourceText

LOST_S = 60.0  # for questions without an answer, in all


def localize_file(
    problems: Path,
    samples: Path,
    out: Path,
    *,
    localizer: str,
    workers: int,
    seed: int,
    resume: bool,
    console: Console,
    options: Options | None = None,
    gates: GateSettings | None = None,
    limits: Limits | None = None,
    debugger: DebuggerSettings | None = None,
) -> Counter[str]:
    """Write ``out``. Returns counts: ``rows``, and the questions to the debugger by outcome.

    A debugger that does not answer costs the whole file at most LOST_S.

    Raises:
        BadInput: a file can't be read.
        ValueError: an unknown localizer, or one that lacks its debugger.
    """
    options, gates = options or Options(), gates or GateSettings()
    kind = localizer_class(localizer)
    asked = Debugger(debugger, allowance_s=LOST_S) if debugger is not None and kind.asks_debugger else None
    chosen = kind(options, asked)
    loaded = load_samples(samples, {problem.task_id: problem for problem in load_problems(problems)})
    made_from = {"problems": digest(problems), "samples": digest(samples), "localizer": localizer, "seed": seed}
    made_from |= {"options": asdict(options), "gates": gates.checks}
    made_from |= {"limits": (limits or Limits()).model_dump(mode="json")}
    if asked is not None:
        made_from |= {"debugger": list(asked.settings.urls)}
    output = ResumableOutput(out, made_from, resume)
    counted: Counter[str] = Counter(rows=len(loaded))
    with Sandbox(limits, workers=workers) as sandbox, output, contextlib.ExitStack() as stack:
        if asked is not None:
            stack.callback(asked.close)
        assessor = Assessor(sandbox, chosen, ProgramGate(sandbox, options, **gates.checks))
        for row in in_order(
            loaded[output.done :], lambda sample: localize(assessor, sample, seed), workers, console, localizer
        ):
            output.write(row)
            if row["debugger"] is not None:
                counted[row["debugger"]["outcome"]] += 1
    return counted


def localize(assessor: Assessor, sample: Sample, seed: int) -> dict[str, Any]:
    """One row. A failure of EGCA itself is not raised; the row has mode null."""
    problem, program = sample.problem, sample.program
    assessment = assessor.assess(problem, program.source, seed=_seed(seed, sample))
    verdict, error = assessment.verdict, assessment.error
    return {
        "task_id": problem.task_id,
        "sample_index": sample.sample_index,
        "mode": assessment.mode,
        "passed": verdict.passed,
        "tests_passed": verdict.tests_passed,
        "tests_total": len(verdict.cases),
        "program": program.source,
        "error": {"type": error.type, "message": error.message, "line": error.line} if error else None,
        "constraint": str(assessment.broken) if assessment.broken else None,
        "localization": _place(assessment.localization, program),
        "ranked": [{"line": line, "end_line": end} for line, end in _ranked(assessment)],
        "not_localized": assessment.not_localized,
        "debugger": asdict(assessment.consulted) if assessment.consulted is not None else None,
    }


def _place(localization: Localization | None, program: ExtractedProgram) -> dict[str, Any] | None:
    """The blamed range, from the first to the last character of its parts.

    ``start`` and ``end`` are offsets into the text of the sample's row; null for a range in the prompt.
    """
    if localization is None:
        return None
    first, last = localization.ranges[0], localization.ranges[-1]
    text = SourceText(program.source)
    given = program.to_response(text.offset(first.line, first.col), text.offset(last.end_line, last.end_col))
    start, end = given if given is not None else (None, None)
    return {
        "localizer": localization.localizer,
        "line": first.line,
        "end_line": last.end_line,
        "col": first.col,
        "end_col": last.end_col,
        "start": start,
        "end": end,
        "confirmed": localization.confirmed,
        "evidence": bounded(localization.evidence),
    }


def _ranked(assessment: Assessment) -> tuple[tuple[int, int], ...]:
    """The best lines of the localization, or of the guess for a program that is not comparable with its reference."""
    found = assessment.localization or assessment.guess
    return found.ranked[:5] if found else ()


def _seed(seed: int, sample: Sample) -> int:
    """A sample's seed, by its task and index, not its place in the file."""
    text = f"{seed}|{sample.problem.task_id}|{sample.sample_index}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
