"""What must hold whatever is asked: more cutting never costs memory, longer sequences never save any."""

from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from plan.gpus import GPUS
from plan.job import Engine, Recompute
from plan.memory import Phase, memories, trainer_parts
from plan.planned import plan
from plan.shapes import KNOWN
from plan.throughput import throughput

from .plan_jobs import debugger, job

POWERS = (1, 2, 4, 8)


@st.composite
def jobs(draw, engine=None, least_gpus=1):
    """Jobs that go together; of Megatron's with ``least_gpus`` of 2, those that can have twice the tensor parallelism."""
    engine = engine or draw(st.sampled_from(Engine))
    model = KNOWN[draw(st.sampled_from(sorted(KNOWN)))]
    gpus = draw(st.sampled_from([count for count in POWERS if count >= least_gpus]))
    nodes = draw(st.sampled_from([1, 2, 4]))
    tp = pp = 1
    if engine is Engine.MEGATRON:
        tp = draw(st.sampled_from([size for size in POWERS if _cuts(model, gpus, size * least_gpus)]))
        stages = [
            size for size in (1, 2, 4) if model.layers % size == 0 and gpus * nodes % (tp * least_gpus * size) == 0
        ]
        pp = draw(st.sampled_from(stages))
    cps = [size for size in (1, 2) if gpus * nodes % (tp * least_gpus * pp * size) == 0 and model.heads % size == 0]
    rollout_tps = [
        size
        for size in POWERS
        if gpus % size == 0 and model.heads % size == 0 and (model.kv_heads % size == 0 or size % model.kv_heads == 0)
    ]
    return job(
        model,
        gpu=GPUS[draw(st.sampled_from(sorted(GPUS)))],
        gpus=gpus,
        nodes=nodes,
        engine=engine,
        tp=tp,
        pp=pp,
        cp=draw(st.sampled_from(cps)),
        recompute=draw(st.sampled_from(Recompute)),
        offload=draw(st.booleans()),
        host_optimizer=draw(st.booleans()),
        max_tokens=draw(st.sampled_from([4096, 8192, 16384])),
        rollout_tp=draw(st.sampled_from(rollout_tps)),
        rollout_memory=draw(st.sampled_from([0.3, 0.5, 0.7, 0.9])),
        debugger=draw(st.sampled_from([None, debugger(), debugger(placement="own", memory=0.5)])),
    )


def _cuts(model, gpus, tp):
    return all(count % tp == 0 for count in (gpus, model.heads, model.kv_heads, model.ffn, model.vocab))


@given(jobs(Engine.MEGATRON, least_gpus=2))
def test_more_tensor_parallelism_never_needs_more_memory_for_weights_or_activations(one):
    before, after = trainer_parts(one), trainer_parts(replace(one, tp=2 * one.tp))
    for name in ("weights", "gradients", "reference", "forward", "backward", "logits_old", "logits_update"):
        assert getattr(after, name).size <= getattr(before, name).size
    # what TP takes from data parallelism the optimizer is not sharded over any more: equal but for the norms
    assert after.optimizer.size <= before.optimizer.size * 1.01


@given(jobs())
def test_more_nodes_never_need_more_memory_on_a_gpu(one):
    more = replace(one, nodes=2 * one.nodes)
    for phase in Phase:
        assert _trainer(more, phase) <= _trainer(one, phase) * (1 + 1e-9)


def _trainer(one, phase):
    return sum(
        row.sizes.get(phase, 0)
        for row in memories(one)[0].rows
        if "rollout" not in row.name and "debugger" not in row.name
    )


@given(jobs())
def test_recomputing_never_keeps_more_and_offloading_leaves_no_less_for_the_rollout(one):
    none, full = (trainer_parts(replace(one, recompute=way)) for way in (Recompute.NONE, Recompute.FULL))
    assert full.backward.size <= none.backward.size or one.layers == 1
    held, freed = (memories(replace(one, offload=way))[0] for way in (False, True))
    assert freed.rollout.tokens >= held.rollout.tokens
    assert all(freed.total(phase) <= held.total(phase) for phase in (Phase.OLD, Phase.REFERENCE, Phase.UPDATE))


@given(jobs(), st.sampled_from([256, 512, 1024]))
def test_longer_responses_never_need_fewer_bytes_of_cache_and_never_less_time(one, more):
    longer = replace(one, response_tokens=one.response_tokens + more)
    token = one.model.kv_bytes(one.rollout_tp)
    assert longer.longest * token > one.longest * token
    held = memories(one)[0].rollout
    assert held.sequences(longer.longest) <= held.sequences(one.longest)
    # a stage more waits less when there are more micro-batches, so time is compared without stages
    if one.pp == 1:
        assert throughput(longer, memories(longer)).step > throughput(one, memories(one)).step


@settings(max_examples=50)
@given(jobs())
def test_the_sum_of_the_rows_is_what_is_judged_and_shown(one):
    made = plan(one)
    data = made.as_data()
    for kind, shown in zip(made.kinds, data["gpus"], strict=True):
        for phase in Phase:
            summed = sum(row["gib"].get(phase.value, 0) for row in shown["rows"])
            assert abs(summed - shown["total_gib"][phase.value]) < 1e-6
        overflows = any(total > shown["gib"] for total in shown["total_gib"].values())
        assert shown["fits"] == (not overflows and not kind.problems)
    assert data["fits"] == all(shown["fits"] for shown in data["gpus"])
    assert abs(sum(data["seconds"].values()) - data["step_seconds"]) < 1e-6


@settings(max_examples=25)
@given(jobs())
def test_every_remedy_that_is_named_makes_the_run_fit(one):
    tight = replace(one, gpu=GPUS["a100-40gb"], offload=False)
    made = plan(tight)
    event(f"{'fits' if made.fits else len(made.remedies)}")
    assert not (made.fits and made.remedies)
    for options in made.remedies:
        assert all(kind.fits for kind in memories(_with_options(tight, options)))


def _with_options(one, options):
    """The job as the command line would have it with these options, read independently of what tried them."""
    words = options.split()
    while words:
        option = words.pop(0)
        if option == "--offload":
            one = replace(one, offload=True)
        elif option == "--host-optimizer":
            one = replace(one, host_optimizer=True)
        else:
            value = words.pop(0)
            one = _set(one, option, value)
    return one


def _set(one, option, value):
    if option == "--debugger":
        assert value == "none"
        return replace(one, debugger=None)
    if option == "--debugger-placement":
        return replace(one, debugger=replace(one.debugger, placement=type(one.debugger.placement)(value)))
    if option == "--debugger-memory":
        return replace(one, debugger=replace(one.debugger, memory=float(value)))
    if option == "--recompute":
        return replace(one, recompute=Recompute(value))
    name = {"--max-tokens-per-gpu": "max_tokens"}.get(option, option[2:].replace("-", "_"))
    return replace(one, **{name: float(value) if name == "rollout_memory" else int(value)})
