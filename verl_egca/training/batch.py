"""The rows of a batch as the estimator sees them, passed around verl's fixed signature.

verl passes an estimator only rewards, mask and group names (trainer/ppo/ray_trainer.py:187, `compute_advantage`). So
the trainer sets a `Rows` during that call, and the estimator reads it with `current_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import torch

from verl_egca.config.settings import Settings
from verl_egca.sample import SampleRecord


@dataclass(slots=True)
class Rows:
    """One entry per row of the batch, in its order; B rows.

    ``records`` is None for padding rows. ``final`` is the row with the scored output of the same session (itself,
    unless an agent loop returned several outputs). The estimator stores its results in ``adv_B`` (one advantage per
    response) and ``adv_BT`` (token advantages), and its inputs ``mask_BT``, the response mask, and ``uids``, each row's
    group. With ``egca.entropy_share`` below 1, ``entropy_BT`` (nats) is set, and the estimator stores
    ``entropy_threshold``, the least entropy of a token that counts. ``twin_of`` maps a twin's row, whose record is
    None, to the row that it repairs.
    """

    records: Sequence[SampleRecord | None]
    final: Sequence[int]
    settings: Settings
    adv_B: torch.Tensor | None = field(default=None)
    adv_BT: torch.Tensor | None = field(default=None)
    mask_BT: torch.Tensor | None = field(default=None)
    uids: Sequence[str] = ()
    entropy_BT: torch.Tensor | None = field(default=None)
    entropy_threshold: float | None = field(default=None)
    twin_of: Mapping[int, int] = field(default_factory=dict)


_CURRENT: ContextVar[Rows | None] = ContextVar("egca_rows", default=None)


@contextmanager
def rows_visible(rows: Rows) -> Iterator[Rows]:
    token = _CURRENT.set(rows)
    try:
        yield rows
    finally:
        _CURRENT.reset(token)


def current_rows(batch_size: int) -> Rows:
    """The rows of the batch whose advantages are being computed.

    Raises:
        RuntimeError: no rows are set, or their number differs from the batch's.
    """
    rows = _CURRENT.get()
    if rows is None:
        raise RuntimeError(
            "algorithm.adv_estimator=egca needs the spans that an egca trainer carries: set "
            "trainer.v1.trainer_mode to egca_sync, egca_colocate_async or egca_separate_async"
        )
    if len(rows.records) != batch_size:
        raise RuntimeError(
            f"egca: {len(rows.records)} sample records for {batch_size} rows; set reward.reward_manager.name=egca"
        )
    return rows


def final_rows(keys: Sequence[str]) -> list[int]:
    """For each key ``{uid}_{session}_{index}``, the row with its session's highest index.

    The same rule as verl's (trainer/ppo/v1/utils.py:148, compute_advantage_for_multi_trajectories).
    """
    last: dict[str, tuple[int, int]] = {}
    sessions = []
    for row, key in enumerate(keys):
        session, _, index = key.rpartition("_")
        sessions.append(session)
        if session not in last or last[session][0] < int(index):
            last[session] = (int(index), row)
    return [last[session][1] for session in sessions]
