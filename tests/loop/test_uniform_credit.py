"""Runs with uniform credit under the mean normalisation, which plain GRPO must equal: killed, by verl's own rule, on another engine."""

import time

import pytest

from .recipe import kill_all_at_once

pytestmark = pytest.mark.loop


@pytest.fixture(scope="module")
def uniform_run(recipe):
    """Three steps, undisturbed."""
    run = recipe("uniform", "egca.localizer=uniform", "egca.normalisation=mean", "trainer.total_training_steps=3")
    run.finish()
    return run


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


def test_another_engine_takes_the_same_step(recipe, uniform_run):
    overrides = ["egca.localizer=uniform", "egca.normalisation=mean", "trainer.save_freq=-1"]
    run = recipe("fsdp2", "ENGINE=fsdp2", *overrides, "trainer.total_training_steps=1")
    run.finish()
    assert run.by_step("egca/advantages_crc32")[1] == uniform_run.by_step("egca/advantages_crc32")[1]
    assert run.by_step("actor/grad_norm")[1] == pytest.approx(uniform_run.by_step("actor/grad_norm")[1], rel=1e-4)


def test_failing_samples_are_credited_with_all_of_their_tokens_or_none(uniform_run):
    rows = uniform_run.rows("localizations.jsonl")
    assert rows
    for row in rows:
        assert row["not_localized"] == "uniform"
        assert row["credited_tokens"] in (0, row["response_tokens"])
