"""The whole running loop, once: verl's trainer, Ray, Megatron's engine on two ranks, started as a user starts it.

The run's rule is the default one. ``probe/one_loop.py`` adds what verl's GRPO and uniform credit would give, and codes the last
step's advantages, so that each must reach the policy loss at its own token. ``tests/engine`` does that in every layout of the
engine alone, with controls that must fail.
"""

import json
from pathlib import Path

import pytest
import yaml

from ..commands import egca
from .looped import check_codes, looped

pytestmark = pytest.mark.loop

STEPS = 2
SAMPLES = 32  # 4 prompts, 8 samples each


@pytest.fixture(scope="module")
def run(recipe, tmp_path_factory):
    return looped(recipe, "loop", tmp_path_factory.mktemp("loop"), STEPS, f"egca.timeline=[{STEPS}]")


def command(*arguments):
    done = egca(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_shows_its_steps_and_leaves_what_it_says(run):
    shown = [line for line in run.shown.splitlines() if line.startswith("step ")]
    assert [line.split()[1] for line in shown] == ["1/2", "2/2"]
    config = yaml.safe_load((run.path / "config.yaml").read_text())
    assert config["egca"]["localizer"] == "egca"
    assert config["actor_rollout_ref"]["actor"]["strategy"] == "megatron"
    assert [row["step"] for row in run.rows()] == [1, 2]
    assert (run.path / "checkpoints/latest_checkpointed_iteration.txt").read_text() == "2"


def test_every_step_reports_the_metrics_of_the_method(run):
    modes = [f"egca/mode/{mode}" for mode in ("correct", "logic", "syntax", "constraint")]
    wanted = {
        *modes,
        *("egca/localized_share", "egca/failed_samples_total", "egca/no_variance_share", "egca/reward_s_p50"),
        *("egca/reward_s_p95", "egca/critical_path_s", "egca/overhead_share", "actor/kl_loss", "actor/pg_loss"),
    }
    for row in run.rows():
        assert wanted <= row.keys()
        assert sum(row[mode] for mode in modes) == pytest.approx(1)
        assert row["egca/failed_samples_total"] == 0


def test_the_engine_computes_the_model_and_says_how_well(run):
    first, second = run.rows()
    assert first["egca/guard/mean"] < 1e-5
    assert "egca/guard/mean" not in second
    for row in (first, second):
        assert row["egca/rollout_mismatch/measured"] == 1
        assert row["egca/rollout_mismatch/largest"] < 1e-5


def test_a_steps_timeline_agrees_with_its_metrics(run):
    assert [path.name for path in (run.path / "timeline").iterdir()] == [f"step-{STEPS}.json"]
    trace = json.loads((run.path / f"timeline/step-{STEPS}.json").read_text())
    row = run.rows()[-1]
    spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    for phase in ("step", "gen", "old_log_prob", "ref", "adv", "update_actor", "update_weights", "save_checkpoint"):
        (span,) = [span for span in spans if span["name"] == phase]
        assert span["dur"] / 1e6 == pytest.approx(row[f"timing_s/{phase}"], abs=2e-3)
    on_path = [span["dur"] / 1e6 for span in spans if (span["pid"], span["tid"]) == (1, 2)]
    assert sum(on_path) == pytest.approx(row["egca/critical_path_s"], abs=1e-4)
    (step,) = [span for span in spans if span["name"] == "step"]
    rewards = [span for span in spans if "args" in span]
    assert len(rewards) == SAMPLES
    assert all(step["ts"] < span["ts"] and span["ts"] + span["dur"] < step["ts"] + step["dur"] for span in rewards)
    correct = sum(span["name"] == "CORRECT" for span in rewards)
    assert correct / len(rewards) == row["egca/mode/correct"]


def test_failing_samples_are_recorded_and_the_blamed_tokens_alone_have_an_advantage(run):
    rows = run.rows("localizations.jsonl")
    assert rows
    for row in rows:
        assert row["mode"] in ("LOGIC", "SYNTAX")
        assert row["program"].startswith("def ")
        json.dumps(row["evidence"])
        blamed = sum(end - start for start, end in row["token_spans"]) or row["response_tokens"]
        assert row["credited_tokens"] == (blamed if row["advantage"] else 0)
    localized = [row for row in rows if row["not_localized"] is None]
    assert localized
    assert all(0 < row["credited_tokens"] < row["response_tokens"] for row in localized if row["advantage"])
    for step in run.rows():
        assert step["egca/localized_share"] == pytest.approx(share_localized(rows, step["step"]))


def share_localized(rows, step):
    of_step = [row for row in rows if row["step"] == step]
    return sum(row["not_localized"] is None for row in of_step) / len(of_step) if of_step else 0.0


def test_where_nobody_is_blamed_the_advantages_are_verls_grpos_bit_for_bit(run):
    assert len(run.sent) == STEPS
    for step in run.sent:
        assert any(step["grpo"])
        assert step["uniform"] == step["grpo"]
    assert any(step["estimated"] != step["grpo"] for step in run.sent)  # and where somebody is, they differ


def test_every_advantage_reaches_the_policy_loss_bit_equal_once_and_at_its_own_token(run):
    *earlier, coded = run.sent
    for step in earlier:
        assert step["sent"] == step["estimated"]
        calls = [call for call in run.received if call["at"] < coded["at"]]
        assert sorted(value for call in calls for value in call["advantages"]) == sorted(step["sent"])
    check_codes(run)


def test_its_page_and_its_programs_can_be_looked_at(run):
    written = Path(command("report", run.path).strip())
    page = written.read_text()
    assert page.startswith("<!doctype html>")
    row = next(row for row in run.rows("localizations.jsonl") if row["not_localized"] is None)
    assert row["task_id"] in page
    shown = command("inspect", run.path, "--step", row["step"], "--limit", 100)
    assert row["task_id"] in shown
    assert row["localizer"] in shown
