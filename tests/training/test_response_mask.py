"""The response mask on its way from verl's agent loop to the reward worker."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest
from tensordict import TensorDict
from verl import DataProto
from verl.experimental.agent_loop.agent_loop import AgentLoopMetrics, AgentLoopOutput, AgentLoopWorker

from verl_egca.training import response_mask
from verl_egca.training.response_mask import mask_of


class FakeRewardWorker:
    """Stands where Ray's handle of a reward worker does, and keeps what it is sent."""

    def __init__(self):
        self.compute_score = SimpleNamespace(remote=self._compute_score)

    async def _compute_score(self, data):
        self.sent = data
        return {"reward_score": 1.0, "reward_extra_info": {}}


def output(mask, turns):
    return AgentLoopOutput(
        prompt_ids=[7, 8],
        response_ids=list(range(len(mask))),
        response_mask=mask,
        num_turns=turns,
        metrics=AgentLoopMetrics(),
    )


def sent(*outputs):
    """What verl's own method sends a reward worker of a trajectory."""
    worker = SimpleNamespace(
        reward_loop_worker_handles=[FakeRewardWorker()],
        _compute_multi_modal_inputs=lambda *_: {},
        _compute_position_ids=lambda ids, *_: ids,
        _get_mm_processor_kwargs=lambda *_: None,
    )
    kwargs = {"uid": "u"}
    asyncio.run(AgentLoopWorker._compute_score(worker, list(outputs), kwargs))
    assert kwargs == {"uid": "u"}  # verl writes them to the batch afterwards
    return worker.reward_loop_worker_handles[0].sent[-1:][0]


def test_verls_method_is_wrapped_once_its_module_is_there():
    assert AgentLoopWorker._compute_score.__wrapped__.__module__ == "verl.experimental.agent_loop.agent_loop"


def test_of_several_turns_the_reward_worker_gets_the_final_outputs_mask():
    mask = [1, 1, 0, 0, 1]
    assert mask_of(sent(output([1] * 9, 4), output(mask, 4))) == [True, True, False, False, True]
    assert mask_of(sent(output([1, 1, 1], 4))) == [True] * 3


def test_a_trajectory_of_one_turn_sends_nothing_more():
    item = sent(output([1, 1, 1], 2))
    assert response_mask.KEY not in item.non_tensor_batch
    assert mask_of(item) is None


def test_several_turns_without_a_mask_are_an_error():
    item = DataProto(batch=TensorDict({}, batch_size=1), non_tensor_batch={"__num_turns__": np.array([4])})[0]
    with pytest.raises(ValueError, match="a trajectory of 4 turns came without its response mask"):
        mask_of(item)
