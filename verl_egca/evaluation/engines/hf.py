"""A transformers model in this process: batches of left-padded prompts, with random numbers for each request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from verl_egca.cpu import sampling as batched
from verl_egca.evaluation.engines.base import GenerationRequest, Response, Sampling


class HF:
    def __init__(self, model: Any) -> None:
        self._model = model.eval()

    @classmethod
    def load(cls, folder: Path, dtype: str, extra: dict[str, Any]) -> HF:
        """On the first GPU, or on the CPU; ``dtype`` "auto" is the model's own on a GPU, float32 on a CPU."""
        from transformers import AutoModelForCausalLM
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # of loading; generation has its own
        device = "cuda" if torch.cuda.is_available() else "cpu"
        kind = "float32" if (dtype, device) == ("auto", "cpu") else dtype
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=kind, **extra)
        return cls(model.to(device))

    def generate(self, requests: Sequence[GenerationRequest], sampling: Sampling) -> list[Response]:
        given = [
            batched.Request(list(r.prompt), sampling.temperature, r.budget, r.stream, top_p=sampling.top_p)
            for r in requests
        ]
        batched.sample(self._model, given, set(sampling.stops))
        return [Response(tuple(one.tokens), one.tokens[-1] not in sampling.stops) for one in given]

    def close(self) -> None:
        del self._model
