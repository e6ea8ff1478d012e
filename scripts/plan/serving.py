"""A server's memory on one GPU: weights, and a KV cache in the rest of its share."""

from __future__ import annotations

from dataclasses import dataclass

from plan.gpus import GIB
from plan.job import Debugger, Job, Server
from plan.shapes import ModelShape


@dataclass(frozen=True, slots=True)
class ServerMemory:
    """Bytes on one GPU. ``tokens``: the cache's capacity; a server's GPUs cache the same tokens."""

    weights: float
    cache: float
    tokens: int
    token_bytes: int
    how: str

    def sequences(self, length: float) -> int:
        return int(self.tokens // length)


def server_weights(model: ModelShape, tp: int) -> float:
    """Bytes of bfloat16 weights on a GPU: matrices sharded, norms whole, a tied head counted once."""
    matrices = model.layers * model.layer_matrices + model.ends - model.hidden
    return 2 * (matrices / tp + model.layers * model.layer_norms + model.hidden)


def rollout_memory(job: Job, taken: float) -> ServerMemory:
    """The rollout's server, if ``taken`` bytes of the GPU are in use when it starts.

    ``--rollout-memory`` is verl's gpu_memory_utilization: in SGLang the share of free memory for weights and cache
    (mem_fraction_static), in vLLM the share of the whole GPU for these and working memory.
    """
    weights, token = server_weights(job.model, job.rollout_tp), job.model.kv_bytes(job.rollout_tp)
    free = max(0.0, job.gpu.memory - taken)
    if job.server is Server.SGLANG:
        share = job.rollout_memory * free
        how = f"{job.rollout_memory:g} x {free / GIB:.2f} free at its start"
    else:
        working = (job.assumptions.server_working + job.assumptions.server_runtime) * GIB
        share = job.rollout_memory * job.gpu.memory - working
        how = f"{job.rollout_memory:g} x {job.gpu.memory / GIB:.2f} - {working / GIB:.2f} to work with"
    cache = max(0.0, share - weights)
    return ServerMemory(weights, cache, int(cache // token), token, how)


def debugger_memory(debugger: Debugger, memory: int) -> ServerMemory:
    """A replica of the debugger. It starts first, so its share is of the whole GPU, ``memory`` bytes."""
    weights, token = server_weights(debugger.shape, 1), debugger.shape.kv_bytes()
    cache = max(0.0, debugger.memory * memory - weights)
    return ServerMemory(weights, cache, int(cache // token), token, f"{debugger.memory:g} x {memory / GIB:.2f}")
