"""The recipe's memory, worked out by hand beside what the plan says."""

import pytest

from plan.gpus import GIB, GPUS
from plan.job import Engine, Recompute, Server
from plan.memory import Phase, host_bytes, memories, trainer_parts

from .plan_jobs import debugger, job, one_gpu

# DeepSeek-Coder-6.7B: 32 layers, hidden 4096 = 32 heads of 128, MLP 11008, vocabulary 32256, head of its own.
ATTENTION = 4 * 4096 * 4096  # queries, keys, values, output; 32 key and value heads
MLP = 3 * 4096 * 11008
NORMS = 2 * 4096
EMBEDDING = 32256 * 4096
# On one of two tensor-parallel GPUs: half of every matrix, all of every norm.
ON_A_GPU = 32 * ((ATTENTION + MLP) // 2 + NORMS) + 2 * EMBEDDING // 2 + 4096


def rows(kind):
    return {row.name: row.sizes for row in kind.rows}


def test_deepseek_has_3_37_billion_parameters_on_each_of_two_gpus():
    assert ON_A_GPU == 3_370_389_504
    assert trainer_parts(job()).weights.size == 2 * ON_A_GPU


def test_weights_gradients_and_optimizer_take_28_gib_in_an_update():
    parts = trainer_parts(job())
    assert parts.gradients.size == 4 * ON_A_GPU  # float32
    assert parts.optimizer.size == 12 * ON_A_GPU / 4  # float32 weights and two moments, over 8 / 2 data-parallel ranks
    assert (parts.weights.size + parts.gradients.size + parts.optimizer.size) / GIB == pytest.approx(28.25, abs=0.01)


def test_a_token_keeps_2_mib_of_activations_on_each_of_two_gpus():
    norms = 4 * 2 * 4096  # inputs and outputs of two norms, bfloat16
    attention = 2 * 3 * 4096 + 2 * 4096 + 4 * 32  # queries, keys, values; output; a float32 sum a head
    mlp = 2 * 3 * 11008  # gate, up, their product
    layer = (norms + attention + mlp) / 2  # sequence and tensor parallel
    assert layer == 65_856
    assert trainer_parts(job()).backward.size == 8192 * (32 * layer + 2 * 2 * 4096 / 2)


def test_a_layers_activations_are_those_of_the_paper_on_recomputation_less_its_dropout():
    """Korthikanti et al. 2022, equation 2 without the attention's scores: 34 h a token for a GPT, 5 h of it dropout and masks."""
    # their MLP keeps 2h + 8h + 8h (input, and in and out of GeLU at 4h); with f = 8h/3 the gated one keeps 2h + 3 x 2f = 18h
    gated = one_gpu("deepseek-6.7b", max_tokens=2048)
    layer = (trainer_parts(gated).forward.size / 2048 - 4 * 4096) / 4096
    assert 34 - 5 < layer < 34


def test_full_recomputation_keeps_each_layers_input_and_one_layer():
    parts = trainer_parts(job(recompute=Recompute.FULL, max_tokens=16384))
    assert parts.backward.size == 16384 * (32 * 2 * 4096 / 2 + 65_856 + 8192)


def test_logits_are_of_half_the_vocabulary():
    parts = trainer_parts(job())
    assert parts.logits_old.size == 8192 * 16128 * 12
    assert parts.logits_update.size == 8192 * 16128 * 10


def test_a_token_in_the_cache_takes_half_a_mib_and_on_each_of_two_gpus_half_of_that():
    model = job().model
    assert model.kv_bytes() == 2 * 32 * 32 * 128 * 2 == GIB // 2048
    assert model.kv_bytes(2) == model.kv_bytes() // 2
    assert job("qwen2.5-coder-7b").model.kv_bytes(8) == 2 * 28 * 1 * 128 * 2  # 4 heads on 8 GPUs: copied


def test_the_rollout_has_its_share_of_what_the_debugger_leaves():
    shared, beside, others = memories(job())
    debuggers = 0.25 * 79.1 + 2.5  # its share, and its runtime
    free = 79.1 - debuggers - 2.0  # the trainer's runtime
    assert rows(shared)["rollout's weights"][Phase.ROLLOUT] == 2 * ON_A_GPU
    cache = 0.6 * free * GIB - 2 * ON_A_GPU
    assert rows(shared)["rollout's KV cache"][Phase.ROLLOUT] == pytest.approx(cache, abs=1)
    assert shared.rollout.tokens == cache // (GIB // 4096)
    assert others.rollout.tokens == pytest.approx((0.6 * 77.1 * GIB - 2 * ON_A_GPU) // (GIB // 4096), abs=1)
    assert beside.rollout == shared.rollout  # one server's GPUs hold the same tokens
    assert beside.debugger is None
    assert (shared.count, beside.count, others.count) == (1, 1, 6)


def test_the_fullest_phase_is_the_update_beside_the_debugger():
    shared, *others = memories(job())
    state, activations, logits = 28.249, 16.141, 1.230
    expected = state + (activations + logits) * 1.05 + 2.0 + 2.0 + 0.25 * 79.1 + 2.5
    assert shared.total(Phase.UPDATE) / GIB == pytest.approx(expected, abs=0.01)
    assert min(Phase, key=shared.spare) is Phase.UPDATE
    assert all(kind.fits for kind in (shared, *others))


def test_the_host_holds_weights_reference_and_optimizer_of_every_gpu():
    assert host_bytes(job()) == 8 * (2 * ON_A_GPU + 2 * ON_A_GPU + 12 * ON_A_GPU / 4)
    assert host_bytes(job(offload=False)) == 0


def test_without_offloading_all_of_the_trainer_stays_while_the_rollout_generates():
    (kind,) = memories(job(offload=False, debugger=None))
    state = (2 + 4 + 12 / 4 + 2) * ON_A_GPU  # weights, gradients, optimizer, reference
    held = sum(sizes.get(Phase.ROLLOUT, 0) for name, sizes in rows(kind).items() if "rollout" not in name)
    assert held == pytest.approx(state + 2 * GIB)


def test_a_stage_of_a_pipeline_has_its_layers_and_one_end_and_activations_of_two_micro_batches():
    parts = trainer_parts(job(tp=1, pp=2))
    stage = 16 * (ATTENTION + MLP + NORMS) + EMBEDDING + 4096
    assert parts.weights.size == 2 * stage
    assert parts.backward.size == 8192 * (2 * 16 * 2 * 65_856 + 4 * 4096)


def test_fsdp2_shards_float32_over_all_gpus_and_keeps_ends_and_layers_whole():
    parts = trainer_parts(job("qwen2.5-coder-7b", engine=Engine.FSDP2, tp=1, recompute=Recompute.FULL))
    share = 7_615_616_512 / 8
    assert (parts.weights.size, parts.gradients.size, parts.optimizer.size) == (4 * share, 4 * share, 8 * share)
    ends = 2 * 152064 * 3584 + 3584
    layer = (7_615_616_512 - ends) // 28
    assert parts.gathered_forward.size == 2 * ends + 2 * 2 * layer
    assert parts.reference.size == 0
    assert parts.logits_update.size == 8192 * 152064 * 6


def test_a_1_5b_model_does_not_train_on_24_gib_but_does_with_its_optimizer_on_the_host():
    small = {"gpu": GPUS["rtx4090"], "max_tokens": 2048, "rollout_memory": 0.5}
    (refused,) = memories(one_gpu("qwen2.5-coder-1.5b", **small))
    assert not refused.fits
    assert refused.spare(Phase.UPDATE) < 0
    state = 18 * 1_543_714_304 / GIB  # 2 + 4 + 12 bytes
    assert state > 23.6
    assert memories(one_gpu("qwen2.5-coder-1.5b", host_optimizer=True, **small))[0].fits
    assert memories(one_gpu("qwen2.5-coder-0.5b", **small))[0].fits


def test_vllm_does_not_start_where_its_share_of_the_gpu_is_not_free():
    shared, *others = memories(job(server=Server.VLLM, rollout_memory=0.75))
    assert all(kind.fits for kind in others)
    assert not shared.fits
    assert shared.problems == (
        "vLLM does not start: --rollout-memory 0.75 x 79.10 is more than the 54.82 GiB that are free then",
    )


def test_a_share_that_does_not_hold_the_weights_is_a_problem():
    (kind,) = memories(job(debugger=None, rollout_memory=0.05))
    assert "--rollout-memory" in kind.problems[0]
    assert not kind.fits
    tight = memories(job(debugger=debugger(memory=0.1)))[0]
    assert "--debugger-memory" in tight.problems[0]


def test_a_debugger_on_gpus_of_its_own_takes_nothing_from_the_others():
    training, own = memories(job(debugger=debugger(placement="own", memory=0.8)))
    (alone,) = memories(job(debugger=None))
    assert [training.total(phase) for phase in Phase] == [alone.total(phase) for phase in Phase]
    assert (training.count, own.count) == (8, 1)
    assert own.fits
