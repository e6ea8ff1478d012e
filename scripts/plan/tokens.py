"""A step's tokens by mini-batches, ranks and micro-batches."""

from __future__ import annotations

import math
from dataclasses import dataclass

from plan.job import Job


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """Of a step. ``mean_*`` are at the assumed mean length, ``most_*`` if all sequences are as long as they may be."""

    sequences: int
    mean_tokens: float
    most_tokens: int
    updates: int
    rank_sequences: int
    mean_micro_batches: int
    most_micro_batches: int
    longest_in_micro_batch: int
    steps_an_epoch: int
    left_out: int
    steps: int


def token_budget(job: Job) -> TokenBudget:
    """``rank_sequences`` and micro-batches: of one update on one data-parallel rank. ``left_out``: problems of an epoch.

    verl drops an epoch's last batch if it is not full (`verl/trainer/ppo/v1/trainer_base.py`, 0.9.1).
    """
    rank = job.mini_batch * job.group // job.dp
    room = job.max_tokens * job.cp
    at_once = room // job.longest
    steps = job.problems // job.prompts
    return TokenBudget(
        sequences=job.sequences,
        mean_tokens=job.sequences * (job.mean_prompt + job.mean_response),
        most_tokens=job.sequences * job.longest,
        updates=job.prompts // job.mini_batch,
        rank_sequences=rank,
        mean_micro_batches=max(1, math.ceil(rank * (job.mean_prompt + job.mean_response) / room)),
        most_micro_batches=math.ceil(rank / at_once),
        longest_in_micro_batch=at_once,
        steps_an_epoch=steps,
        left_out=job.problems - steps * job.prompts,
        steps=steps * job.epochs,
    )
