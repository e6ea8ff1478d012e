"""A case and its parts."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class Layout:
    """The engine's parallelism over ranks, and its processing of a batch.

    ``packed`` is verl's ``use_remove_padding``: sequences end to end (thd) or padded to one length (bshd).
    """

    tp: int = 1
    pp: int = 1
    cp: int = 1
    dp: int = 1
    vpp: int | None = None
    sequence_parallel: bool = False
    packed: bool = True
    dynamic_batch: bool = False
    recompute: bool = False
    offload: bool = False
    mbridge: bool = False

    @property
    def ranks(self) -> int:
        return self.tp * self.pp * self.cp * self.dp

    def __str__(self) -> str:
        parts = [f"{name.upper()}{size}" for name in ("tp", "pp", "cp", "dp") if (size := getattr(self, name)) > 1]
        words = [" x ".join(parts) or "one rank"]
        words += [f"VPP{self.vpp}"] if self.vpp else []
        flags = {"sequence_parallel": "SP", "dynamic_batch": "dynamic batch", "recompute": "recompute"}
        words += [word for name, word in flags.items() if getattr(self, name)]
        words += ["offload"] if self.offload else []
        words += [] if self.packed else ["padded"]
        words += ["mbridge"] if self.mbridge else []
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Objective:
    """The loss of a step. ``kl`` is the KL term's coefficient; 0 leaves the reference model out."""

    aggregation: str = "seq-mean-token-sum"
    kl: float = 0.05

    def __str__(self) -> str:
        return self.aggregation + (", KL" if self.kl else "")


class Fault(Enum):
    """A planted mistake; a control passes if the checks find it."""

    SHIFTED = "advantages shifted by one token"
    SWAPPED = "masks swapped between two rows"
    NO_SCALING = "RoPE scaling missing"
    NO_BASE = "RoPE base missing"
    NO_ROPE = "RoPE scaling and base missing"
    MBRIDGE_SCALING = "mbridge, which can't be told of linear RoPE scaling"
    NO_MOMENTS = "resumed without the optimizer's state"


@dataclass(frozen=True, slots=True)
class Case:
    """``resumes`` names the case whose checkpoint is loaded under this case's layout."""

    layout: Layout
    objective: Objective = field(default_factory=Objective)
    model: str = "deepseek"
    resumes: str | None = None
    fault: Fault | None = None

    def settings(self) -> dict[str, Any]:
        """The layout's settings by name, for the record."""
        return {f.name: value for f in fields(self.layout) if (value := getattr(self.layout, f.name)) != f.default}
