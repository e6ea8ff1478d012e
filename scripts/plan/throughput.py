"""Seconds of a step by parts, and hours of a run, estimated under `Assumptions`."""

from __future__ import annotations

from dataclasses import dataclass

from plan.generation import debugger_calls, forward_flops, generation
from plan.job import Engine, Job, Recompute
from plan.memory import GpuMemory, trainer_parts
from plan.tokens import TokenBudget, token_budget
from plan.training import stage_parameters


@dataclass(frozen=True, slots=True)
class Share:
    """``seconds`` of a step's critical path; ``how`` is the arithmetic in words."""

    name: str
    seconds: float
    how: str


@dataclass(frozen=True, slots=True)
class Throughput:
    """``egca``: the seconds that plain GRPO would not take, a part of the step's."""

    shares: tuple[Share, ...]
    egca: float
    budget: TokenBudget

    @property
    def step(self) -> float:
        return sum(share.seconds for share in self.shares)

    @property
    def hours(self) -> float:
        return self.step * self.budget.steps / 3600

    @property
    def tokens_a_second(self) -> float:
        """Of prompts and responses, over all GPUs."""
        return self.budget.mean_tokens / self.step


def throughput(job: Job, kinds: list[GpuMemory]) -> Throughput:
    assumed, budget = job.assumptions, token_budget(job)
    rollout = generation(job, kinds)
    cores = job.nodes * assumed.programs_at_once
    verdicts = job.sequences * assumed.verdict
    searches = job.sequences * assumed.logic * assumed.localization
    calls = debugger_calls(job)

    # the time not hidden by generation; calls overlap with searches
    late_verdicts = max(0.0, verdicts / cores - rollout.seconds)
    late = max(0.0, (verdicts + searches) / cores - rollout.seconds)
    last_verdict = assumed.verdict + late_verdicts
    last_search = assumed.localization + late - late_verdicts
    last_call = calls.one + max(0.0, calls.seconds - rollout.seconds - late)

    mean = job.mean_prompt + job.mean_response
    passes = budget.mean_tokens * forward_flops(job.model, mean) / (job.world * job.gpu.flops * assumed.mfu)
    bubble = 1 + (job.pp - 1) / budget.mean_micro_batches
    factor = 4 if job.recompute is Recompute.FULL else 3
    shares = [
        Share(
            "generation",
            rollout.seconds,
            f"prefill {rollout.prefill:.1f}, {rollout.concurrent:.0f} at once x {1000 * rollout.token_seconds:.1f} ms a "
            f"token {rollout.decode:.1f}, the longest alone {rollout.tail:.1f}",
        ),
        Share(
            "verdicts", last_verdict, f"{verdicts:.0f} CPU-s over {cores:.0f} at once, beside generation; the last one"
        ),
        Share("search", last_search, f"{searches:.0f} CPU-s over {cores:.0f} at once, beside generation; the last one"),
    ]
    if job.debugger is not None:
        shares.append(
            Share(
                "debugger",
                last_call,
                f"{calls.count:.0f} calls, {calls.seconds:.1f} s, beside generation and search; the last one",
            )
        )
    shares += [
        Share("old log-probs", passes * bubble, f"2 x parameters x {budget.mean_tokens:,.0f} tokens, with attention"),
        Share("reference", passes * bubble, "the same"),
        Share("update", factor * passes * bubble, f"{2 * factor} x parameters x tokens, with attention"),
        Share("data parallelism", *_between_gpus(job, budget)),
    ]
    if job.offload:
        shares.append(Share("offloading", *_offloading(job)))
    if job.host_optimizer:
        shares.append(Share("host's optimizer", *_host_optimizer(job, budget)))
    shares += [
        Share(
            "weight sync",
            2 * job.model.parameters / (assumed.weight_sync * 1e9),
            f"{2 * job.model.parameters / 1e9:.1f} GB to each server",
        ),
        Share("bookkeeping", assumed.bookkeeping, "assumed"),
    ]
    return Throughput(tuple(shares), last_search + last_call, budget)


def _between_gpus(job: Job, budget: TokenBudget) -> tuple[float, str]:
    """Data parallelism's: not overlapped with computing (verl's default for Megatron). TP's is in the MFU."""
    speed = job.gpu.link if job.nodes == 1 else min(job.gpu.link, job.assumptions.network * 1e9)
    if job.engine is Engine.MEGATRON:
        ranks = job.dp * job.cp
        size = budget.updates * 6 * stage_parameters(job) * (ranks - 1) / ranks
        how = f"{budget.updates} updates x parameters a GPU x (4 + 2) bytes"
    else:
        micro = budget.updates * budget.mean_micro_batches
        size = micro * 12 * job.model.parameters * (job.world - 1) / job.world  # plus the two passes of the log-probs
        how = f"{micro} micro-batches x parameters x (4 x 2 to gather + 4 to reduce) bytes"
    return size / speed, f"{how} at {speed / 1e9:.0f} GB/s"


def _offloading(job: Job) -> tuple[float, str]:
    parts = trainer_parts(job)
    # weights move both ways for log-probs, update and sync; the reference's and the optimizer's once
    size = 6 * parts.weights.size + 2 * parts.reference.size + 2 * parts.optimizer.size
    speed = job.assumptions.host_link
    return size / (
        speed * 1e9
    ), f"{size / 1e9:.0f} GB a GPU at {speed:g} GB/s: weights, reference, optimizer, both ways"


def _host_optimizer(job: Job, budget: TokenBudget) -> tuple[float, str]:
    ranks = job.dp * job.cp if job.engine is Engine.MEGATRON else job.world
    count = (stage_parameters(job) if job.engine is Engine.MEGATRON else job.model.parameters) / ranks
    once = 12 * count / (job.assumptions.host_adam * 1e9) + 6 * count / (job.assumptions.host_link * 1e9)
    return budget.updates * once, f"{budget.updates} updates x {count:,.0f} parameters a GPU x 12 bytes, on the host"
