"""A plan: memory of each kind of GPU, tokens, seconds, remedies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plan.gpus import GIB
from plan.job import Job, Placement, Server
from plan.memory import GpuMemory, Phase, host_bytes, memories
from plan.remedies import remedies
from plan.throughput import Throughput, throughput


@dataclass(frozen=True, slots=True)
class Plan:
    """``remedies``: options that make the run fit; empty if it fits, or if none helps."""

    job: Job
    kinds: tuple[GpuMemory, ...]
    host: float
    throughput: Throughput
    remedies: tuple[str, ...]

    @property
    def notes(self) -> list[str]:
        """Further requirements of a layout that fits."""
        job, debugger = self.job, self.job.debugger
        if debugger is None or debugger.placement is Placement.OWN or debugger.gpus % job.rollout_tp == 0:
            return []
        if job.server is Server.VLLM:
            return []
        # model_executor/model_runner.py of SGLang, init_torch_distributed
        unequal = "the debugger leaves the GPUs of one rollout server unequal memory, which SGLang refuses otherwise"
        return [f"export SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK=0: {unequal}"]

    @property
    def fits(self) -> bool:
        return all(kind.fits for kind in self.kinds)

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON; memory in GiB, times in seconds and hours."""
        job, budget, debugger = self.job, self.throughput.budget, self.job.debugger
        return {
            "fits": self.fits,
            "model": {"name": job.model.name, "parameters": job.model.parameters},
            "layout": {
                "gpu": job.gpu.name,
                "gpus": job.world,
                "engine": job.engine.value,
                "tp": job.tp,
                "pp": job.pp,
                "cp": job.cp,
                "dp": job.dp,
                "rollout_tp": job.rollout_tp,
                "rollout_servers": job.replicas,
                "rollout": job.server.value,
                "rollout_memory": job.rollout_memory,
                "prompts": job.prompts,
                "group": job.group,
                "mini_batch": job.mini_batch,
                "prompt_tokens": job.prompt_tokens,
                "response_tokens": job.response_tokens,
                "max_tokens_per_gpu": job.max_tokens,
                "recompute": job.recompute.value,
                "offload": job.offload,
                "host_optimizer": job.host_optimizer,
                "debugger": debugger and debugger.shape.name,
                "debugger_gpus": debugger and debugger.gpus,
                "debugger_memory": debugger and debugger.memory,
            },
            "gpus": [_kind_data(kind) for kind in self.kinds],
            "host_gib_a_node": self.host / GIB,
            "tokens": {name: getattr(budget, name) for name in budget.__slots__},
            "seconds": {share.name: share.seconds for share in self.throughput.shares},
            "step_seconds": self.throughput.step,
            "egca_seconds": self.throughput.egca,
            "tokens_a_second": self.throughput.tokens_a_second,
            "hours": self.throughput.hours,
            "remedies": list(self.remedies),
            "notes": self.notes,
            "assumptions": {name: value for name, value, _, _ in job.assumptions.described()},
        }


def plan(job: Job) -> Plan:
    kinds = memories(job)
    fits = all(kind.fits for kind in kinds)
    return Plan(
        job=job,
        kinds=tuple(kinds),
        host=host_bytes(job),
        throughput=throughput(job, kinds),
        remedies=() if fits else tuple(remedies(job)),
    )


def _kind_data(kind: GpuMemory) -> dict[str, Any]:
    servers = {"rollout": kind.rollout, "debugger": kind.debugger}
    return {
        "name": kind.name,
        "count": kind.count,
        "fits": kind.fits,
        "problems": list(kind.problems),
        "gib": kind.limit / GIB,
        "total_gib": {phase.value: kind.total(phase) / GIB for phase in Phase},
        "rows": [
            {"name": row.name, "how": row.how, "gib": {phase.value: size / GIB for phase, size in row.sizes.items()}}
            for row in kind.rows
        ],
        "kv_cache": {
            name: {"tokens": server.tokens, "bytes_a_token": server.token_bytes}
            for name, server in servers.items()
            if server is not None
        },
    }
