"""Where a response's advantage lands: on the blamed span, or on all of its tokens (paper, token-level advantage).

With ``A`` the advantage of a response, ``n`` its tokens and ``s`` the blamed ones among them, ``soft`` in [0, 1]:

    uniform:   a_t = A / n                                     on every token
    focused:   a_t = soft * A / n + (1 - soft) * A / s         on the span, soft * A / n elsewhere

so that ``sum_t a_t = A`` in every branch: credit is moved, never created or lost. That is ``normalisation="sum"``,
exact under a loss that sums over tokens (verl's ``loss_agg_mode=seq-mean-token-sum``). ``normalisation="mean"``
multiplies each row by ``n``, for losses that average over tokens; its uniform branch is then exactly GRPO's.

A row is focused if it failed (LOGIC or SYNTAX), something was localized, and ``A < 0``: a positive advantage on a bug
would teach the bug. Every other row is uniform.

Shapes: B responses, T response tokens, right-padded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from verl_egca.gates.mode import Mode

Normalisation = Literal["sum", "mean"]
Spans = Sequence[tuple[int, int]]

_BLAMABLE = frozenset({Mode.LOGIC, Mode.SYNTAX})


@torch.no_grad()
def credit(
    adv_B: Tensor,
    modes: Sequence[Mode | None],
    spans: Sequence[Spans],
    mask_BT: Tensor,
    *,
    normalisation: Normalisation = "sum",
    soft: float = 0.0,
) -> Tensor:
    """Token advantages of a batch: the paper's rule for each row's mode.

    Args:
        adv_B: one advantage a response, shape (B,).
        modes: the gate's decision a row; None for rows that only pad the batch, which stay zero.
        spans: a row's blamed half-open ranges of response tokens; empty where nothing was localized.
        mask_BT: 1 on the response's own tokens, shape (B, T).

    Returns:
        Shape (B, T), zero outside the mask.

    Raises:
        ValueError: as `span_mask` and `token_advantages` say, or the number of modes is not B.
    """
    if len(modes) != len(adv_B):
        raise ValueError(f"{len(modes)} modes for {len(adv_B)} rows")
    blamed = [row_spans if mode in _BLAMABLE else () for mode, row_spans in zip(modes, spans, strict=True)]
    real_B1 = torch.tensor([mode is not None for mode in modes], device=mask_BT.device)[:, None]
    return token_advantages(
        adv_B, span_mask(blamed, mask_BT), mask_BT * real_B1, normalisation=normalisation, soft=soft
    )


@torch.no_grad()
def token_advantages(
    adv_B: Tensor, span_BT: Tensor, mask_BT: Tensor, *, normalisation: Normalisation = "sum", soft: float = 0.0
) -> Tensor:
    """Spread each row's advantage: on its span where it has one and the advantage is negative, else uniformly.

    Args:
        adv_B: one advantage a response, shape (B,).
        span_BT: True on blamed tokens, shape (B, T); what lies outside the mask does not count.
        mask_BT: 1 on the response's own tokens, shape (B, T).
        normalisation: rows sum to ``A`` ("sum") or to ``A`` times their number of tokens ("mean").
        soft: the share of ``A`` that stays uniform (the paper's ablation), in [0, 1].

    Raises:
        ValueError: shapes do not fit, ``soft`` is outside [0, 1], or ``normalisation`` is unknown.
    """
    if adv_B.shape != mask_BT.shape[:1] or span_BT.shape != mask_BT.shape:
        got = f"advantages {tuple(adv_B.shape)}, span {tuple(span_BT.shape)}, mask {tuple(mask_BT.shape)}"
        raise ValueError(f"expected shapes (B,), (B, T), (B, T); got {got}")
    if not 0.0 <= soft <= 1.0:
        raise ValueError(f"soft is {soft}; it must lie in [0, 1]")
    if normalisation not in ("sum", "mean"):
        raise ValueError(f"normalisation is {normalisation!r}; choose 'sum' or 'mean'")
    mask_BT = mask_BT.bool()
    span_BT = span_BT & mask_BT
    tokens_B1 = mask_BT.sum(-1, keepdim=True)
    blamed_B1 = span_BT.sum(-1, keepdim=True)
    focused_B1 = (blamed_B1 > 0) & (adv_B[:, None] < 0)

    # What one unit of advantage puts on a token. Each uniform entry of "mean" is the advantage times exactly one.
    unit_B1 = 1.0 / tokens_B1.clamp(min=1) if normalisation == "sum" else torch.ones_like(tokens_B1, dtype=adv_B.dtype)
    scale_B1 = (1.0 if normalisation == "sum" else tokens_B1) / blamed_B1.clamp(min=1)
    uniform_BT = adv_B[:, None] * unit_B1 * mask_BT
    focused_BT = soft * uniform_BT + (1.0 - soft) * (adv_B[:, None] * scale_B1) * span_BT
    # "where" and not a product: a row without tokens stays zero, whatever its advantage
    return torch.where(mask_BT, torch.where(focused_B1, focused_BT, uniform_BT), 0.0)


def span_mask(spans: Sequence[Spans], mask_BT: Tensor) -> Tensor:
    """True on the tokens of each row's half-open ranges, shape (B, T).

    Raises:
        ValueError: spans for another number of rows, or a range that is empty, negative or past the row's last token.
            Such data would put credit on tokens that nobody sampled, so it is an error and never clipped.
    """
    rows, width = mask_BT.shape
    if len(spans) != rows:
        raise ValueError(f"spans for {len(spans)} rows, but the batch has {rows}")
    places = torch.arange(1, width + 1, device=mask_BT.device)
    length_B = (places * mask_BT.bool()).amax(-1).tolist() if width else [0] * rows
    edges_BT = torch.zeros(rows, width + 1, dtype=torch.long)
    for row, row_spans in enumerate(spans):
        for start, end in row_spans:
            if not 0 <= start < end <= length_B[row]:
                raise ValueError(f"row {row}: span [{start}, {end}) outside its {length_B[row]} response tokens")
            edges_BT[row, start] += 1
            edges_BT[row, end] -= 1
    return (edges_BT.cumsum(-1)[:, :width] > 0).to(mask_BT.device)
