"""Seconds of a step, worked out by hand for the recipe, and what must move them."""

from dataclasses import replace

import pytest

from plan.assumptions import Assumptions, assume
from plan.bad_plan import BadPlan
from plan.generation import debugger_calls, forward_flops, generation
from plan.job import Engine, Recompute
from plan.memory import memories
from plan.throughput import throughput
from plan.tokens import token_budget

from .plan_jobs import debugger, job, one_gpu


def shares(one):
    return {share.name: share.seconds for share in throughput(one, memories(one)).shares}


# everything as long as it may be, and every GPU as fast as its data sheet says
IDEAL = Assumptions(mean_length=1.0, mfu=1.0, bandwidth_efficiency=1.0, decode_overhead=0.0)


def test_log_probs_take_two_operations_a_parameter_and_an_update_three_times_as_many():
    one = one_gpu("deepseek-6.7b", assumptions=IDEAL)
    tokens = 64 * 16 * 2048
    multiplied = 6_740_512_768 - 32256 * 4096  # not the embedding, which is looked up
    attention = 32 * 2 * (2 * 4096 * 2048 / 2)  # scores and their sum of values, over half of the sequence on average
    seconds = tokens * (2 * multiplied + attention) / 312e12
    found = shares(one)
    assert found["old log-probs"] == found["reference"] == pytest.approx(seconds, rel=1e-9)
    assert found["update"] == pytest.approx(3 * seconds, rel=1e-9)
    again = shares(replace(one, recompute=Recompute.FULL))
    assert again["update"] == pytest.approx(4 * seconds, rel=1e-9)


def test_a_pipeline_waits_for_its_first_and_last_stage():
    one = job(tp=1, pp=2, assumptions=IDEAL)
    flat = shares(job(tp=1, assumptions=IDEAL))
    micro = token_budget(one).mean_micro_batches
    assert micro == 16 * 16 // 4 * 2048 // 8192
    assert shares(one)["update"] == pytest.approx(flat["update"] * (1 + 1 / micro))


def test_decoding_reads_weights_and_cache_once_a_token():
    one = one_gpu("deepseek-6.7b", prompts=1, mini_batch=1, group=16, assumptions=IDEAL)
    rollout = generation(one, memories(one))
    assert rollout.concurrent == 16
    weights = 2 * 6_740_512_768
    cache = 16 * (1024 + 512) * 2**19  # at half of the response; 0.5 MiB a token
    assert rollout.token_seconds == pytest.approx((weights + cache) / 2039e9)
    assert rollout.decode == pytest.approx(1024 * rollout.token_seconds)
    assert rollout.tail == 0


def test_a_large_batch_is_bounded_by_computing_and_not_by_reading():
    one = one_gpu(
        "qwen2.5-coder-1.5b", rollout_sequences=4096, prompts=256, mini_batch=256, prompt_tokens=64, response_tokens=64,
        assumptions=IDEAL,
    )  # fmt: skip
    rollout = generation(one, memories(one))
    assert rollout.concurrent == 4096
    assert rollout.token_seconds == pytest.approx(4096 * forward_flops(one.model, 64 + 32) / 312e12)


def test_sequences_that_the_cache_does_not_hold_wait():
    one = one_gpu("deepseek-6.7b", rollout_memory=0.25, assumptions=IDEAL)
    (kind,) = memories(one)
    rollout = generation(one, [kind])
    assert rollout.concurrent == pytest.approx(kind.rollout.tokens / 2048)
    assert rollout.decode == pytest.approx(1024 / rollout.concurrent * 1024 * rollout.token_seconds)


def test_the_longest_response_ends_alone_at_the_speed_of_reading_the_weights():
    one = one_gpu("deepseek-6.7b", assumptions=replace(IDEAL, mean_length=0.25))
    alone = (2 * 6_740_512_768 + 2048 * 2**19) / 2039e9
    assert generation(one, memories(one)).tail == pytest.approx(0.75 * 1024 * alone)


