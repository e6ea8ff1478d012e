"""What the wiring relies on inside verl 0.9.1. A failure names the symbol, and what of ours to look at."""

import inspect
from dataclasses import replace
from importlib.metadata import version

import pytest
from verl.trainer.ppo.v1 import PPOTrainerColocateAsync, PPOTrainerSeparateAsync, PPOTrainerSync

from verl_egca import plugin
from verl_egca.training import upstream
from verl_egca.training.trainer import EGCASync
from verl_egca.training.upstream import MADE_FOR, ON_VERL, OtherVerl, Relied


@pytest.mark.parametrize("relied", ON_VERL, ids=str)
def test_verl_still_has(relied):
    assert relied.lacks() is None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"file": "verl/gone.py"}, "verl/gone.py is gone"),
        ({"symbol": "PPOTrainer.gone"}, "PPOTrainer.gone is gone from verl/trainer/ppo/v1/trainer_base.py"),
        (
            {"takes": ("batch", "gone")},
            "PPOTrainer._balance_batch of verl/trainer/ppo/v1/trainer_base.py takes no gone",
        ),
    ],
    ids=["file", "symbol", "argument"],
)
def test_a_start_names_the_verl_that_it_was_made_for_and_what_is_missing(monkeypatch, changed, says):
    known = Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._balance_batch", "here", takes=("batch",))
    assert upstream.lacking_in([known]) == []
    monkeypatch.setattr(upstream, "ON_VERL", [known, replace(known, **changed)])
    with pytest.raises(OtherVerl) as refused:
        EGCASync(None)
    assert str(refused.value) == (
        f"egca: made for verl {MADE_FOR}; the installed verl {version('verl')} lacks what it builds on: {says}"
    )


@pytest.mark.parametrize(
    ("symbol", "error", "says"),
    [
        ("PPOTrainer.gone", OtherVerl, r"made for verl 0\.9\.1; .* lacks .*PPOTrainer\.gone"),
        ("PPOTrainer", ImportError, "cannot import name"),  # not verl's doing: the error is left as it is
    ],
    ids=["verl lacks it", "verl has it"],
)
def test_so_does_an_import_of_ours_that_fails_for_what_verl_lacks(monkeypatch, symbol, error, says):
    def failing(name):
        raise ImportError("cannot import name")

    monkeypatch.setattr(plugin, "import_module", failing)
    monkeypatch.setattr(upstream, "ON_VERL", [Relied("verl/trainer/ppo/v1/trainer_base.py", symbol, "here")])
    with pytest.raises(error, match=says):
        plugin._imported("verl_egca.training.trainer")


def test_what_a_symbol_does_is_looked_for_in_its_own_source_however_it_is_written():
    known = Relied("verl/trainer/ppo/core_algos.py", "agg_loss", "here", holds="loss_agg_mode=='seq-mean-token-mean'")
    assert known.lacks() is None
    elsewhere = replace(known, symbol="compute_grpo_outcome_advantage")
    assert elsewhere.lacks().endswith("no more; look at here")


def test_the_trainers_have_the_methods_that_the_mixin_overrides():
    for trainer in (PPOTrainerSync, PPOTrainerColocateAsync, PPOTrainerSeparateAsync):
        for name in (
            "_compute_advantage",
            "_balance_batch",
            "_compute_metrics",
            "on_step_begin",
            "on_sample_begin",
            "_update_actor",
            "_get_required_batch_multiple",
            "_log_rollout_data",
        ):
            assert callable(getattr(trainer, name)), f"{trainer.__name__}.{name}; look at training/trainer.py"


def test_the_estimator_is_handed_what_it_needs():
    from verl.trainer.ppo.ray_trainer import compute_advantage

    source = inspect.getsource(compute_advantage)
    for argument in ('"token_level_rewards"', '"response_mask"', '"config"', '"index"'):
        assert argument in source, f"{argument}; look at training/estimator.py"
