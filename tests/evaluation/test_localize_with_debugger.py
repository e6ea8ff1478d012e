"""``egca localize`` beside a debugger: what it proves is in the rows, and one that fails costs no row."""

import json

import pytest
from typer.testing import CliRunner

from verl_egca.cli import app
from verl_egca.evaluation import localize

from ..debugger.replay_server import Fault, ReplayServer
from ..problems import SUM_ABOVE_ONE, assertion_problem

PROBLEM = assertion_problem("assert f([1, 2, 3]) == 5", "assert f([]) == 0", reference=SUM_ABOVE_ONE)
WRONG = [SUM_ABOVE_ONE.replace("total += x", f"total += x * {number}") for number in range(2, 8)]
RIGHT = {"statement": 4, "correction": "total += x", "reason": "It is multiplied."}


@pytest.fixture
def localized(tmp_path):
    (tmp_path / "problems.jsonl").write_text(PROBLEM.model_dump_json() + "\n")
    rows = [json.dumps({"task_id": "task", "solution": program}) + "\n" for program in WRONG]
    (tmp_path / "samples.jsonl").write_text("".join(rows))

    def run(*arguments):
        files = [f"--{name}={tmp_path / name}.jsonl" for name in ("problems", "samples", "out")]
        ended = CliRunner().invoke(app, ["localize", *files, *arguments])
        assert ended.exit_code == 0, ended.output
        return ended.output, [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]

    return run


def test_what_the_debugger_proves_is_in_the_rows_and_the_summary(localized):
    with ReplayServer(lambda _: RIGHT) as server:
        shown, rows = localized("--localizer=debugger", f"--debugger-url={server.url}")
    assert "debugger: 6 proven" in shown
    assert {row["localization"]["confirmed"] for row in rows} == {"full"}
    assert {row["debugger"]["outcome"] for row in rows} == {"proven"}


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.REFUSED, Fault.ERROR_500, Fault.NONSENSE])
def test_a_debugger_that_fails_costs_no_row_and_no_more_than_its_allowance(localized, monkeypatch, fault):
    monkeypatch.setattr(localize, "LOST_S", 1.0)
    with ReplayServer(lambda _: RIGHT, fault) as server:
        shown, rows = localized("--localizer=debugger", f"--debugger-url={server.url}")
    assert len(rows) == len(WRONG)
    assert all(row["debugger"]["outcome"] in ("failed", "timeout", "skipped", "refused") for row in rows)
    assert "debugger: " in shown
    if fault is Fault.HANG:
        assert {row["debugger"]["reason"] for row in rows} == {"allowance used up"}
        assert "6 samples got no answer of the debugger" in shown


def test_the_debugger_localizer_without_an_address_is_a_usage_error():
    ended = CliRunner().invoke(app, ["localize", "--problems=a", "--samples=b", "--out=c", "--localizer=debugger"])
    assert ended.exit_code == 2
    assert "--debugger-url" in ended.output
