"""The whole running loop: verl's trainer, Ray, Megatron's engine, started as a user starts it."""

import json
import time

import pytest
import yaml

from .recipe import kill_all_at_once

pytestmark = pytest.mark.loop


def test_a_run_shows_its_steps_and_leaves_what_it_says(uniform_run):
    lines = [line for line in uniform_run.shown.splitlines() if line.startswith("step ")]
    assert [line.split()[1] for line in lines] == ["1/3", "2/3", "3/3"]
    config = yaml.safe_load((uniform_run.path / "config.yaml").read_text())
    assert config["egca"]["localizer"] == "uniform"
    assert config["actor_rollout_ref"]["actor"]["strategy"] == "megatron"
    assert [row["step"] for row in uniform_run.rows()] == [1, 2, 3]
    assert (uniform_run.path / "checkpoints/latest_checkpointed_iteration.txt").read_text() == "3"


def test_every_step_reports_the_metrics_of_the_method(uniform_run):
    wanted = {
        *(f"egca/mode/{mode}" for mode in ("correct", "logic", "syntax", "constraint")),
        *("egca/localized_share", "egca/failed_samples_total", "egca/no_variance_share", "egca/reward_s_p50"),
        *("egca/reward_s_p95", "egca/critical_path_s", "egca/overhead_share", "actor/kl_loss", "actor/pg_loss"),
    }
    for row in uniform_run.rows():
        assert wanted <= row.keys()
        assert sum(row[f"egca/mode/{mode}"] for mode in ("correct", "logic", "syntax", "constraint")) == pytest.approx(
            1
        )
        assert row["egca/failed_samples_total"] == 0


def test_a_steps_timeline_agrees_with_its_metrics(uniform_run):
    assert [path.name for path in (uniform_run.path / "timeline").iterdir()] == ["step-2.json"]
    trace = json.loads((uniform_run.path / "timeline/step-2.json").read_text())
    (row,) = [row for row in uniform_run.rows() if row["step"] == 2]
    spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    for phase in ("step", "gen", "old_log_prob", "ref", "adv", "update_actor", "update_weights", "save_checkpoint"):
        (span,) = [span for span in spans if span["name"] == phase]
        assert span["dur"] / 1e6 == pytest.approx(row[f"timing_s/{phase}"], abs=2e-3)
    on_path = [span["dur"] / 1e6 for span in spans if (span["pid"], span["tid"]) == (1, 2)]
    assert sum(on_path) == pytest.approx(row["egca/critical_path_s"], abs=1e-4)
    (step,) = [span for span in spans if span["name"] == "step"]
    rewards = [span for span in spans if "args" in span]
    assert len(rewards) == 32  # 4 prompts, 8 samples each
    assert all(step["ts"] < span["ts"] and span["ts"] + span["dur"] < step["ts"] + step["dur"] for span in rewards)
    correct = sum(span["name"] == "CORRECT" for span in rewards)
    assert correct / len(rewards) == row["egca/mode/correct"]


def test_uniform_credit_through_our_estimator_is_verls_grpo_bit_for_bit(recipe, uniform_run):
    grpo = recipe("grpo", "algorithm.adv_estimator=grpo", "trainer.total_training_steps=2")
    grpo.finish()
    theirs, ours = grpo.by_step("egca/advantages_crc32"), uniform_run.by_step("egca/advantages_crc32")
    assert theirs == {step: ours[step] for step in (1, 2)}
    assert grpo.by_step("actor/grad_norm")[2] == uniform_run.by_step("actor/grad_norm")[2]


def test_a_run_killed_in_a_step_goes_on_from_its_checkpoint_with_the_same_data(recipe, uniform_run):
    run = recipe("killed", "egca.localizer=uniform", "egca.normalisation=mean", "trainer.total_training_steps=3")
    process = run.start()
    while not (run.path / "data.txt").exists():  # the trainer runs
        assert process.poll() is None, process.communicate()[0][-6000:]
        time.sleep(0.1)
    refused = run.start()
    shown, _ = refused.communicate()
    assert refused.returncode == 2
    assert "in use by a live run" in shown
    while len(run.rows()) < 1:  # step 1 is done and saved; step 2 has begun
        assert process.poll() is None, process.communicate()[0][-6000:]
        time.sleep(0.1)
    kill_all_at_once(process)
    assert (run.path / "checkpoints/latest_checkpointed_iteration.txt").read_text() in ("1", "2")
    assert "continued after step" in run.finish()
    assert [row["step"] for row in run.rows()][-1] == 3
    steps = [row["step"] for row in run.rows("localizations.jsonl")]
    assert steps == sorted(steps)
    assert set(run.tasks_by_step()) == {1, 2, 3}
    # the same seed asks and samples the same, so the failing samples of each step are those of the undisturbed run
    assert run.tasks_by_step() == uniform_run.tasks_by_step()
    assert run.by_step("egca/advantages_crc32")[3] == uniform_run.by_step("egca/advantages_crc32")[3]


def test_failing_samples_are_recorded_with_their_advantage(uniform_run):
    rows = uniform_run.rows("localizations.jsonl")
    assert rows
    for row in rows:
        assert row["mode"] in ("LOGIC", "SYNTAX")
        assert row["program"].startswith("def ")
        assert row["not_localized"] == "uniform"
        assert row["credited_tokens"] in (0, row["response_tokens"])
        json.dumps(row["evidence"])


def test_another_engine_takes_the_same_step(recipe, uniform_run):
    overrides = ["egca.localizer=uniform", "egca.normalisation=mean", "trainer.save_freq=-1"]
    run = recipe("fsdp2", "ENGINE=fsdp2", *overrides, "trainer.total_training_steps=1")
    run.finish()
    assert run.by_step("egca/advantages_crc32")[1] == uniform_run.by_step("egca/advantages_crc32")[1]
    assert run.by_step("actor/grad_norm")[1] == pytest.approx(uniform_run.by_step("actor/grad_norm")[1], rel=1e-4)


def test_the_top_fifth_by_entropy_has_verls_grpos_advantages_and_the_other_tokens_none(recipe):
    run = recipe("entropy", "METHOD=entropy", "trainer.total_training_steps=1", "trainer.save_freq=-1")
    run.finish()
    (row,) = run.rows()
    assert row["egca/entropy_threshold"] > 0
    assert 0 < row["egca/credited_share"] <= 0.21  # tokens of groups without advantages are chosen, too
    for sample in run.rows("localizations.jsonl"):
        assert sample["credited_tokens"] < sample["response_tokens"]
