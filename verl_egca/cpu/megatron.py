"""Megatron-Core 0.16 and Megatron-Bridge 0.3 on a CPU, by import hooks.

- ``device="cuda"`` literals (schedules.py:596, clip_grads.py:90, optimizer.py:473, ...): in each module ``torch``
becomes a
  proxy whose factories turn cuda into cpu. The real functions stay unchanged for other libraries.
- Transformer Engine and triton: Megatron-Bridge imports them unguarded (peft/lora.py, and mcore's Mamba specs). Stubs
  exist only during its import, and are hidden from mcore's guarded imports, so its HAVE_TE stays False.
- Layers: mcore's local attention refuses packed sequences and context parallelism (dot_product_attention.py:59, 154)
and
  its norm refuses sequence parallelism (torch_norm.py:32), so its Transformer Engine spec is given `layers`.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import importlib.machinery
import logging
import sys
import types

import torch
from wrapt import register_post_import_hook

from verl_egca.cpu.cuda import CPU
from verl_egca.cpu.import_hooks import around_import, when_any_imported

_FACTORIES = "tensor zeros ones empty full arange empty_like zeros_like ones_like full_like rand randn randint as_tensor Generator"
_BRIDGE_IMPORTS = ("transformer_engine", "transformer_engine.pytorch", "triton", "triton.language")


def leave_hooks() -> None:
    proxy = _TorchProxy()

    def see_proxy(module: types.ModuleType) -> None:
        if getattr(module, "torch", None) is torch:
            module.torch = proxy

    when_any_imported("megatron.", see_proxy)
    when_any_imported("mbridge.", see_proxy)
    register_post_import_hook(see_proxy, "verl.utils.megatron_utils")  # line 744: offloads to pinned memory
    register_post_import_hook(_one_generator, "megatron.core.tensor_parallel.random")
    register_post_import_hook(_own_layers, "megatron.core.models.gpt.gpt_layer_specs")
    register_post_import_hook(_own_final_norm, "megatron.core.transformer.transformer_block")
    register_post_import_hook(_load_into_fresh_optimizer, "megatron.core.optimizer.distrib_optimizer")
    around_import("megatron.bridge", lambda: _stubs(*_BRIDGE_IMPORTS))


def _one_generator(module: types.ModuleType) -> None:
    module._get_cuda_rng_state = lambda *a, **k: torch.default_generator.get_state()
    module._set_cuda_rng_state = lambda state, *a, **k: torch.default_generator.set_state(state)
    # suppresses its warning about the CPU's state in a GPU context: both are one generator here
    logging.getLogger(module.__name__).setLevel(logging.ERROR)


def _own_layers(module: types.ModuleType) -> None:
    from verl_egca.cpu import layers

    module.TESpecProvider, module.TENorm = layers.CPUSpecProvider, layers.TENorm


def _own_final_norm(module: types.ModuleType) -> None:
    from verl_egca.cpu import layers

    module.LayerNormImpl = layers.TENorm


def _load_into_fresh_optimizer(module: types.ModuleType) -> None:
    """Let a checkpoint be loaded before the first step.

    Without Transformer Engine the step count is read from torch's Adam (distrib_optimizer.py:642), which has no state
    before its first step. So it gets the state of step 0, which loading overwrites, except for the count: that stays 0
    or becomes one tensor shared by all parameters (lines 825, 1662). Here it is set to the checkpoint's count, kept
    with the parameter groups. A fully reshardable checkpoint is loaded without the count (line 2098), by a function
    that needs every entry of the state (line 939): it gets the current count.
    """
    optimizer = module.DistributedOptimizer
    sharded_state_dict, load_state_dict = optimizer.sharded_state_dict, optimizer.load_state_dict
    set_states = optimizer._set_main_param_and_optimizer_states

    @functools.wraps(sharded_state_dict)
    def with_state(self, model_sharded_state_dict, is_loading=False, *args, **kwargs):
        if is_loading and not self.optimizer.state:
            for group in self.optimizer.param_groups:
                for parameter in group["params"]:
                    state = self.optimizer.state[parameter]
                    state["step"] = torch.tensor(0.0)
                    state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        return sharded_state_dict(self, model_sharded_state_dict, is_loading, *args, **kwargs)

    @functools.wraps(load_state_dict)
    @torch.no_grad()  # in float32 the optimizer's shards are views of the parameters, written in place (line 940)
    def with_own_steps(self, state_dict):
        (step,) = {group["step"] for group in state_dict["optimizer"]["param_groups"]}
        load_state_dict(self, state_dict)
        for state in self.optimizer.state.values():
            state["step"] = torch.tensor(float(step))

    @functools.wraps(set_states)
    def with_a_count(self, model_param, tensors):
        group, place = self.model_param_group_index_map[model_param]
        state = self.optimizer.state[self.optimizer.param_groups[group]["params"][place]]
        set_states(self, model_param, {**{name: state[name] for name in ("step",) if name in state}, **tensors})

    optimizer.sharded_state_dict, optimizer.load_state_dict = with_state, with_own_steps
    optimizer._set_main_param_and_optimizer_states = with_a_count


def _to_cpu(device):
    if isinstance(device, torch.device):
        return CPU if device.type == "cuda" else device
    if isinstance(device, str):
        return CPU if device.startswith("cuda") else device
    return CPU if isinstance(device, int) and not isinstance(device, bool) else device


class _DeviceType(type):
    """``torch.device`` in a proxied module: isinstance works, construction turns cuda into cpu."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, torch.device)

    def __call__(cls, *args, **kwargs):
        if args and isinstance(args[0], str | int | torch.device) and _to_cpu(args[0]) is CPU:
            return CPU
        return torch.device(*args, **kwargs)


class _TorchProxy(types.ModuleType):
    def __init__(self) -> None:
        super().__init__("torch")
        for name in _FACTORIES.split():
            setattr(self, name, self._on_cpu(getattr(torch, name)))
        self.device = _DeviceType("device", (), {})

    @staticmethod
    def _on_cpu(factory):
        @functools.wraps(factory)
        def call(*args, **kwargs):
            if "device" in kwargs:
                kwargs["device"] = _to_cpu(kwargs["device"])
            if kwargs.get("pin_memory"):
                kwargs["pin_memory"] = False
            return factory(*args, **kwargs)

        return call

    def __getattr__(self, name: str):
        return getattr(torch, name)


class _Stub(types.ModuleType):
    """Has every attribute; a call returns its first argument, as decorators need."""

    __path__ = ()
    __version__ = "0.0.0"

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        value = (
            type(name, (torch.nn.Module,), {"__module__": self.__name__})
            if name[:1].isupper()
            else _Stub(f"{self.__name__}.{name}")
        )
        setattr(self, name, value)
        return value

    def __call__(self, *args, **kwargs):
        return args[0] if args else self


@contextlib.contextmanager
def _stubs(*names: str):
    added = [name for name in names if name not in sys.modules]
    for name in added:
        stub = sys.modules[name] = _Stub(name)
        stub.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        parent, _, leaf = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], leaf, stub)
    real_import = builtins.__import__

    def import_without_engine_for_core(name, globals=None, *args, **kwargs):
        importer = str((globals or {}).get("__name__"))
        if name.startswith("transformer_engine") and importer.startswith("megatron.core"):
            raise ModuleNotFoundError(name)
        return real_import(name, globals, *args, **kwargs)

    builtins.__import__ = import_without_engine_for_core
    try:
        yield
    finally:
        builtins.__import__ = real_import
        for name in added:
            del sys.modules[name]
