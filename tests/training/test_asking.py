"""Reward manager, board and debugger together: who is asked about which samples of a step."""

import asyncio

import numpy as np
import pytest
import ray
import torch
from omegaconf import OmegaConf
from tensordict import TensorDict
from transformers import AutoTokenizer
from verl import DataProto
from verl.experimental.reward_loop.reward_manager import get_reward_manager_cls

from starter.policy_path import WEIGHTS
from verl_egca.sample import SampleRecord
from verl_egca.training.groups import start_board
from verl_egca.training.metrics import debugger_metrics
from verl_egca.training.reward_manager import RECORD_KEY

from ..debugger.replay_server import ReplayServer
from ..problems import assertion_problem

PREFIX = "def f(x):\n"
PROBLEM = assertion_problem("assert f(1) == 2", reference=PREFIX + "    return x + 1\n", code_prefix=PREFIX)
RIGHT, WRONG, OTHER = "    return x + 1\n", "    return x - 1\n", "    return x * 3\n"
ANSWER = {"statement": 1, "correction": "return x + 1", "reason": "The sign."}


@pytest.fixture(scope="module")
def board():
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, namespace="asking")
    yield start_board()
    ray.shutdown()


@pytest.fixture
def step(board):
    """Scores the responses of groups at once; the records by group, and the step's metrics of the debugger."""
    tokenizer = AutoTokenizer.from_pretrained(WEIGHTS)

    def score(groups, announced):
        ray.get(board.expect.remote(list(announced), [len(groups[uid]) for uid in announced]))
        with ReplayServer(lambda _: ANSWER) as server:
            config = OmegaConf.create(
                {
                    "data": {"max_response_length": 64, "train_batch_size": 4},
                    "actor_rollout_ref": {"rollout": {"n": 4}},
                    "egca": {"localizer": "debugger", "debugger": {"urls": [server.url]}},
                }
            )
            manager = get_reward_manager_cls("egca")(config=config, tokenizer=tokenizer, compute_score=None)
            samples = [(uid, response) for uid, responses in groups.items() for response in responses]

            async def run():
                scored = await asyncio.gather(*(manager.run_single(sample(tokenizer, *one)) for one in samples))
                return [SampleRecord.model_validate_json(one["reward_extra_info"][RECORD_KEY]) for one in scored]

            records = asyncio.run(run())
            manager.sandbox.close()
        by_group = {}
        for (uid, _), record in zip(samples, records, strict=True):
            by_group.setdefault(uid, []).append(record)
        return by_group, debugger_metrics(records), server.questions

    return score


def sample(tokenizer, uid, response):
    ids = [*tokenizer(response, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    return DataProto(
        batch=TensorDict(
            {"responses": torch.tensor([ids]), "attention_mask": torch.ones(1, 1 + len(ids), dtype=torch.long)},
            batch_size=1,
        ),
        non_tensor_batch={
            "reward_model": np.array([{"ground_truth": PROBLEM.model_dump_json()}], dtype=object),
            "uid": np.array([uid], dtype=object),
        },
    )


def test_only_groups_with_advantages_are_asked_about(step):
    groups = {"varied": [WRONG, RIGHT, RIGHT], "flat": [OTHER, OTHER, OTHER], "validation": ["    return 0\n"]}
    records, metrics, questions = step(groups, ("varied", "flat"))
    assert [record.localizer for record in records["varied"]] == ["debugger", None, None]
    assert {record.not_localized for record in (*records["flat"], *records["validation"])} == {"debugger_skipped"}
    assert [record.reward for record in records["varied"]] == [0.0, 1.0, 1.0]
    assert questions == 1
    assert (metrics["egca/debugger/asked"], metrics["egca/debugger/proven"]) == (1, 1)
    assert metrics["egca/debugger/skipped"] == metrics["egca/debugger/skipped/no_variance"] >= 2


def test_copies_of_a_program_wait_for_their_siblings_without_holding_them_up(step):
    groups = {f"g{number}": [WRONG, WRONG, WRONG, RIGHT] for number in range(12)}
    records, metrics, questions = step(groups, tuple(groups))
    failing = [record for some in records.values() for record in some if record.mode == "LOGIC"]
    assert len(failing) == 36
    assert {record.confirmed for record in failing} == {"full"}
    assert questions == metrics["egca/debugger/asked"] == 1
