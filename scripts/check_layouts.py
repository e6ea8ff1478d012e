#!/usr/bin/env python
"""verl's Megatron engine in every parallel layout, on the CPU, against plain torch in float64: a table.

    .venv/bin/python scripts/check_layouts.py --out layouts

Each case builds a random model of DeepSeek-Coder's (or Qwen2.5-Coder's) shape under its layout, one process per rank,
and runs two training steps, a checkpoint, a resume under another layout, and a rollout; `layouts.findings` has the
checks. Controls plant a fault and pass if it is found. ``--out`` gets the table, ``layouts.md``, and all results,
``layouts.json``. The exit status is 1 if a case fails.
"""

from __future__ import annotations

import json
import logging
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.status import Status

if TYPE_CHECKING:
    from layouts.findings import Findings

console = Console(highlight=False, width=150)


def main(
    only: Annotated[str | None, typer.Option(help="names of cases, or their beginnings, separated by commas")] = None,
    out: Annotated[Path | None, typer.Option(help="a folder for layouts.md and layouts.json")] = None,
    show: Annotated[bool, typer.Option("--list", help="only show the cases")] = False,
) -> None:
    from layouts.cases import CASES
    from layouts.layout import Case

    if show:
        for name, case in CASES.items():
            console.print(
                f"{name:34} {case.layout}; {case.model}; {case.fault.value if case.fault else case.objective}"
            )
        return
    cases = _chosen(CASES, only)
    savers = {case.resumes for case in cases.values() if case.resumes and case.resumes not in cases}
    console.print(
        f"{len(cases)} cases"
        + (f", and {len(savers)} more for the checkpoints that they resume" if savers else "")
        + f": about {(20 + 12 * len(cases) + 6 * len(savers)) // 60 + 1} minutes on two cores"
    )
    wanted: dict[str, Case] = {**{name: replace(CASES[name], resumes=None) for name in savers}, **cases}
    rows = _run(wanted, set(cases))
    if out:
        _write(out, rows, cases)
    wrong = [name for name, row in rows.items() if not row["as_expected"]]
    console.print(
        f"{len(rows) - len(wrong)} of {len(rows)} as they must be" + (f", not {', '.join(wrong)}" if wrong else "")
    )
    if wrong:
        raise typer.Exit(1)


def _chosen(cases: dict, only: str | None) -> dict:
    if only is None:
        return cases
    chosen = {}
    for wanted in filter(None, only.split(",")):
        found = {wanted: cases[wanted]} if wanted in cases else {n: c for n, c in cases.items() if n.startswith(wanted)}
        if not found:
            raise typer.BadParameter(f"no case is called {wanted!r}; --list shows them all", param_hint="--only")
        chosen |= found
    return {name: case for name, case in cases.items() if name in chosen}


class Log:
    """Prints results as they arrive, and keeps a row for each case asked for."""

    def __init__(self, wanted: dict, asked: set[str], status: Status) -> None:
        self.rows: dict[str, dict] = {}
        self._wanted, self._asked, self._status = wanted, asked, status
        self._started = time.monotonic()

    def began(self, name: str) -> None:
        self._status.update(name)

    def found(self, name: str, findings: Findings) -> None:
        if name in self._asked:
            broken = sorted(findings.broken())
            expected = findings.as_expected(self._wanted[name])
            self.rows[name] = {**findings.as_row(), "broken": broken, "as_expected": expected}
            self._say(name, expected, f"breaks {' '.join(broken)}" if broken else "holds")

    def failed(self, name: str, words: str) -> None:
        self.rows[name] = {"failed": words, "as_expected": False}
        self._say(name, False, f"failed: {words}")

    def _say(self, name: str, expected: bool, words: str) -> None:
        start = "as it must" if expected else "NOT AS IT MUST"
        console.print(f"{start:14} {time.monotonic() - self._started:5.0f} s  {name}: {words}", markup=False)


def _run(wanted: dict, asked: set[str]) -> dict[str, dict]:
    _prepare()
    from layouts.ranks import run_cases

    with tempfile.TemporaryDirectory(prefix="egca-layouts-") as folder, console.status("making models") as status:
        log = Log(wanted, asked, status)
        run_cases(wanted, Path(folder), log)
    return log.rows


def _prepare() -> None:
    """Prepare this process for the engine, and import modules once for all forked ranks."""
    import os

    os.environ["EGCA_CPU_ROLLOUT_THREADS"] = "1"  # one core per rank
    os.environ["TQDM_DISABLE"] = "1"
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    from verl_egca import cpu

    cpu.install()
    import megatron.bridge  # noqa: F401
    import verl.models.mcore.bridge
    import verl.models.mcore.mbridge  # noqa: F401

    import layouts.experiment  # noqa: F401


def _write(out: Path, rows: dict[str, dict], cases: dict) -> None:
    from layouts.findings import Findings
    from layouts.table import markdown

    out.mkdir(parents=True, exist_ok=True)
    found = {
        name: (case, Findings.from_row({key: row[key] for key in row if key not in ("broken", "as_expected")}))
        for name, case in cases.items()
        if "failed" not in (row := rows[name])
    }
    (out / "layouts.md").write_text(markdown(found))
    described = {
        name: {
            "layout": case.settings(),
            "ranks": case.layout.ranks,
            "model": case.model,
            "objective": str(case.objective),
            "fault": case.fault.value if case.fault else None,
            **row,
        }
        for name, row in rows.items()
        for case in [cases.get(name)]
        if case
    }
    (out / "layouts.json").write_text(json.dumps(described, indent=1) + "\n")
    console.print(f"written: {out / 'layouts.md'}, {out / 'layouts.json'}")


if __name__ == "__main__":
    typer.run(main)
