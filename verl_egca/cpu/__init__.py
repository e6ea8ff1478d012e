"""Training on a machine without an accelerator, such as a laptop or CI.

The real trainer, Megatron engine and collectives run; their uses of CUDA are replaced by CPU equivalents, in process,
before they are imported. No installed file is edited.

    platform.py     verl's platform interface for a CPU
    cuda.py         torch.cuda and the tensor methods that name it
    distributed.py  process groups on gloo
    import_hooks.py import hooks that wrapt lacks
    megatron.py     Megatron-Core and Megatron-Bridge: device literals, import stubs, layer specs
    layers.py       Transformer Engine's layers in plain torch, context parallelism included
    verl_internals.py   places in verl that require accelerators
    rollout.py      ``rollout.name=hf_cpu``: generation by a transformers model

Each replacement names the upstream file that requires it; ``tests/cpu/test_canaries_megatron.py`` fails when such a file
changes.
"""

from __future__ import annotations

import os

ENVIRONMENT = {
    "EGCA_CPU": "1",
    "VERL_PLATFORM": "cpu",
    "VERL_ENGINE_DEVICE": "cuda",  # engines are registered for cuda and npu only (verl/workers/engine/base.py)
    "TORCHDYNAMO_DISABLE": "1",  # Megatron-Core decorates its fusions with torch.compile at import
    "CUDA_DEVICE_MAX_CONNECTIONS": "1",  # Megatron-Core requires it for sequence parallelism
}

_installed = False


def install() -> None:
    """Prepare this process; called by the plugin in each of verl's processes. Idempotent."""
    global _installed
    if _installed:
        return
    _installed = True
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from verl_egca.cpu import cuda, distributed, megatron, platform, verl_internals

    cuda.patch()
    distributed.patch()
    megatron.leave_hooks()
    verl_internals.leave_hooks()
    platform.register()
