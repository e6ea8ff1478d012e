"""Training on twins in one plain process, as scripts/experiment does, beside verl's trainer: the same rows, the same gradients."""

import pytest

from experiment.plain import Trainer
from experiment.recipe import Recipe
from experiment.rules import RULES
from experiment.scoring import Scorer
from starter.policy import load
from starter.policy_path import WEIGHTS
from starter.problems import starter_problems

pytestmark = pytest.mark.loop
RECIPE = Recipe(steps=2, prompts=4, response_tokens=64)


def test_both_have_the_same_twins_and_gradients_of_the_same_norm(recipe, hard, tmp_path):
    run = recipe(
        "plain-twins", f"TRAIN={hard}", *RECIPE.overrides(0), "egca.twins=failed_groups", "trainer.save_freq=-1"
    )
    run.finish()
    scorer = Scorer(load(WEIGHTS)[1], tmp_path / "records.sqlite")
    trainer = Trainer(starter_problems("test"), RECIPE, RULES["twins"], scorer, 0)
    for step in (trainer.step() for _ in range(RECIPE.steps)):
        sampled = len(step.batch.sampled)
        assert run.by_step("critic/score/mean")[step.number] == pytest.approx(float(step.batch.rewards.mean()))
        assert run.by_step("egca/twins/rows")[step.number] == step.rows - sampled > 0
        assert run.by_step("actor/grad_norm")[step.number] == pytest.approx(step.update.grad_norm, rel=1e-4)
