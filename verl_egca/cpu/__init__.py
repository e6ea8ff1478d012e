"""Training on a machine without an accelerator: the embedded default for laptops and CI.

The real trainer, the real Megatron engine and the real collectives run; what they ask of CUDA gets its CPU meaning, in
process, before they are imported. No installed file is edited.

    platform.py     verl's platform interface for a CPU
    cuda.py         torch.cuda and the tensor methods that name it
    distributed.py  process groups on gloo
    import_hooks.py hooks at imports that wrapt has not
    megatron.py     Megatron-Core and Megatron-Bridge: device literals, import stubs, layer specs
    layers.py       Transformer Engine's layers in plain torch, context parallelism included
    verl_internals.py   the few places in verl that know only accelerators
    rollout.py      ``rollout.name=hf_cpu``: a transformers model that generates

Each replacement names the upstream file that makes it necessary; ``tests/cpu/test_canaries_megatron.py`` fails when one of these
changes.
"""

from __future__ import annotations

import os

ENVIRONMENT = {
    "EGCA_CPU": "1",
    "VERL_PLATFORM": "cpu",
    "VERL_ENGINE_DEVICE": "cuda",  # engines are registered for cuda and npu only (verl/workers/engine/base.py)
    "TORCHDYNAMO_DISABLE": "1",  # Megatron-Core decorates its fusions with torch.compile at import
    "CUDA_DEVICE_MAX_CONNECTIONS": "1",  # Megatron-Core wants it for sequence parallelism
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
