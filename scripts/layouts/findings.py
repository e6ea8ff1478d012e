"""A case's results, and their requirements."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from layouts.layout import Case, Fault

TOLERANCE = 1e-5
CHECKS = {
    "A": "exported weights equal Hugging Face's, bit for bit",
    "B": "coded advantages reach the policy loss once each, bit-equal",
    "C": "each beside the log-prob of its own token",
    "D": "loss, gradient norm and the weights after a step, against plain torch",
    "E": "saved under one layout, resumed under another: the same next loss and weights",
    "F": "the rollout's probabilities equal the actor's",
}
# the checks that each planted fault must break; all others must hold
BREAKS = {
    Fault.SHIFTED: {"B", "C", "D"},
    Fault.SWAPPED: {"B", "D"},
    Fault.NO_SCALING: {"C", "D", "F"},
    Fault.NO_BASE: {"C", "D", "F"},
    Fault.NO_ROPE: {"C", "D", "F"},
    Fault.MBRIDGE_SCALING: {"C", "D", "F"},
    Fault.NO_MOMENTS: {"E"},
}


@dataclass(slots=True)
class Resumed:
    """Errors are relative to the uninterrupted run's, of the worst tensor.

    ``update``, relative to the tensor's change, is reported but not judged: rounding of float32 weights alone is up to
    1e-5 of this step.
    """

    saved_by: str
    weights_equal: bool
    loss: float
    weights: float
    update: float
    seconds: float = 0.0

    @property
    def agrees(self) -> bool:
        return self.weights_equal and _within(self.loss, self.weights)


@dataclass(slots=True)
class Findings:
    """Errors of the engine in float32 against plain torch in float64.

    ``log_prob`` and ``rollout`` are the largest absolute errors of log-probs and probabilities; ``loss`` and
    ``grad_norm`` are relative. ``weights`` is the largest |W - W'| / |W'| over tensors (Euclidean norms), ``update``
    the largest |W - W'| / |W' - W0|, the step's error. ``reference`` is the error of the reference model's log-probs.
    """

    exported: bool
    codes: bool
    log_prob: float
    loss: float
    grad_norm: float
    weights: float
    update: float
    rollout: float
    rollout_log_prob: float
    reference: float | None
    next_loss: float | None
    resumed: Resumed | None
    tokens: int
    sampled: int
    seconds: float

    def broken(self) -> set[str]:
        """The checks that fail."""
        holds = {
            "A": self.exported,
            "B": self.codes,
            "C": _within(self.log_prob, self.reference),
            "D": _within(self.loss, self.grad_norm, self.weights, self.update, self.next_loss),
            "E": self.resumed is None or self.resumed.agrees,
            "F": _within(self.rollout),
        }
        return {check for check, held in holds.items() if not held}

    def as_expected(self, case: Case) -> bool:
        complete = case.resumes is None or self.resumed is not None
        return complete and self.broken() == (BREAKS[case.fault] if case.fault else set())

    def as_row(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Findings:
        resumed = row["resumed"] and Resumed(**row["resumed"])
        return cls(**{**row, "resumed": resumed})


def _within(*errors: float | None) -> bool:
    """Whether all measured errors are within the tolerance; NaN is not."""
    return all(error <= TOLERANCE for error in errors if error is not None)
