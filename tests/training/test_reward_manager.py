"""The reward manager as verl makes it: by name, with verl's arguments, in an event loop that must never stand still."""

import asyncio
import json
import re
import time

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from tensordict import TensorDict
from transformers import AutoTokenizer
from verl import DataProto
from verl.experimental.reward_loop.reward_manager import get_reward_manager_cls

from starter.policy_path import WEIGHTS
from verl_egca.execution.limits import ConfinementError
from verl_egca.sample import SampleRecord
from verl_egca.training.evidence_store import unpack
from verl_egca.training.reward_manager import RECORD_KEY

from ..problems import assertion_problem

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
    padded = torch.tensor([ids + [0] * (128 - len(ids))])
    mask = torch.tensor([[1] * (3 + len(ids)) + [0] * (128 - len(ids))])
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


def row_sample(tokenizer, response, ground_truth, **columns):
    """A sample of a row as a user has it: nothing has been prepared."""
    data = sample(tokenizer, response)
    columns = {"data_source": "codecontests", "reward_model": {"style": "rule", "ground_truth": ground_truth}} | columns
    data.non_tensor_batch = {name: np.array([value, None], dtype=object)[:1] for name, value in columns.items()}
    return data


def scored(manager, data):
    result = asyncio.run(manager.run_single(data))
    return result, SampleRecord.model_validate_json(result["reward_extra_info"][RECORD_KEY])


PAIRS = {"fn_name": "f", "inputs": ["1"], "outputs": ["2"]}


@pytest.mark.parametrize("truth", [json.dumps(PAIRS), PAIRS], ids=["JSON text", "an object"])
def test_a_row_of_verls_own_shape_is_judged_as_it_stands(manager, tokenizer, truth):
    result, record = scored(manager, row_sample(tokenizer, PREFIX + "    return x + 1\n", truth))
    assert (result["reward_score"], record.mode) == (1.0, "CORRECT")
    result, record = scored(manager, row_sample(tokenizer, PREFIX + "    return x - 1\n", truth))
    assert (result["reward_score"], record.mode) == (0.0, "LOGIC")
    assert record.task_id.startswith("codecontests-")


def test_of_several_references_the_first_that_passes_is_taken(manager):
    references = [PREFIX + f"    return x {rest}\n" for rest in ("- 1", "+ 1", "+ 2")]
    row = {"question": "f", "solutions": json.dumps(references), "input_output": json.dumps(PAIRS)}
    columns = {"reward_model": {"ground_truth": None}, "extra_info": row, "data_source": "apps"}
    assert manager.problems.of(columns).reference == references[1]


def test_a_row_without_program_tests_gets_verls_own_reward_and_no_blame(manager, tokenizer):
    for answer, reward in (("\\boxed{42}", 1.0), ("\\boxed{41}", 0.0)):
        result, record = scored(manager, row_sample(tokenizer, answer, "42", data_source="numina_olympiads"))
        assert (result["reward_score"], result["reward_extra_info"]["acc"]) == (reward, reward)
        assert (record.mode, record.ungated, record.spans) == ("UNGATED", "rows_without_tests", ())


def test_a_row_whose_tests_can_not_be_read_gets_verls_own_reward_and_is_told(manager, tokenizer, caplog):
    truth = json.dumps({"inputs": ["1\n"], "outputs": ["1\n", "2\n"]})  # for verl the first output is the input's
    result, record = scored(manager, row_sample(tokenizer, "```python\nprint(input())\n```", truth))
    assert (record.mode, record.ungated) == ("UNGATED", "rows_unreadable")
    assert result["reward_score"] == record.reward
    assert "reward_model.ground_truth.outputs: holds 2 for 1" in caplog.text.replace("'", "")


def test_a_sample_that_nobody_can_score_gets_no_advantage(manager, tokenizer, caplog):
    result, record = scored(manager, row_sample(tokenizer, "42", "42", data_source="of nobody"))
    assert (result["reward_score"], record.mode, record.failure) == (0.0, None, "reward_function")
    assert "the reward function failed" in caplog.text


@pytest.fixture
def customised(tokenizer):
    """Makes the manager of a user who keeps their own reward function."""
    made = []

    def make(compute_score, **egca):
        config = {"data": {"max_response_length": 64}, "egca": {"workers": 1, "reward": "custom", **egca}}
        manager = get_reward_manager_cls("egca")(
            config=OmegaConf.create(config), tokenizer=tokenizer, compute_score=compute_score
        )
        made.append(manager)
        return manager

    yield make
    for manager in made:
        manager.sandbox.close()


def test_with_custom_the_configured_function_decides_and_the_verdict_localizes(customised, tokenizer):
    def compute_score(data_source, solution_str, ground_truth, extra_info):
        return {"score": 0.5 if "+" in solution_str else -0.5, "acc": "+" in solution_str, "length": len(solution_str)}

    manager = customised(compute_score)
    result, record = scored(manager, row_sample(tokenizer, PREFIX + "    return x + 1\n", PAIRS))
    assert (result["reward_score"], record.mode) == (0.5, "CORRECT")
    assert result["reward_extra_info"]["length"] > 0
    result, record = scored(manager, row_sample(tokenizer, PREFIX + "    return x - 1\n", PAIRS))
    assert (result["reward_score"], record.mode, record.reward) == (-0.5, "LOGIC", -0.5)
    assert record.spans


def test_with_custom_a_sample_that_reward_and_verdict_disagree_on_is_uniform(customised, tokenizer):
    async def compute_score(data_source, solution_str, ground_truth, extra_info):
        return 1.0

    result, record = scored(customised(compute_score), row_sample(tokenizer, PREFIX + "    return x - 1\n", PAIRS))
    assert (result["reward_score"], record.mode, record.ungated) == (1.0, "UNGATED", "reward_disagrees")
    manager = customised(compute_score, reward_right_from=2.0)
    assert scored(manager, row_sample(tokenizer, PREFIX + "    return x - 1\n", PAIRS))[1].mode == "LOGIC"


def test_a_configured_function_finds_what_it_finds_under_verls_own_manager(customised, tokenizer):
    seen = []

    def compute_score(data_source, solution_str, ground_truth, extra_info):
        seen.append((data_source, solution_str, ground_truth, extra_info))
        return 1.0

    manager = customised(compute_score)
    scored(manager, row_sample(tokenizer, "text", "42", data_source="mine", extra_info=json.dumps({"index": 3})))
    ((source, text, truth, extra),) = seen
    assert (source, text, truth, extra["index"]) == ("mine", "text", "42", 3)


def test_a_tools_output_is_never_the_program(manager, tokenizer):
    wrong, right = (f"```python\n{PREFIX}    return x {sign} 1\n```\n" for sign in "-+")
    texts = [(wrong, True), ("tool: right is\n" + right, False)]
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text, _ in texts]
    data = sample(tokenizer, "".join(text for text, _ in texts))
    data.non_tensor_batch["egca_response_mask"] = np.array(["1" * len(ids[0]) + "0" * len(ids[1]) + "1"])
    assert scored(manager, data)[1].mode == "LOGIC"
    del data.non_tensor_batch["egca_response_mask"]
    data.non_tensor_batch["__num_turns__"] = np.array([4])
    result, record = scored(manager, data)  # nobody says which of it is the policy's
    assert (result["reward_score"], record.mode, record.failure) == (0.0, None, "no_response_mask")


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
