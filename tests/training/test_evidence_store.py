"""Evidence stays with the reward worker that found it, and comes to the driver only where it is asked for."""

import sys

import pytest
import ray

from verl_egca.sample import SampleEvidence, SampleRecord
from verl_egca.training.evidence_store import EvidenceStore, collect, own_worker, unpack


def evidence(number):
    return SampleEvidence(program=f"program {number}", evidence={"trials": number})


def record(worker, number):
    times = {"rollout_ended": 1.0, "reward_ended": 2.0}
    return SampleRecord(
        task_id="t", mode="LOGIC", reward=0.0, response_tokens=3, worker=worker, evidence_number=number, **times
    )


def test_what_is_taken_is_what_was_kept_and_is_then_forgotten():
    store = EvidenceStore()
    numbers = [store.keep(evidence(n)) for n in range(3)]
    taken = store.take(numbers[:1], numbers[1:2])
    assert {number: unpack(packed) for number, packed in taken.items()} == {numbers[0]: evidence(0)}
    assert list(store.take(numbers, [])) == numbers[2:]


def test_past_the_budget_the_oldest_goes_and_the_budget_holds():
    weight = len(next(iter(_taken(EvidenceStore(), evidence(1)).values())))
    store = EvidenceStore(most=3 * weight)
    numbers = [store.keep(evidence(n)) for n in range(1, 6)]
    assert list(store.take(numbers, [])) == numbers[2:]
    numbers = [store.keep(evidence(n)) for n in range(1, 4)]  # what was taken weighs nothing any more
    assert list(store.take(numbers, [])) == numbers


def _taken(store, seen):
    return store.take([store.keep(seen)], [])


class Manager:
    def __init__(self):
        self.evidence = EvidenceStore()


class Worker:
    """Where verl's RewardLoopWorker has its reward manager; async as that one is."""

    def __init__(self):
        self.reward_manager = Manager()

    async def fill(self, numbers):
        return own_worker(), [self.reward_manager.evidence.keep(evidence(n)) for n in numbers]


@pytest.fixture(scope="module")
def workers():
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the workers can't import this module
    made = [ray.remote(Worker).options(num_cpus=0).remote() for _ in range(3)]
    yield made
    ray.shutdown()


def test_the_driver_asks_each_worker_for_its_own_and_a_worker_that_ended_costs_its_rows_only(workers, caplog):
    filled = ray.get([worker.fill.remote(range(10 * n, 10 * n + 4)) for n, worker in enumerate(workers)])
    handles = {handle._actor_id.hex(): handle for handle in workers}
    assert {worker for worker, _ in filled} == set(handles)
    ray.kill(workers[2])
    samples = [record(worker, number) for worker, numbers in filled for number in numbers]
    wanted = dict(enumerate(samples)) | {12: record(filled[0][0], None), 13: record("of an earlier run", 1)}
    wanted |= {14: samples[0]}  # another output of the same session
    del wanted[3]
    found = collect(handles, wanted, samples[3:4])
    known = {row: evidence(10 * (row // 4) + row % 4) for row in range(8) if row != 3}
    assert found == known | {12: SampleEvidence(), 14: evidence(0)}
    assert f"reward worker {filled[2][0]} has ended" in caplog.text
    assert set(collect(handles, {3: samples[3], 4: samples[4]}, [])) == set()  # given up, and taken
