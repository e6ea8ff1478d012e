"""A trainer that is asked to stop, at the hook that verl calls at a step's end; tests/slurm does it in a whole training."""

import json

import pytest
from omegaconf import OmegaConf

from verl_egca.training.stop import StopsOnRequest


class Step:
    """What of verl's trainer the mixin uses, at the end of one step of ten; `done` says in which order."""

    def __init__(self, run_dir, step, save_freq):
        self.run_dir, self.global_steps, self.total_training_steps = run_dir, step, 10
        self.config = OmegaConf.create({"trainer": {"save_freq": save_freq}})
        self.timing_raw, self.done = {}, []

    def _save_checkpoint(self):
        self.done.append("checkpoint")

    def on_step_end(self):
        self.done.append("weights to the rollout")


class Trainer(StopsOnRequest, Step):
    pass


def end_of_step(run_dir, step=4, save_freq=-1, asked=True):
    if asked:
        (run_dir / "stop").touch()
    trainer = Trainer(run_dir, step, save_freq)
    trainer.on_step_end()
    return trainer


def test_the_step_is_saved_where_verl_saves_and_is_the_last(tmp_path):
    trainer = end_of_step(tmp_path)
    assert trainer.done == ["checkpoint", "weights to the rollout"]
    assert trainer.total_training_steps == 4
    assert json.loads((tmp_path / "stopped.json").read_text()) == {"step": 4}


@pytest.mark.parametrize(("save_freq", "saves"), [(1, 0), (2, 0), (3, 1)])
def test_a_step_that_verl_has_saved_is_not_saved_twice(tmp_path, save_freq, saves):
    assert end_of_step(tmp_path, save_freq=save_freq).done.count("checkpoint") == saves


def test_without_a_request_training_goes_on(tmp_path):
    trainer = end_of_step(tmp_path, asked=False)
    assert trainer.done == ["weights to the rollout"]
    assert trainer.total_training_steps == 10


def test_the_last_step_ends_as_ever(tmp_path):
    assert end_of_step(tmp_path, step=10).done == ["weights to the rollout"]
    assert not (tmp_path / "stopped.json").exists()
