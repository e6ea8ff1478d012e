"""Who is asked in a run: addresses of one's own, or replicas that verl serves; and verl's own reward worker with the latter."""

import asyncio

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from tensordict import TensorDict
from verl import DataProto
from verl.experimental.reward_loop.reward_loop import RewardLoopWorker

from starter.policy_path import WEIGHTS
from verl_egca.config.settings import SettingsError
from verl_egca.training.config import settings_of
from verl_egca.training.debugging import debugger_of, route_past_disrm

from ..problems import assertion_problem

PROBLEM = assertion_problem("assert f(1) == 2", reference="def f(x):\n    return x + 1\n")


def config(egca=None, managed=False, own_gpus=True):
    """As much of verl's config as says who is asked."""
    return OmegaConf.create(
        {
            "data": {"max_response_length": 64},
            "actor_rollout_ref": {"model": {"path": str(WEIGHTS), "tokenizer_path": None}},
            "reward": {
                "num_workers": 1,
                "reward_manager": {"source": "register", "name": "egca", "module": {"path": None, "name": None}},
                "custom_reward_function": {"path": None, "name": "compute_score"},
                "reward_model": {"enable": managed, "enable_resource_pool": own_gpus, "model_path": str(WEIGHTS)},
                "sandbox_fusion": {"url": None, "max_concurrent": 1, "memory_limit_mb": 1},
            },
            "egca": egca or {},
        }
    )


def asked(router=None, **options):
    made = config(**options)
    return debugger_of(made, settings_of(made), router)


def test_nobody_is_asked_unless_there_is_a_debugger_and_a_localizer_that_asks():
    urls = {"debugger": {"urls": ["http://n1:30000"]}}
    assert asked() is None
    assert asked(egca={**urls, "localizer": "trace"}) is None
    assert asked(egca=urls).urls == ("http://n1:30000",)
    assert asked(egca={**urls, "localizer": "debugger"}).urls == ("http://n1:30000",)


def test_verls_own_replicas_are_asked_by_their_router_under_their_models_name():
    found = asked(router="10.0.0.7:4711", managed=True)
    assert found.urls == ("http://10.0.0.7:4711",)
    assert found.model == str(WEIGHTS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"egca": {"localizer": "debugger"}}, "egca.debugger.urls"),
        ({"egca": {"debugger": {"urls": ["http://n1:1"]}}, "managed": True}, "choose"),
        ({"managed": True, "own_gpus": False}, "enable_resource_pool"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_key(options, words):
    with pytest.raises(SettingsError, match=words):
        asked(**options)


@pytest.mark.parametrize("routed", [True, False])
def test_verls_reward_worker_leaves_the_reward_to_the_manager_only_if_it_is_told_to(routed):
    made = config(egca={"localizer": "uniform"}, managed=True)
    if routed:
        route_past_disrm(made)
    worker = RewardLoopWorker(made, reward_router_address="127.0.0.1:9")
    ids = worker.input_tokenizer("def f(x):\n    return x + 1\n", add_special_tokens=False)["input_ids"]
    data = DataProto(
        batch=TensorDict(
            {"responses": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids) + 1, dtype=torch.long)},
            batch_size=1,
        ),
        non_tensor_batch={
            "reward_model": np.array([{"ground_truth": PROBLEM.model_dump_json()}], dtype=object),
            "uid": np.array(["g"], dtype=object),
        },
    )
    if routed:
        assert asyncio.run(worker.compute_score(data))["reward_score"] == 1.0
    else:  # verl would ask the replicas for a score, past the manager
        with pytest.raises(AssertionError) as ended:
            asyncio.run(worker.compute_score(data))
        assert ended.traceback[-1].name == "_preprocess_reward_inputs"
    worker.reward_manager.sandbox.close()
