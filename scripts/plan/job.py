"""The planned run, with checks of its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from plan.assumptions import Assumptions
from plan.bad_plan import BadPlan
from plan.gpus import Gpu
from plan.shapes import ModelShape


class Engine(StrEnum):
    MEGATRON = "megatron"
    FSDP2 = "fsdp2"


class Server(StrEnum):
    SGLANG = "sglang"
    VLLM = "vllm"


class Recompute(StrEnum):
    """Activations that the backward pass recomputes: none, or all but each layer's input."""

    NONE = "none"
    FULL = "full"


class Placement(StrEnum):
    """The place of the debugger's replicas: on training GPUs, or on additional ones."""

    SHARED = "shared"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Debugger:
    """``gpus``: replicas, one per GPU. ``memory``: share of a GPU for weights and KV cache."""

    shape: ModelShape
    gpus: int
    memory: float
    placement: Placement


@dataclass(frozen=True, slots=True)
class Job:
    """A run of verl with trainer and rollout on the same GPUs. Lengths in tokens; ``prompts`` per step.

    Raises:
        BadPlan: incompatible numbers; the message names the options.
    """

    model: ModelShape
    gpu: Gpu
    gpus: int
    nodes: int
    prompts: int
    group: int
    mini_batch: int
    prompt_tokens: int
    response_tokens: int
    engine: Engine
    tp: int
    pp: int
    cp: int
    recompute: Recompute
    offload: bool
    host_optimizer: bool
    max_tokens: int
    server: Server
    rollout_tp: int
    rollout_memory: float
    rollout_sequences: int
    debugger: Debugger | None
    problems: int
    epochs: int
    assumptions: Assumptions = field(default_factory=Assumptions)

    @property
    def world(self) -> int:
        return self.gpus * self.nodes

    @property
    def dp(self) -> int:
        return self.world // (self.tp * self.pp * self.cp)

    @property
    def replicas(self) -> int:
        """Servers of the rollout."""
        return self.world // self.rollout_tp

    @property
    def sequences(self) -> int:
        """Responses of a step."""
        return self.prompts * self.group

    @property
    def longest(self) -> int:
        return self.prompt_tokens + self.response_tokens

    @property
    def layers(self) -> int:
        """Layers of one pipeline stage."""
        return self.model.layers // self.pp

    @property
    def mean_prompt(self) -> float:
        return self.prompt_tokens * self.assumptions.mean_length

    @property
    def mean_response(self) -> float:
        return self.response_tokens * self.assumptions.mean_length

    def __post_init__(self) -> None:
        self._check_sizes()
        self._check_layout()
        self._check_rollout()
        self._check_batch()
        if self.debugger is not None:
            self._check_debugger(self.debugger)

    def _check_sizes(self) -> None:
        for option, value in (
            *(("--gpus", self.gpus), ("--nodes", self.nodes), ("--prompts", self.prompts), ("--group", self.group)),
            *(("--mini-batch", self.mini_batch), ("--prompt-tokens", self.prompt_tokens)),
            *(("--response-tokens", self.response_tokens), ("--tp", self.tp), ("--pp", self.pp), ("--cp", self.cp)),
            *(("--max-tokens-per-gpu", self.max_tokens), ("--rollout-tp", self.rollout_tp)),
            *(("--rollout-sequences", self.rollout_sequences), ("--problems", self.problems)),
            ("--epochs", self.epochs),
        ):
            if value < 1:
                raise BadPlan(f"{option} {value}: a whole number from 1 is wanted")

    def _check_layout(self) -> None:
        model, cut = self.model, self.tp * self.pp * self.cp
        if self.engine is Engine.FSDP2 and self.tp * self.pp > 1:
            raise BadPlan("--engine fsdp2 shards over all GPUs: use --tp 1 --pp 1 (--cp is Ulysses' parallelism there)")
        if self.world % cut:
            raise BadPlan(
                f"--tp {self.tp} x --pp {self.pp} x --cp {self.cp} = {cut} must divide the {self.world} GPUs "
                f"(--gpus {self.gpus} x --nodes {self.nodes})"
            )
        if self.gpus % self.tp:
            raise BadPlan(f"--tp {self.tp} must divide --gpus {self.gpus}: it is too slow between nodes")
        for option, size in (("--tp", self.tp), ("--cp", self.cp if self.engine is Engine.FSDP2 else 1)):
            if model.heads % size:
                raise BadPlan(f"{option} {size} must divide the {model.heads} attention heads of {model.name}")
        if model.kv_heads % self.tp:
            raise BadPlan(f"--tp {self.tp} must divide the {model.kv_heads} key and value heads of {model.name}")
        for what, width in (("vocabulary", model.vocab), ("MLP's width", model.ffn)):
            if width % self.tp:
                raise BadPlan(f"--tp {self.tp} must divide the {what} of {model.name}, {width}")
        if model.layers % self.pp:
            raise BadPlan(f"--pp {self.pp} must divide the {model.layers} layers of {model.name}")

    def _check_rollout(self) -> None:
        model, tp = self.model, self.rollout_tp
        if self.gpus % tp:
            raise BadPlan(f"--rollout-tp {tp} must divide --gpus {self.gpus}: a server stays in one node")
        if model.heads % tp:
            raise BadPlan(f"--rollout-tp {tp} must divide the {model.heads} attention heads of {model.name}")
        if model.kv_heads % tp and tp % model.kv_heads:
            raise BadPlan(
                f"--rollout-tp {tp} must divide the {model.kv_heads} key and value heads of {model.name}, or be a multiple"
            )
        if not 0 < self.rollout_memory < 1:
            raise BadPlan(f"--rollout-memory {self.rollout_memory:g}: a share between 0 and 1 is wanted")

    def _check_batch(self) -> None:
        if self.prompts % self.mini_batch:
            raise BadPlan(f"--mini-batch {self.mini_batch} must divide --prompts {self.prompts}")
        for option, count in (("--prompts", self.prompts), ("--mini-batch", self.mini_batch)):
            if count * self.group % self.dp:
                raise BadPlan(
                    f"{option} {count} x --group {self.group} = {count * self.group} sequences must be a multiple of the "
                    f"{self.dp} data-parallel ranks"
                )
        if self.max_tokens * self.cp < self.longest:
            raise BadPlan(
                f"--max-tokens-per-gpu {self.max_tokens} x --cp {self.cp}: the longest sequence, --prompt-tokens "
                f"{self.prompt_tokens} + --response-tokens {self.response_tokens} = {self.longest}, must fit"
            )
        if self.problems < self.prompts:
            raise BadPlan(f"--problems {self.problems}: fewer than a step's --prompts {self.prompts}")

    def _check_debugger(self, debugger: Debugger) -> None:
        if debugger.gpus < 1:
            raise BadPlan(f"--debugger-gpus {debugger.gpus}: a whole number from 1 is wanted, or --debugger none")
        if debugger.placement is Placement.SHARED and debugger.gpus > self.world:
            raise BadPlan(f"--debugger-gpus {debugger.gpus}: there are {self.world} GPUs to share")
        if not 0 < debugger.memory < 1:
            raise BadPlan(f"--debugger-memory {debugger.memory:g}: a share between 0 and 1 is wanted")
