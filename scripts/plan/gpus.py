"""Public figures of some GPUs."""

from __future__ import annotations

from dataclasses import dataclass

from plan.bad_plan import BadPlan

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Gpu:
    """``memory``: usable bytes by CUDA, a little less than the nominal size. ``flops``: per second, dense bfloat16 with
    float32 sums. ``bandwidth``, ``link``: bytes per second of its memory, and in one direction to a neighbour in the
    node (NVLink, else PCIe). From the vendor's data sheets, without sparsity.
    """

    name: str
    memory: int
    flops: float
    bandwidth: float
    link: float


GPUS = {
    gpu.name: gpu
    for gpu in (
        Gpu("a100-80gb", int(79.1 * GIB), 312e12, 2039e9, 300e9),
        Gpu("a100-40gb", int(39.4 * GIB), 312e12, 1555e9, 300e9),
        Gpu("h100-80gb", int(79.1 * GIB), 989e12, 3350e9, 450e9),
        Gpu("l40s", int(44.4 * GIB), 362e12, 864e9, 32e9),
        Gpu("rtx4090", int(23.6 * GIB), 165e12, 1008e9, 32e9),
    )
}


def gpu_of(name: str) -> Gpu:
    """Raises BadPlan for a name that is not in `GPUS`."""
    if name not in GPUS:
        raise BadPlan(f"--gpu {name}: choose one of {', '.join(GPUS)}")
    return GPUS[name]
