"""An amount of memory with the arithmetic that gave it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """``size`` in bytes; ``how`` is the arithmetic in words."""

    size: float
    how: str

    @classmethod
    def none(cls, why: str) -> Part:
        return cls(0.0, why)


@dataclass(frozen=True, slots=True)
class TrainerParts:
    """What a trainer can hold on one GPU. The first four stay between phases unless offloaded; the others come and go.

    ``gathered``: weights (and gradients) that are whole for a moment. ``forward``: a pass without gradients;
    ``backward``: an update's. ``logits_*``: what the head's output takes where log-probs are computed (with entropy, as
    verl does for the old ones), for the reference's, and in an update.
    """

    weights: Part
    gradients: Part
    optimizer: Part
    reference: Part
    gathered_forward: Part
    gathered_backward: Part
    forward: Part
    backward: Part
    logits_old: Part
    logits_reference: Part
    logits_update: Part
