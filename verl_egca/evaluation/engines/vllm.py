"""vLLM's offline engine. ``tests/servers`` reads its arguments with the pinned release's code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verl_egca.evaluation.engines.base import GenerationRequest, Response, Sampling


class VLLM:
    def __init__(self, folder: Path, *, dtype: str, seed: int, tensor_parallel: int, extra: dict[str, Any]) -> None:
        os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")  # standard output is for results
        from vllm import LLM

        self._llm = LLM(**engine_arguments(folder, dtype, seed, tensor_parallel, extra))

    def generate(self, requests: Sequence[GenerationRequest], sampling: Sampling) -> list[Response]:
        from vllm import SamplingParams

        outputs = self._llm.generate(
            [{"prompt_token_ids": list(request.prompt)} for request in requests],
            [SamplingParams(**sampling_arguments(request, sampling)) for request in requests],
            use_tqdm=False,
        )
        firsts = [output.outputs[0] for output in outputs]  # in the requests' order
        return [Response(tuple(first.token_ids), first.finish_reason == "length") for first in firsts]

    def close(self) -> None:
        del self._llm  # its processes end with it


def engine_arguments(
    folder: Path, dtype: str, seed: int, tensor_parallel: int, extra: dict[str, Any]
) -> dict[str, Any]:
    """Of ``vllm.LLM``."""
    return {
        "model": str(folder),
        "dtype": dtype,
        "seed": seed,
        "tensor_parallel_size": tensor_parallel,
    } | extra


def sampling_arguments(request: GenerationRequest, sampling: Sampling) -> dict[str, Any]:
    """Of ``vllm.SamplingParams``."""
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": request.budget,
        "seed": request.own_seed,
        "stop_token_ids": list(sampling.stops),
    }
