"""What one program under test may use, and how it is confined (``egca.sandbox`` in YAML)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from verl_egca.execution.confinement.layers import Layer

PackageName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]


class Limits(BaseModel):
    """Budgets of one program, each for one of its cases. Times in seconds, sizes in bytes.

    CPU time is what counts, so that a busy machine fails nobody: ``wall_seconds`` ends a program that sleeps past it,
    and one that has neither slept nor used its CPU time only after ten times as long. A program may use as much as its
    cases may together, but once MOST_TIMEOUTS of them (see `limit_names`)
    used up their time the rest is not run.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpu_seconds: float = Field(6.0, gt=0, allow_inf_nan=False, description="CPU time of one case")
    wall_seconds: float = Field(12.0, gt=0, allow_inf_nan=False, description="time that a case may sleep through")
    memory_bytes: int = Field(1 << 30, ge=1 << 26, description="address space on top of the bare interpreter's")
    output_bytes: int = Field(1 << 20, ge=0, description="output of a case on top of twice what is expected")
    file_bytes: int = Field(1 << 24, ge=1 << 12, description="size of all files that it writes")
    open_files: int = Field(64, ge=32, description="descriptors open at once")
    processes: int = Field(
        64, ge=0, description="threads; processes are refused where the kernel can (see egca doctor)"
    )
    isolate: bool = Field(False, description="each case in a process of its own")
    packages: tuple[PackageName, ...] = Field((), description="packages that programs may import, beside numpy")
    require: Literal["full", "reduced"] = Field("reduced", description="refuse to run with less confinement than this")


class ConfinementError(RuntimeError):
    """The machine offers less confinement than the settings require, or the sandbox can't be set up at all.

    ``layers`` are those that were in force (empty if no worker started), ``reasons`` says why the others were not.
    """

    def __init__(self, message: str, layers: tuple[Layer, ...] = (), reasons: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.layers = layers
        self.reasons = dict(reasons or {})
