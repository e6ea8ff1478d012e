"""Seconds of a rollout, and of the debugger's answers: decoding reads weights and cache once per token."""

from __future__ import annotations

from dataclasses import dataclass

from plan.assumptions import Assumptions
from plan.gpus import Gpu
from plan.job import Job
from plan.memory import GpuMemory
from plan.serving import server_weights
from plan.shapes import ModelShape


@dataclass(frozen=True, slots=True)
class Generation:
    """A step's generation. ``concurrent``: sequences that a server decodes at once; times in seconds."""

    concurrent: float
    token_seconds: float
    prefill: float
    decode: float
    tail: float

    @property
    def seconds(self) -> float:
        return self.prefill + self.decode + self.tail


def forward_flops(model: ModelShape, length: float) -> float:
    """FLOPs of a token in a sequence of ``length``: two per parameter, plus attention over half of it on average."""
    return 2 * model.multiplied + 2 * model.layers * model.queries * length


def token_seconds(
    model: ModelShape, gpu: Gpu, tp: int, concurrent: float, context: float, assumed: Assumptions
) -> float:
    """Seconds of a decoding step for ``concurrent`` sequences: the slower of reading and computing, plus overhead."""
    read = server_weights(model, tp) + concurrent * context * model.kv_bytes(tp)
    reading = read / (gpu.bandwidth * assumed.bandwidth_efficiency)
    computing = concurrent * forward_flops(model, context) / tp / (gpu.flops * assumed.mfu)
    return max(reading, computing) + assumed.decode_overhead / 1000


def generation(job: Job, kinds: list[GpuMemory]) -> Generation:
    """Prompts once per group (prefix cache), then all responses at mean length, then the longest alone to the limit."""
    model, assumed = job.model, job.assumptions
    waiting = job.sequences / job.replicas
    room = _cache_tokens(kinds) / (job.mean_prompt + job.mean_response)
    concurrent = max(1.0, min(waiting, job.rollout_sequences, room))
    context = job.mean_prompt + job.mean_response / 2
    step = token_seconds(model, job.gpu, job.rollout_tp, concurrent, context, assumed)
    alone = token_seconds(model, job.gpu, job.rollout_tp, 1, job.longest, assumed)
    prompts = job.prompts * job.mean_prompt * forward_flops(model, job.mean_prompt)
    return Generation(
        concurrent=concurrent,
        token_seconds=step,
        prefill=prompts / (job.world * job.gpu.flops * assumed.mfu),
        decode=max(1.0, waiting / concurrent) * job.mean_response * step,
        tail=(job.response_tokens - job.mean_response) * alone,
    )


def _cache_tokens(kinds: list[GpuMemory]) -> float:
    """Tokens of a server's cache, averaged over the GPUs."""
    found = [(kind.count, kind.rollout.tokens) for kind in kinds if kind.rollout is not None]
    return sum(count * tokens for count, tokens in found) / sum(count for count, _ in found)


@dataclass(frozen=True, slots=True)
class Calls:
    """The debugger's calls in a step: their number, seconds of all, seconds of one."""

    count: float
    seconds: float
    one: float


def debugger_calls(job: Job) -> Calls:
    """Zero without a debugger. The calls' common prefix is in the prefix cache."""
    if job.debugger is None:
        return Calls(0.0, 0.0, 0.0)
    assumed, model = job.assumptions, job.debugger.shape
    count = job.sequences * assumed.logic * assumed.unproven * (1 - assumed.no_variance)
    each = count / job.debugger.gpus
    prefill = assumed.call_prompt * forward_flops(model, assumed.call_prompt) / (job.gpu.flops * assumed.mfu)
    step = token_seconds(model, job.gpu, 1, assumed.call_concurrency, assumed.call_prompt, assumed)
    answer = assumed.call_answer * step
    return Calls(count, each * prefill + each / assumed.call_concurrency * answer, prefill + answer)
