"""What is written of one localisation: proofs are not believed but run again, CPU time is all that was used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from truth.cost import cpu_seconds
from truth.measure import measured
from truth.sets import Case
from verl_egca.execution.sandbox import Sandbox
from verl_egca.localization.base import FailingSample, Localization, NotLocalized
from verl_egca.localization.confirmed import Confirmed
from verl_egca.source import SourceRange

from ..problems import assertion_problem

PROBLEM = assertion_problem(
    "assert f(1) == 2", "assert f(3) == 4", "assert f(0) == 5", reference="def f(x):\n    ...\n"
)
PROGRAM = "def f(x):\n    return x\n"
ALL = {"start": 14, "end": 22, "text": "return x + 1 if x else 5"}
SOME = {"start": 21, "end": 22, "text": "x + 1"}
NONE = {"start": 21, "end": 22, "text": "x + 2"}


class Fixed:
    """Blames line 2, with a given proof."""

    name = "fixed"

    def __init__(self, confirmed: Confirmed, evidence: Mapping[str, Any]) -> None:
        self._confirmed, self._evidence = confirmed, evidence

    def localize(self, sample: FailingSample) -> Localization:
        return Localization((SourceRange(2, 11, 2, 12),), "fixed", self._confirmed, ((2, 2),), self._evidence)


class Failing:
    name = "failing"

    def __init__(self, error: Exception) -> None:
        self._error = error

    def localize(self, sample: FailingSample) -> Localization:
        raise self._error


def row_of(sandbox: Sandbox, localizer: Any, truth: tuple[tuple[int, ...], ...] | None = ((2,),)) -> Any:
    case = Case("second", PROBLEM, 0, PROGRAM, ("removed term",), truth)
    sample = FailingSample(PROBLEM, PROGRAM, sandbox.run(PROBLEM, PROGRAM), sandbox, 0)
    return measured(case, sample, localizer, sandbox)


@pytest.mark.parametrize(
    ("confirmed", "evidence", "holds"),
    [
        (Confirmed.FULL, {"edit": ALL, "trials": 3}, True),
        (Confirmed.FULL, {"edit": SOME}, False),
        (Confirmed.FULL, {}, False),
        (Confirmed.PARTIAL, {"edits": [SOME]}, True),
        (Confirmed.PARTIAL, {"edit": NONE}, False),
        (Confirmed.NONE, {"edit": NONE}, None),
    ],
)
def test_a_twin_is_run_again_from_its_text(sandbox: Sandbox, confirmed: Any, evidence: Any, holds: bool | None) -> None:
    row = row_of(sandbox, Fixed(confirmed, evidence))
    assert (row.confirmed, row.twin_holds, row.trials) == (confirmed, holds, evidence.get("trials"))
    assert (row.hit1, row.hit3, row.blamed, row.blamed_text) == (True, True, ((2, 2),), "x")


def test_without_a_truth_there_is_neither_hit_nor_miss(sandbox: Sandbox) -> None:
    row = row_of(sandbox, Fixed(Confirmed.NONE, {}), truth=None)
    assert row.hit1 is row.hit3 is None


def test_what_is_not_localized_is_missed_and_a_failure_is_told(sandbox: Sandbox) -> None:
    row = row_of(sandbox, Failing(NotLocalized("no_idea")))
    assert (row.hit1, row.hit3, row.not_localized, row.blamed_share) == (False, False, "no_idea", None)
    broken = row_of(sandbox, Failing(RuntimeError("oh")))
    assert broken.not_localized.startswith("localizer_error")
    assert "RuntimeError: oh" in broken.not_localized


def test_cpu_time_counts_the_living_below_and_the_dead() -> None:
    spin = "import time\nwhile time.process_time() < 0.3: pass\n"
    before = cpu_seconds()
    subprocess.run([sys.executable, "-c", spin], check=True)
    assert cpu_seconds() - before >= 0.28
    # a child of a child that has ended, and a child that still runs
    outer = (
        f"import subprocess, sys\n{spin}subprocess.run([sys.executable, '-c', {spin!r}])\nprint(flush=True)\ninput()"
    )
    before = cpu_seconds()
    with subprocess.Popen([sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert os.getpid() != process.pid
        assert cpu_seconds() - before >= 0.56
        process.communicate(b"\n")
