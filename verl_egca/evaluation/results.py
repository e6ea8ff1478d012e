"""An evaluation's results, with all settings that repeat it, as one JSON file; and its printed table."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from verl_egca import __version__
from verl_egca.evaluation.evaluate import Evaluation
from verl_egca.evaluation.intervals import RESAMPLES
from verl_egca.evaluation.jobs import sha256
from verl_egca.evaluation.sample_file import SETTINGS, write_json
from verl_egca.execution.limits import Limits


def write_results(folder: Path, problems: Path, samples: Path, evaluation: Evaluation, limits: Limits) -> Path:
    """``results.json`` in the folder. The samples' settings are those beside them, or null."""
    settings = samples.parent / SETTINGS
    out = folder / "results.json"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(
        out,
        {
            **asdict(evaluation),
            "problems": {"path": str(problems), "sha256": sha256(problems)},
            "generated": {
                "path": str(samples),
                "sha256": sha256(samples),
                "settings": json.loads(settings.read_text(encoding="utf-8")) if settings.exists() else None,
            },
            "judged": {
                "by": f"verl_egca {__version__}",
                "python": platform.python_version(),
                "limits": limits.model_dump(),
                "confinement": evaluation.confinement,
            },
            "methods": {"pass_at": "Chen et al. 2021, equation 1", "intervals": sorted(_methods([evaluation]))},
        },
    )
    return out


def results_table(evaluations: Mapping[str, Evaluation]) -> Table:
    """A row for each file and k; the caption names the kinds of interval."""
    said = "; ".join(sorted(_methods(evaluations.values())))
    table = Table(caption=f"95 % intervals over tasks: {said}" if said else None, caption_justify="left")
    for column in ("problems", "tasks", "samples", "pass", "k", "pass@k", "95 %"):
        table.add_column(column, justify="left" if column == "problems" else "right", no_wrap=True)
    for name, evaluation in evaluations.items():
        counted = [str(number) for number in (evaluation.tasks, evaluation.samples, evaluation.passed)]
        for k, estimate in evaluation.pass_at.items():
            if estimate is None:
                table.add_row(name, *counted, str(k), "a task has fewer samples", "")
                continue
            found = evaluation.intervals[k]
            shown = "" if found is None else f"{found.low:.1%} to {found.high:.1%}"
            table.add_row(name, *counted, str(k), f"{estimate:.1%}", shown)
    return table


def _methods(evaluations: Any) -> set[str]:
    words = {
        "Wilson": "Wilson's score (1927)",
        "bootstrap": f"percentile bootstrap (Efron and Tibshirani 1993), {RESAMPLES:,} resamples",
    }
    return {words[found.method] for one in evaluations for found in one.intervals.values() if found is not None}
