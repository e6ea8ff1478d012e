"""SGLang's offline engine. ``tests/servers`` reads its arguments with the pinned release's code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verl_egca.evaluation.engines.base import GenerationRequest, Response, Sampling


class SGLang:
    def __init__(self, folder: Path, *, dtype: str, seed: int, tensor_parallel: int, extra: dict[str, Any]) -> None:
        import sglang

        self._engine = sglang.Engine(**engine_arguments(folder, dtype, seed, tensor_parallel, extra))

    def generate(self, requests: Sequence[GenerationRequest], sampling: Sampling) -> list[Response]:
        outputs = self._engine.generate(
            input_ids=[list(request.prompt) for request in requests],
            sampling_params=[sampling_arguments(request, sampling) for request in requests],
        )
        return [Response(tuple(output["output_ids"]), _was_truncated(output["meta_info"])) for output in outputs]

    def close(self) -> None:
        self._engine.shutdown()


def _was_truncated(meta: dict[str, Any]) -> bool:
    reason = meta["finish_reason"]
    if reason["type"] not in ("stop", "length"):  # aborted: not a sample
        raise RuntimeError(f"SGLang gave up on a request: {reason}")
    return bool(reason["type"] == "length")


def engine_arguments(
    folder: Path, dtype: str, seed: int, tensor_parallel: int, extra: dict[str, Any]
) -> dict[str, Any]:
    """Of ``sglang.Engine``: fields of its ServerArgs. Deterministic: only then a request has its seed."""
    return {
        "model_path": str(folder),
        "dtype": dtype,
        "random_seed": seed,
        "tp_size": tensor_parallel,
        "enable_deterministic_inference": True,
    } | extra


def sampling_arguments(request: GenerationRequest, sampling: Sampling) -> dict[str, Any]:
    """Of SGLang's SamplingParams."""
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_new_tokens": request.budget,
        "sampling_seed": request.own_seed,
        "stop_token_ids": list(sampling.stops),
    }
