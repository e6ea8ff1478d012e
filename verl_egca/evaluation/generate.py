"""Samples of a model for the problems of a file, appended row by row in a folder; an interrupted run resumes there."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from verl_egca import __version__
from verl_egca.config.choices import GenerationEngine, PromptFormat, Split
from verl_egca.data.rows import BadInput
from verl_egca.evaluation.engines import start, usual_batch
from verl_egca.evaluation.engines.base import Engine, GenerationRequest, Sampling
from verl_egca.evaluation.jobs import sha256
from verl_egca.evaluation.model_folder import ModelFolder
from verl_egca.evaluation.prompts import HUMANEVAL, MBPP, Asked, ask
from verl_egca.evaluation.sample_file import UNCOMPARED, SampleFile
from verl_egca.spans import token_pieces

_TEMPLATES = {"deepseek-coder": {"HumanEval": HUMANEVAL, "MBPP": MBPP}, "own": None}


@dataclass(frozen=True, slots=True)
class Generation:
    """Settings of a generation. ``batch`` requests go to the engine at once; ``extra`` are the engine's arguments."""

    model: str
    engine: GenerationEngine = "hf"
    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 512
    seed: int = 0
    prompt: PromptFormat = "auto"
    split: Split = "test"
    examples: Path | None = None
    dtype: str = "auto"
    tensor_parallel: int = 1
    batch: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Generator:
    """The model and its engine, which starts on use; for several files of problems in turn."""

    def __init__(self, generation: Generation, console: Console) -> None:
        """Raises BadInput: the model does not exist."""
        self._how = generation
        self._batch = generation.batch or usual_batch(generation.engine)
        self._console = console
        self._model = ModelFolder(generation.model)
        self._digests = self._model.digests()
        self._engine: Engine | None = None

    def generate(self, problems: Path, folder: Path) -> Path:
        """The file of samples, which may exist already, also in part. Raises BadInput."""
        asked = ask(problems, self._how.split, self._how.prompt, self._how.examples)
        prompts = [self._model.asked(one.chat) for one in asked]
        for one, prompt in zip(asked, prompts, strict=True):
            if self._model.context is not None and len(prompt) >= self._model.context:
                raise BadInput(
                    problems,
                    None,
                    "prompt",
                    f"of {one.problem.task_id} has {len(prompt)} tokens; the model {self._how.model} has room for "
                    f"{self._model.context}, answer included",
                )
        requests = [
            GenerationRequest(prompt, number, self._how.seed, self._budget(prompt))
            for prompt in prompts
            for number in range(self._how.samples)
        ]
        with SampleFile(folder, self._settings(problems, asked, prompts), len(requests)) as file:
            # whole batches only: a sample may depend, in its last bits, on its batch
            done = file.done if file.done == file.total else file.done - file.done % self._batch
            if done < file.done:
                file.keep(done)
            if done < file.total:
                rows = self._rows(asked, requests, done)
                for row in self._shown(rows, done, file.total, problems.name):
                    file.append([row])
        return file.path

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()

    def _budget(self, prompt: tuple[int, ...]) -> int:
        most = self._how.max_tokens
        return most if self._model.context is None else min(most, self._model.context - len(prompt))

    def _rows(
        self, asked: Sequence[Asked], requests: Sequence[GenerationRequest], done: int
    ) -> Iterator[dict[str, Any]]:
        how = self._how
        if self._engine is None:
            self._engine = start(
                how.engine,
                self._model.path,
                dtype=how.dtype,
                seed=how.seed,
                tensor_parallel=how.tensor_parallel,
                extra=how.extra,
            )
        sampling = Sampling(how.temperature, how.top_p, self._model.stops)
        for first in range(done, len(requests), self._batch):
            batch = requests[first : first + self._batch]
            for place, response in enumerate(self._engine.generate(batch, sampling), first):
                problem = asked[place // how.samples].problem
                yield {
                    "task_id": problem.task_id,
                    "sample_index": requests[place].number,
                    "response": token_pieces(self._model.tokenizer, response.tokens).text,  # as training reads it
                    "tokens": len(response.tokens),
                    "truncated": response.truncated,
                }

    def _settings(self, problems: Path, asked: Sequence[Asked], prompts: Sequence[tuple[int, ...]]) -> dict[str, Any]:
        """All settings that decide the samples, with the prompts as token ids."""
        how = self._how
        forms = sorted({one.form for one in asked})
        return {
            UNCOMPARED: {
                "problems": str(problems),
                "examples": None if how.examples is None else str(how.examples),
                "model": how.model,
                "model_folder": str(self._model.path),
            },
            "problems": {"sha256": sha256(problems), "split": how.split, "tasks": len(asked)},
            "model": {"sha256": self._digests, "stops": self._model.stops},
            "prompt": {
                "formats": forms,
                "templates": {form: _TEMPLATES[form] for form in forms},
                "chat_template": self._model.tokenizer.chat_template,
                "examples_sha256": None if how.examples is None else sha256(how.examples),
                "first": asked[0].chat,
                "token_ids_sha256": hashlib.sha256(json.dumps(prompts).encode()).hexdigest(),
            },
            "sampling": {
                "samples": how.samples,
                "temperature": how.temperature,
                "top_p": how.top_p,
                "max_tokens": how.max_tokens,
                "seed": how.seed,
            },
            "engine": {
                "name": how.engine,
                "dtype": how.dtype,
                "tensor_parallel": how.tensor_parallel,
                "batch": self._batch,
                "arguments": how.extra,
                "device": _device(),
            },
            "versions": _versions(how.engine),
        }

    def _shown(self, rows: Iterator[dict[str, Any]], done: int, total: int, name: str) -> Iterator[dict[str, Any]]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            bar = progress.add_task(f"generating for {name}", total=total, completed=done)
            for row in rows:
                yield row
                progress.advance(bar)


def _device() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {platform.machine()}"


def _versions(engine: GenerationEngine) -> dict[str, str]:
    names = packages_distributions()  # vLLM for CPUs has another name
    packages = ["torch", "transformers", "tokenizers", *([] if engine == "hf" else [engine])]
    found = {package: version(names[package][0]) for package in packages}
    return {"verl_egca": __version__, "python": platform.python_version(), **found}
