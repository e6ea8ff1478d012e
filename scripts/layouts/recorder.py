"""Records the arguments of verl's policy loss by wrapping the loss function that verl looks up."""

from __future__ import annotations

from types import TracebackType

import torch
import verl.workers.utils.losses as losses


class Recorder:
    """While entered, records the advantage and the log-prob of every unmasked token of the policy loss."""

    def __init__(self) -> None:
        self.advantages: list[float] = []
        self.log_probs: list[float] = []
        self._looked_up = losses.get_policy_loss_fn

    def __enter__(self) -> Recorder:
        def look_up(mode: str):
            policy_loss = self._looked_up(mode)

            def recorded(**arguments):
                mask = arguments["response_mask"].bool()
                self.advantages += arguments["advantages"][mask].tolist()
                self.log_probs += arguments["log_prob"].detach()[mask].tolist()
                return policy_loss(**arguments)

            return recorded

        losses.get_policy_loss_fn = look_up
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        losses.get_policy_loss_fn = self._looked_up


def nested(tensors: list[torch.Tensor]) -> torch.Tensor:
    """Rows of different lengths in the form of verl's trainer."""
    return torch.nested.as_nested_tensor(tensors, layout=torch.jagged)
