"""The reward manager as verl makes it: by name, with verl's arguments, in an event loop that must never stand still."""

import asyncio
import re
import time

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from problems import assertion_problem
from tensordict import TensorDict
from transformers import AutoTokenizer
from verl import DataProto
from verl.experimental.reward_loop.reward_manager import get_reward_manager_cls

from verl_egca.execution.limits import ConfinementError
from verl_egca.sample import SampleRecord
from verl_egca.starter.policy_path import WEIGHTS
from verl_egca.training.evidence_store import unpack
from verl_egca.training.reward_manager import RECORD_KEY

PREFIX = "def f(x):\n"
PROBLEM = assertion_problem("assert f(1) == 2", reference=PREFIX + "    return x + 1\n", code_prefix=PREFIX)


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(WEIGHTS)


@pytest.fixture
def manager(tokenizer):
    config = OmegaConf.create(
        {"data": {"max_response_length": 64}, "egca": {"workers": 2, "sandbox": {"cpu_seconds": 1}}}
    )
    made = get_reward_manager_cls("egca")(
        config=config, tokenizer=tokenizer, compute_score=None, reward_router_address=None, reward_model_tokenizer=None
    )
    yield made
    made.sandbox.close()


def sample(tokenizer, response, problem=PROBLEM):
    ids = [*tokenizer(response, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    padded = torch.tensor([ids + [0] * (64 - len(ids))])
    mask = torch.tensor([[1] * (3 + len(ids)) + [0] * (64 - len(ids))])
    truth = {"style": "rule", "ground_truth": problem.model_dump_json()}
    return DataProto(
        batch=TensorDict({"responses": padded, "attention_mask": mask}, batch_size=1),
        non_tensor_batch={"reward_model": np.array([truth], dtype=object)},
    )


def test_a_sample_gets_its_reward_and_its_record(manager, tokenizer):
    right = asyncio.run(manager.run_single(sample(tokenizer, "    return x + 1\n")))
    wrong = asyncio.run(manager.run_single(sample(tokenizer, "    return x - 1\n")))
    assert (right["reward_score"], right["reward_extra_info"]["acc"]) == (1.0, 1.0)
    assert (wrong["reward_score"], wrong["reward_extra_info"]["acc"]) == (0.0, 0.0)
    record = SampleRecord.model_validate_json(wrong["reward_extra_info"][RECORD_KEY])
    assert (record.mode, record.localizer) == ("LOGIC", "counterfactual")
    assert record.response_tokens == len(tokenizer("    return x - 1\n", add_special_tokens=False)["input_ids"]) + 1
    assert record.reward_ended >= record.reward_started >= record.rollout_ended
    assert len(wrong["reward_extra_info"][RECORD_KEY]) < 1_000
    (packed,) = manager.evidence.take([record.evidence_number], []).values()
    assert unpack(packed).program == PREFIX + "    return x - 1\n"
    assert SampleRecord.model_validate_json(right["reward_extra_info"][RECORD_KEY]).evidence_number is None


def test_the_event_loop_goes_on_while_programs_run(manager, tokenizer):
    async def score_and_count():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        hanging = sample(tokenizer, "    while True: pass\n")
        started = time.monotonic()
        await asyncio.gather(*(manager.run_single(hanging) for _ in range(3)))
        ticking.cancel()
        return ticks, time.monotonic() - started

    ticks, seconds = asyncio.run(score_and_count())
    assert ticks > 10 * seconds  # a tick takes 10 ms; a loop that waits for programs would have a few in all


def test_copies_of_a_program_that_hangs_share_one_run_and_hold_up_no_other(manager, tokenizer):
    async def score_all():
        ended = []

        async def score(response):
            result = await manager.run_single(sample(tokenizer, response))
            ended.append((response, SampleRecord.model_validate_json(result["reward_extra_info"][RECORD_KEY])))

        hanging = ["    while True: pass\n"] * 6
        await asyncio.gather(*map(score, [*hanging, "    return 3\n", "    return 4\n"]))
        return ended

    ended = asyncio.run(score_all())
    assert {response for response, _ in ended[:2]} == {"    return 3\n", "    return 4\n"}
    assert [record.shared for response, record in ended if "while" in response].count(True) == 5


def test_a_sample_that_our_code_fails_on_costs_itself_alone(manager, tokenizer):
    broken = sample(tokenizer, "    return 1\n")
    broken.non_tensor_batch["reward_model"][0]["ground_truth"] = "not a problem"
    result = asyncio.run(manager.run_single(broken))
    record = SampleRecord.model_validate_json(result["reward_extra_info"][RECORD_KEY])
    assert (result["reward_score"], record.mode, record.failure) == (0.0, None, "ValidationError")


def test_the_plugins_names_are_verls_after_its_import():
    from verl.trainer.ppo.core_algos import get_adv_estimator_fn
    from verl.trainer.ppo.v1 import get_trainer_cls

    assert get_adv_estimator_fn("egca").__module__ == "verl_egca.training.estimator"
    for mode in ("egca_sync", "egca_colocate_async", "egca_separate_async"):
        assert get_trainer_cls(mode).base_mode == mode.removeprefix("egca_")


REFUSED = {"sandbox": {"packages": ["no_such_package"]}}  # what can't be confined as it asks, on any machine


def test_a_reward_worker_that_can_not_confine_does_not_start(tokenizer):
    config = OmegaConf.create({"data": {"max_response_length": 64}, "egca": REFUSED})
    with pytest.raises(ConfinementError, match=r"egca\.sandbox\.packages names 'no_such_package'"):
        get_reward_manager_cls("egca")(config=config, tokenizer=tokenizer, compute_score=None)


@pytest.mark.parametrize("mode", ["egca_sync", "egca_colocate_async", "egca_separate_async"])
def test_a_trainer_that_can_not_confine_does_not_start(mode):
    from verl.trainer.ppo.v1 import get_trainer_cls

    config = OmegaConf.create({"trainer": {"v1": {"trainer_mode": mode}}, "egca": REFUSED})
    with pytest.raises(ConfinementError, match=r"egca\.sandbox\.packages names 'no_such_package'"):
        get_trainer_cls(mode)(config)


def test_a_reward_worker_says_once_what_is_in_force(tokenizer, caplog):
    config = OmegaConf.create({"data": {"max_response_length": 64}})
    with caplog.at_level("INFO", "verl_egca.training.reward_manager"):
        made = get_reward_manager_cls("egca")(config=config, tokenizer=tokenizer, compute_score=None)
    made.sandbox.close()
    (line,) = [record.getMessage() for record in caplog.records if "confinement" in record.getMessage()]
    assert re.match(r"egca: reward worker: (full|reduced) confinement, \d+ of \d+ layers in force", line)
