"""The memory of one GPU in each phase of a step, and whether it fits.

Trainer and rollout take turns (verl's hybrid engine). During generation an offloaded trainer keeps only its runtime;
during training the sleeping server has released weights and cache. At the weights' sync both have weights, but there is
no cache yet. Without offloading, weights, gradient buffers, optimizer and reference stay. The debugger's server always
stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, StrEnum

from plan.gpus import GIB
from plan.job import Engine, Job, Placement, Server
from plan.part import TrainerParts
from plan.serving import ServerMemory, debugger_memory, rollout_memory
from plan.sharded import fsdp2_parts
from plan.training import megatron_parts


class Phase(StrEnum):
    ROLLOUT = "rollout"
    OLD = "log-probs"
    REFERENCE = "reference"
    UPDATE = "update"
    SYNC = "sync"


@dataclass(frozen=True, slots=True)
class Row:
    """Bytes of one part in each phase; ``how`` is their arithmetic."""

    name: str
    how: str
    sizes: dict[Phase, float]


@dataclass(frozen=True, slots=True)
class GpuMemory:
    """``count`` GPUs of a kind, with or without a replica of the debugger. ``problems``: those besides the sums."""

    name: str
    count: int
    limit: int
    rows: tuple[Row, ...]
    rollout: ServerMemory | None
    debugger: ServerMemory | None
    problems: tuple[str, ...]

    def total(self, phase: Phase) -> float:
        return sum(row.sizes.get(phase, 0.0) for row in self.rows)

    def spare(self, phase: Phase) -> float:
        """Bytes left; negative if memory is short."""
        return self.limit - self.total(phase)

    @property
    def fits(self) -> bool:
        return not self.problems and all(self.spare(phase) >= 0 for phase in Phase)


class Beside(Enum):
    """What shares the GPU: a replica of the debugger, or a rollout server that also has a GPU with a replica."""

    NOTHING = 0
    DEBUGGER = 1
    SERVER = 2


def trainer_parts(job: Job) -> TrainerParts:
    return megatron_parts(job) if job.engine is Engine.MEGATRON else fsdp2_parts(job)


def memories(job: Job) -> list[GpuMemory]:
    """Memory of each kind of GPU, the fullest first."""
    debugger = job.debugger
    if debugger is None:
        return [_hybrid(job, "every GPU", job.world)]
    if debugger.placement is Placement.OWN:
        return [_hybrid(job, "every GPU that trains", job.world), _only_debugger(job)]
    # the GPUs of one rollout server have equal caches, so the debugger's GPU limits the others
    tight = min(job.world, math.ceil(debugger.gpus / job.rollout_tp) * job.rollout_tp)
    kinds = [_hybrid(job, "with the debugger", debugger.gpus, Beside.DEBUGGER)]
    if tight > debugger.gpus:
        kinds.append(_hybrid(job, "in a rollout server with that", tight - debugger.gpus, Beside.SERVER))
    if job.world > tight:
        kinds.append(_hybrid(job, "without the debugger", job.world - tight))
    return kinds


def host_bytes(job: Job) -> float:
    """Bytes of offloaded tensors in a node's memory."""
    parts = trainer_parts(job)
    whole = 4 * job.model.parameters / job.world  # FSDP2's share in float32
    if job.engine is Engine.FSDP2:
        offloaded = whole  # the reference
        if job.host_optimizer:
            offloaded += 4 * whole
        elif job.offload:
            offloaded += parts.weights.size + parts.optimizer.size
        return job.gpus * offloaded
    offloaded = 6 * parts.weights.size / (job.dp * job.cp) if job.host_optimizer else 0.0
    if job.offload:
        offloaded += parts.weights.size + parts.reference.size + parts.optimizer.size
    return job.gpus * offloaded


