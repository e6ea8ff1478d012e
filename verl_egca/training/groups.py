"""Whether a group's rewards differ, decided before its samples are localized: otherwise the debugger is not asked.

verl sends each sample to a random reward worker (experimental/agent_loop/agent_loop.py, 0.9.1), so no worker sees a
whole group. One actor (`GroupBoard`) does: the trainer announces groups, samples report their rewards, and a sample
waits for its group before a question. A group is decided once two rewards differ or all are known. Unannounced groups
are validation, which has no advantages.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import ray

logger = logging.getLogger(__name__)

_NAME = "egca_groups"
_MOST_GROUPS = 100_000
_LONGEST_WAIT_S = 1_800.0  # for the group's rewards; a failed rollout reports none


class GroupBoard:
    """A Ray actor, one per run; its methods run in one event loop."""

    def __init__(self) -> None:
        self._groups: dict[str, _State] = {}

    async def expect(self, uids: Sequence[str], samples: Sequence[int]) -> None:
        """Announces groups and their numbers of samples."""
        for uid, count in zip(uids, samples, strict=True):
            self._groups[uid] = _State(count)
        while len(self._groups) > _MOST_GROUPS:
            self._groups.pop(next(iter(self._groups))).decide(varies=False)  # the oldest

    async def tell(self, uid: str, reward: float | None) -> None:
        if uid in self._groups:
            self._groups[uid].tell(reward)

    async def varies(self, uid: str) -> bool:
        """Waits until the group is decided; false for an unannounced group."""
        state = self._groups.get(uid)
        if state is None:
            return False
        try:
            return await asyncio.wait_for(asyncio.shield(state.decided), _LONGEST_WAIT_S)
        except TimeoutError:
            return False


class _State:
    def __init__(self, samples: int) -> None:
        self._left = samples
        self._rewards: set[float] = set()
        self.decided: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def tell(self, reward: float | None) -> None:
        self._left -= 1
        if reward is not None:
            self._rewards.add(reward)
        if len(self._rewards) > 1:
            self.decide(varies=True)
        elif self._left <= 0:
            self.decide(varies=False)

    def decide(self, *, varies: bool) -> None:
        if not self.decided.done():
            self.decided.set_result(varies)


class SampleGroup:
    """`sample.Group` of one sample on its reward worker."""

    def __init__(self, board: Any, uid: str) -> None:
        self._board, self._uid = board, uid

    def tell(self, reward: float | None) -> None:
        self._board.tell.remote(self._uid, reward)

    def varies(self) -> bool:
        try:
            return ray.get(self._board.varies.remote(self._uid))
        except ray.exceptions.RayError as error:
            logger.warning("egca: the board of groups does not answer (%s); the debugger is asked all the same", error)
            return True


def start_board() -> Any:
    """Start the run's board, which ends with the caller."""
    return ray.remote(GroupBoard).options(name=_NAME, num_cpus=0, max_concurrency=100_000).remote()


def find_board() -> Any | None:
    """The run's board; None if no trainer has started one."""
    try:
        return ray.get_actor(_NAME)
    except ValueError:
        return None
