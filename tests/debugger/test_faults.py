"""A step beside a debugger that goes wrong, by the command that tells of all faults (scripts/check_debugger_faults.py)."""

from dataclasses import asdict

import pytest

from debugging.step import run_step

from .replay_server import Fault


@pytest.mark.parametrize("fault", [None, *Fault], ids=lambda fault: fault or "none")
def test_a_fault_costs_its_answers_and_nothing_else(fault):
    row = run_step(fault)
    assert row.same_rewards, asdict(row)
    assert row.expected, asdict(row)
    assert row.left == "", asdict(row)
