"""The reward that a sample would have without EGCA: of the configured reward function, else of verl's scorer.

Rows that hold no program tests are scored so, and with ``egca.reward=custom`` all rows are. It is verl's own ``naive``
reward manager that does it, so that a reward function finds what it finds there.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager

from verl_egca.sample import GivenReward

_ACC_IS_RIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Scored:
    """``info`` is what verl's manager reports beside the reward: ``acc``, and whatever the reward function returned."""

    given: GivenReward
    info: dict[str, Any]


class ConfiguredReward:
    def __init__(self, config, tokenizer, compute_score, reward_router_address, reward_model_tokenizer, right_from):
        """``right_from`` is the score from which on a function that returns no ``acc`` calls a program right."""
        self._manager = NaiveRewardManager(
            config, tokenizer, compute_score, reward_router_address, reward_model_tokenizer
        )
        self._right_from = right_from

    async def score(self, data) -> Scored:
        """Whatever the reward function raises is raised.

        Args:
            data: the outputs of one session as verl's reward workers get them; the last one is scored.
        """
        self._manager.loop = asyncio.get_running_loop()
        extra = data.non_tensor_batch.get("extra_info")
        if extra is not None and isinstance(extra[-1], str):  # a column of JSON text
            extra[-1] = json.loads(extra[-1]) if extra[-1] else {}
        told = await self._manager.run_single(data)
        value, info = float(told["reward_score"]), told["reward_extra_info"]
        if "score" in info and info.get("acc") is not None:  # the function's own word; else verl copies the score there
            right = float(info["acc"]) >= _ACC_IS_RIGHT
        else:
            right = value >= self._right_from
        return Scored(GivenReward(value, right), info)
