"""An amount of memory with its arithmetic."""

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
    """A trainer's parts on one GPU. The first four stay between phases unless offloaded; the others are temporary.

    ``gathered``: temporarily gathered weights (and gradients). ``forward``: a pass without gradients; ``backward``: an
    update's. ``logits_*``: the head's output for the old log-probs (with entropy, as in verl), the reference's, and an
    update.
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