def test_searches_run_beside_generation_and_only_what_outlasts_it_is_waited_for():
    found = throughput(job(), memories(job()))
    assert {share.name: share.seconds for share in found.shares}["search"] == 0.9
    slow = job(assumptions=Assumptions(programs_at_once=1.0))
    cpu = 1024 * 0.03 + 1024 * 0.35 * 0.9
    rollout = generation(slow, memories(slow)).seconds
    waited = shares(slow)
    assert waited["verdicts"] + waited["search"] == pytest.approx(0.03 + 0.9 + cpu - rollout)


def test_egcas_part_is_the_last_search_and_the_debuggers_last_call_and_no_verdict():
    one = job()
    found = throughput(one, memories(one))
    part = {share.name: share.seconds for share in found.shares}
    assert found.egca == pytest.approx(part["search"] + part["debugger"])
    without = job(debugger=None)
    assert throughput(without, memories(without)).egca == 0.9


def test_the_debugger_is_called_for_what_is_open_in_groups_that_teach_something():
    calls = debugger_calls(job())
    assert calls.count == pytest.approx(64 * 16 * 0.35 * 0.5 * 0.67)
    twice = debugger_calls(job(debugger=debugger(gpus=2)))
    assert twice.seconds == pytest.approx(calls.seconds / 2)
    assert twice.one == calls.one


def test_offloading_moves_weights_thrice_and_the_rest_once_both_ways():
    one = job()
    weights, optimizer = 2 * 3_370_389_504, 3 * 3_370_389_504
    assert shares(one)["offloading"] == pytest.approx((6 * weights + 2 * weights + 2 * optimizer) / 20e9)
    assert "offloading" not in shares(replace(one, offload=False))


def test_between_nodes_gradients_go_at_the_networks_speed():
    near, far = shares(job())["data parallelism"], shares(job(nodes=2))["data parallelism"]
    assert near == pytest.approx(4 * 6 * 3_370_389_504 * 3 / 4 / 300e9)
    assert far == pytest.approx(4 * 6 * 3_370_389_504 * 7 / 8 / 25e9)


def test_fsdp2_gathers_a_model_for_each_micro_batch():
    one = job("qwen2.5-coder-7b", engine=Engine.FSDP2, tp=1, rollout_tp=1, recompute=Recompute.FULL)
    micro = 4 * token_budget(one).mean_micro_batches
    assert shares(one)["data parallelism"] == pytest.approx(micro * 12 * 7_615_616_512 * 7 / 8 / 300e9)


def test_an_optimizer_on_the_host_costs_its_time_at_every_update():
    one = one_gpu("qwen2.5-coder-1.5b", host_optimizer=True)
    assert shares(one)["host's optimizer"] == pytest.approx(4 * 1_543_714_304 * (12 / 10e9 + 6 / 20e9))


def test_an_epochs_last_batch_is_dropped_if_it_is_not_full():
    budget = token_budget(job(problems=374, epochs=3))
    assert (budget.steps_an_epoch, budget.left_out, budget.steps, budget.updates) == (5, 54, 15, 4)
    whole = token_budget(job(prompts=34, mini_batch=17))
    assert (whole.steps_an_epoch, whole.left_out, whole.steps, whole.updates) == (11, 0, 33, 2)


def test_hours_are_steps_times_their_seconds():
    found = throughput(job(), memories(job()))
    assert found.hours == pytest.approx(15 * sum(share.seconds for share in found.shares) / 3600)
    assert found.tokens_a_second * found.step == pytest.approx(1024 * 0.3 * 2048)


def test_an_assumption_is_changed_by_its_name():
    changed = assume(["mfu=0.5", "logic=0"])
    assert (changed.mfu, changed.logic) == (0.5, 0)
    assert {name for name, *_ in changed.described()} == set(Assumptions.__slots__)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("mfo=1", "choose one of trainer_runtime, .*mfu"),
        ("mfu", "mfu=NUMBER is wanted"),
        ("mfu=nan", "a finite number is wanted"),
        ("mfu=1.5", "a number from 0 to 1 is wanted"),
        ("mfu=0", "a number above 0 is wanted"),
        ("verdict=-1", "a number from 0 is wanted"),
    ],
)
def test_an_assumption_that_does_not_do_is_named(setting, message):
    with pytest.raises(BadPlan, match=f"--assume {setting}.*{message}"):
        assume([setting])
