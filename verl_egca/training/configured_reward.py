"""A sample's reward without EGCA: from the configured reward function, else from verl's scorer.

Used for rows without program tests, and for all rows with ``egca.reward=custom``. verl's ``naive`` reward manager does
it, so a reward function gets its usual arguments.
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
    """``info`` is the rest of verl's answer: ``acc``, and everything else that the reward function returned."""

    given: GivenReward
    info: dict[str, Any]


class ConfiguredReward:
    def __init__(self, config, tokenizer, compute_score, reward_router_address, reward_model_tokenizer, right_from):
        """``right_from``: the least score of a right program, for functions that return no ``acc``."""
        self._manager = NaiveRewardManager(
            config, tokenizer, compute_score, reward_router_address, reward_model_tokenizer
        )
        self._right_from = right_from

    async def score(self, data) -> Scored:
        """Raises the reward function's errors.

        Args:
            data: one session's outputs, in the form that verl's reward workers get; the last one is scored.
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
