"""The board of groups: who would ask a debugger waits until its group's rewards differ, or no more can come."""

import asyncio

import pytest
import ray

from verl_egca.training.groups import GroupBoard, SampleGroup, find_board, start_board


def told(rewards, samples=4, uid="g"):
    """(decided yet, what) after some rewards of a group."""

    async def tell():
        board = GroupBoard()
        await board.expect(["g"], [samples])
        for reward in rewards:
            await board.tell("g", reward)
        waiting = asyncio.ensure_future(board.varies(uid))
        await asyncio.wait([waiting], timeout=0.1)
        return waiting.result() if waiting.done() else None

    return asyncio.run(tell())


@pytest.mark.parametrize(
    ("rewards", "varies"),
    [
        ([0.0], None),
        ([0.0, 0.0, 0.0], None),
        ([0.0, 0.0, 1.0], True),
        ([0.0, 0.5], True),
        ([0.0, 0.0, 0.0, 0.0], False),
        ([1.0, None, 1.0, 1.0], False),  # one has no reward
        ([None, None, 0.0], None),
    ],
)
def test_a_group_is_decided_once_two_rewards_differ_or_all_are_there(rewards, varies):
    assert told(rewards) is varies


def test_a_group_that_was_not_sent_out_for_training_has_no_advantages():
    assert told([0.0, 1.0], uid="validation") is False


def test_whoever_waits_is_told_when_the_last_sibling_comes():
    async def wait():
        board = GroupBoard()
        await board.expect(["g", "h"], [2, 2])
        waiting = [asyncio.ensure_future(board.varies(uid)) for uid in ("g", "g", "h")]
        for uid, reward in (("g", 0.0), ("h", 1.0), ("g", 1.0), ("h", 1.0)):
            await board.tell(uid, reward)
        return await asyncio.gather(*waiting)

    assert asyncio.run(wait()) == [True, True, False]


@pytest.fixture
def cluster():
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, namespace="groups")
    yield
    ray.shutdown()


def test_reward_workers_meet_at_the_runs_board(cluster):
    assert find_board() is None
    board = start_board()
    ray.get(board.expect.remote(["g"], [2]))

    @ray.remote(num_cpus=0)
    def sample(reward):
        group = SampleGroup(find_board(), "g")
        group.tell(reward)
        return group.varies()

    assert ray.get([sample.remote(0.0), sample.remote(1.0)]) == [True, True]
    ray.kill(board)
    assert SampleGroup(board, "g").varies()  # who can't know is asked about
