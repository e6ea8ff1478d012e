"""Training in one plain process, which scripts/experiment compares rules by, beside verl's trainer: the same weights."""

import pytest
import torch
from safetensors.torch import load_file

from experiment.plain import Trainer
from experiment.recipe import Recipe
from experiment.rules import RULES
from experiment.scoring import Scorer
from starter.policy import load
from starter.policy_path import WEIGHTS
from starter.problems import starter_problems

pytestmark = pytest.mark.loop
RECIPE = Recipe(steps=3, prompts=4, response_tokens=64)


@pytest.fixture(scope="module")
def through_verl(recipe):
    run = recipe(
        "plain",
        *RECIPE.overrides(0),
        "egca.span_weight=grpo",
        "actor_rollout_ref.actor.checkpoint.save_contents=[model,hf_model]",
    )
    run.finish()
    return run


@pytest.fixture(scope="module")
def in_one_process(tmp_path_factory):
    scorer = Scorer(load(WEIGHTS)[1], tmp_path_factory.mktemp("known") / "records.sqlite")
    trainer = Trainer(starter_problems("train"), RECIPE, RULES["egca"], scorer, 0)
    return trainer, [trainer.step() for _ in range(RECIPE.steps)]


def test_it_samples_what_verl_samples_and_its_rewards_are_the_same(through_verl, in_one_process):
    _, steps = in_one_process
    rewards = {step.number: sum(r.reward for r in step.batch.records) / len(step.batch.records) for step in steps}
    assert through_verl.by_step("critic/score/mean") == pytest.approx(rewards)
    tokens = {
        step.number: sum(r.response_tokens for r in step.batch.records) / len(step.batch.records) for step in steps
    }
    assert through_verl.by_step("response_length/mean") == pytest.approx(tokens)


def test_its_gradients_have_the_same_norm(through_verl, in_one_process):
    _, steps = in_one_process
    norms = {step.number: step.update.grad_norm for step in steps}
    assert through_verl.by_step("actor/grad_norm") == pytest.approx(norms, rel=1e-5)


def test_its_weights_are_verls_to_1e_5_after_three_steps(through_verl, in_one_process):
    """But for one in 100,000: Adam divides a gradient by its own size, so that where it is all but zero, rounding decides."""
    trainer, _ = in_one_process
    folder = through_verl.path / f"checkpoints/global_step_{RECIPE.steps}/actor/model/huggingface"
    theirs, first = load_file(folder / "model.safetensors"), load_file(WEIGHTS / "model.safetensors")
    ours = trainer.actor.model.state_dict()
    assert theirs.keys() == ours.keys()
    apart = torch.cat([(theirs[name] - ours[name]).abs().flatten() for name in ours])
    moved = torch.cat([(first[name] - ours[name]).abs().flatten() for name in ours])
    assert moved.max() > 5e-4
    assert (apart > 1e-5).sum() <= len(apart) / 100_000
    assert apart.max() < 3e-4  # no more than a step's learning rate
