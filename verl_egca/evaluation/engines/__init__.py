"""Engines that generate for ``egca evaluate``: one small interface, one file for each engine, imported on use.

base.py    the interface: prompts as token ids in, sampled token ids out
hf.py      transformers, in this process, on a GPU if there is one
vllm.py    vLLM's offline engine
sglang.py  SGLang's offline engine
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from verl_egca.config.choices import GenerationEngine
from verl_egca.evaluation.engines.base import Engine, EngineMissing

_BATCH: dict[GenerationEngine, int] = {"hf": 32, "vllm": 1024, "sglang": 1024}
_NEEDS: dict[GenerationEngine, tuple[str, ...]] = {
    "hf": ("torch", "transformers"),
    "vllm": ("transformers", "vllm"),
    "sglang": ("transformers", "sglang"),
}
_REMEDY: dict[GenerationEngine, str] = {
    "hf": "scripts/setup_cpu.sh or scripts/setup_gpu.sh installs them",
    "vllm": "ROLLOUT=vllm bash scripts/setup_gpu.sh installs the pinned one",
    "sglang": "bash scripts/setup_gpu.sh installs the pinned one",
}


def usual_batch(name: GenerationEngine) -> int:
    """The number of requests for an engine at once: a batch that it decodes together, or enough for its scheduler."""
    return _BATCH[name]


def check_installed(name: GenerationEngine) -> None:
    """Raises EngineMissing, with the command that installs it. Imports nothing."""
    missing = [package for package in _NEEDS[name] if find_spec(package) is None]
    if missing:
        raise EngineMissing(f"--engine {name} needs {' and '.join(missing)}, not installed here; {_REMEDY[name]}")


def start(
    name: GenerationEngine, folder: Path, *, dtype: str, seed: int, tensor_parallel: int, extra: dict[str, Any]
) -> Engine:
    """The model of ``folder`` in an engine; ``extra`` are named arguments of the engine's class."""
    if name == "hf":
        from verl_egca.evaluation.engines.hf import HF

        return HF.load(folder, dtype, extra)
    if name == "vllm":
        from verl_egca.evaluation.engines.vllm import VLLM

        return VLLM(folder, dtype=dtype, seed=seed, tensor_parallel=tensor_parallel, extra=extra)
    from verl_egca.evaluation.engines.sglang import SGLang

    return SGLang(folder, dtype=dtype, seed=seed, tensor_parallel=tensor_parallel, extra=extra)