def _hybrid(job: Job, name: str, count: int, beside: Beside = Beside.NOTHING) -> GpuMemory:
    parts, assumed = trainer_parts(job), job.assumptions
    limit = job.gpu.memory
    rows: list[Row] = []

    def add(name: str, how: str, **sizes: float) -> None:
        found = {Phase[phase]: size for phase, size in sizes.items()}
        if any(found.values()):
            rows.append(Row(name, how, found))

    def everywhere(size: float) -> dict[str, float]:
        return {phase.name: size for phase in Phase}

    def resident(size: float, *needed: Phase) -> dict[str, float]:
        """In all phases, or if offloaded, in those that need it."""
        return {phase.name: size if not job.offload or phase in needed else 0.0 for phase in Phase}

    add("weights", parts.weights.how, **resident(parts.weights.size, Phase.OLD, Phase.UPDATE, Phase.SYNC))
    held = resident(parts.gradients.size, Phase.UPDATE)
    if job.engine is Engine.FSDP2:  # it drops gradients after each update
        held = {Phase.UPDATE.name: parts.gradients.size}
    add("gradients", parts.gradients.how, **held)
    add("optimizer", parts.optimizer.how, **resident(parts.optimizer.size, Phase.UPDATE))
    add("reference", parts.reference.how, **resident(parts.reference.size, Phase.REFERENCE))
    forward, backward = parts.gathered_forward, parts.gathered_backward
    add("whole layers", forward.how, OLD=forward.size, REFERENCE=forward.size, UPDATE=backward.size)
    add(
        "activations",
        parts.backward.how,
        OLD=parts.forward.size,
        REFERENCE=parts.forward.size,
        UPDATE=parts.backward.size,
    )
    add(
        "logits",
        parts.logits_update.how,
        OLD=parts.logits_old.size,
        REFERENCE=parts.logits_reference.size,
        UPDATE=parts.logits_update.size,
    )
    passing = {
        "OLD": parts.forward.size + parts.logits_old.size,
        "REFERENCE": parts.forward.size + parts.logits_reference.size,
        "UPDATE": parts.backward.size + parts.logits_update.size,
    }
    add(
        "fragmentation",
        f"{assumed.fragmentation:g} of the last two",
        **{phase: assumed.fragmentation * size for phase, size in passing.items()},
    )
    add("trainer's runtime", "context, NCCL, workspaces", **everywhere(assumed.trainer_runtime * GIB))

    problems: list[str] = []
    debugger = None
    if job.debugger is not None and beside is not Beside.NOTHING:
        debugger = debugger_memory(job.debugger, limit)
    taken = assumed.trainer_runtime * GIB
    if not job.offload:
        taken += sum(row.sizes.get(Phase.ROLLOUT, 0.0) for row in rows if row.name != "trainer's runtime")
    if debugger is not None:
        taken += debugger.weights + debugger.cache + assumed.debugger_runtime * GIB
    rollout = rollout_memory(job, taken)
    add("rollout's weights", "bfloat16, over the rollout's TP", ROLLOUT=rollout.weights, SYNC=rollout.weights)
    add("rollout's KV cache", f"{rollout.how} - weights", ROLLOUT=rollout.cache)
    add(
        "rollout's runtime",
        "context, CUDA graphs; awake also what it works with",
        **{
            phase.name: (assumed.server_runtime + (assumed.server_working if phase is Phase.ROLLOUT else 0)) * GIB
            for phase in Phase
        },
    )
    add("sync bucket", "of tensors on their way", SYNC=assumed.sync_bucket * GIB)
    if debugger is not None and beside is Beside.DEBUGGER:
        add("debugger's weights", "bfloat16", **everywhere(debugger.weights))
        add("debugger's KV cache", f"{debugger.how} - weights", **everywhere(debugger.cache))
        add("debugger's runtime", "context, CUDA graphs, activations", **everywhere(assumed.debugger_runtime * GIB))
        problems += _too_small(debugger, debugger.how, "the debugger's share, --debugger-memory")
    problems += _too_small(rollout, rollout.how, "the rollout's share, --rollout-memory", job.longest)
    if job.server is Server.VLLM and beside is not Beside.SERVER and job.rollout_memory * limit > limit - taken:
        problems.append(
            f"vLLM does not start: --rollout-memory {job.rollout_memory:g} x {limit / GIB:.2f} is more than the "
            f"{(limit - taken) / GIB:.2f} GiB that are free then"
        )
    shown = debugger if beside is Beside.DEBUGGER else None
    return GpuMemory(name, count, limit, tuple(rows), rollout, shown, tuple(problems))


def _only_debugger(job: Job) -> GpuMemory:
    assert job.debugger is not None
    server = debugger_memory(job.debugger, job.gpu.memory)
    rows = (
        Row("debugger's weights", "bfloat16", {Phase.ROLLOUT: server.weights}),
        Row("debugger's KV cache", f"{server.how} - weights", {Phase.ROLLOUT: server.cache}),
        Row("debugger's runtime", "", {Phase.ROLLOUT: job.assumptions.debugger_runtime * GIB}),
    )
    problems = _too_small(server, server.how, "the debugger's share, --debugger-memory")
    return GpuMemory("the debugger's own", job.debugger.gpus, job.gpu.memory, rows, None, server, tuple(problems))


def _too_small(server: ServerMemory, how: str, what: str, longest: int = 1) -> list[str]:
    if server.tokens >= longest:
        return []
    return [
        f"{what}: {how} GiB, less than weights of {server.weights / GIB:.2f} GiB and one sequence of {longest:,} tokens"
    ]
