"""torch.cuda on a CPU: streams and events do nothing, memory is plentiful, random state is the CPU generator's.

Megatron-Core uses ``device=torch.cuda.current_device()`` in about 190 places, so that call returns the CPU device.
``torch.cuda.is_available()`` stays False, for transformers, tensordict and Ray.
"""

from __future__ import annotations

import contextlib
import sys
import types
from typing import Any

import torch

CPU = torch.device("cpu")
_PLENTY = 1 << 40


class Stream:
    """Replaces streams and events; CPU operations are synchronous."""

    cuda_stream = 0
    device = CPU

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def query(self) -> bool:
        return True

    def elapsed_time(self, other: object) -> float:
        return 0.0

    def record_event(self, event: Stream | None = None) -> Stream:
        return event or Stream()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exc: object) -> bool:
        return False

    def wait_stream(self, *args: Any, **kwargs: Any) -> None: ...

    wait_event = synchronize = record = wait = wait_stream


def patch() -> None:
    _patch_module()
    _patch_tensor_methods()


def _patch_module() -> None:
    cuda, generator, stream = torch.cuda, torch.default_generator, Stream()
    properties = types.SimpleNamespace(
        name="cpu", total_memory=_PLENTY, major=8, minor=0, multi_processor_count=1, warp_size=32
    )

    def nothing(*args, **kwargs):
        return None

    def zero(*args, **kwargs):
        return 0

    replacements = {
        "current_device": lambda: CPU,
        # verl seeds Megatron's random tracker only if this is positive (workers/engine/megatron/utils.py:35)
        "device_count": lambda: 1,
        "_lazy_call": lambda function, **kwargs: function(),
        "Stream": Stream,
        "Event": Stream,
        "ExternalStream": Stream,
        "stream": lambda stream=None: contextlib.nullcontext(),
        "current_stream": lambda *a, **k: stream,
        "default_stream": lambda *a, **k: stream,
        # the generator's own: torch.manual_seed calls torch.cuda.manual_seed_all
        "manual_seed": lambda seed: generator.manual_seed(int(seed)),
        "manual_seed_all": lambda seed: generator.manual_seed(int(seed)),
        "get_rng_state": lambda *a, **k: generator.get_state(),
        "set_rng_state": lambda state, *a, **k: generator.set_state(state),
        "memory_stats": lambda *a, **k: {},
        "mem_get_info": lambda *a, **k: (_PLENTY, _PLENTY),
        "memory_summary": lambda *a, **k: "",
        "memory_snapshot": lambda *a, **k: [],
        "get_device_properties": lambda *a, **k: properties,
        "get_device_name": lambda *a, **k: "cpu",
        "get_device_capability": lambda *a, **k: (8, 0),
        "cudart": nothing,
    }
    for name in ("set_device", "synchronize", "empty_cache", "ipc_collect", "init", "_lazy_init", "set_stream"):
        replacements[name] = nothing
    for name in ("set_per_process_memory_fraction", "reset_peak_memory_stats"):
        replacements[name] = nothing
    for name in ("memory_allocated", "max_memory_allocated", "memory_reserved", "max_memory_reserved"):
        replacements[name] = zero
    for name, value in replacements.items():
        if isinstance(value, types.FunctionType):  # torch._dynamo refuses one function object under two names
            value = types.FunctionType(value.__code__, value.__globals__, name, value.__defaults__, value.__closure__)
        setattr(cuda, name, value)
    cuda.random.get_rng_state, cuda.random.set_rng_state = cuda.get_rng_state, cuda.set_rng_state
    cuda.memory._record_memory_history = nothing
    cuda.memory._set_allocator_settings = nothing
    cuda.nvtx.range_push = cuda.nvtx.range_pop = cuda.nvtx.mark = nothing


def _patch_tensor_methods() -> None:
    def itself(self, *args, **kwargs):
        return self

    torch.Tensor.cuda = torch.nn.Module.cuda = torch.Tensor.pin_memory = itself
    torch.Tensor.record_stream = lambda self, *args, **kwargs: None
    real_type = torch.Tensor.type

    def type_(self, *args, **kwargs):
        name = real_type(self, *args, **kwargs)
        # Megatron's optimizers compare with 'torch.cuda.FloatTensor' (optimizer.py:690, distrib_optimizer.py:420)
        if not args and not kwargs and sys._getframe(1).f_globals.get("__name__", "").startswith("megatron.core"):
            return name.replace("torch.", "torch.cuda.", 1)
        return name

    torch.Tensor.type = type_
