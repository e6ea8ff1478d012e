"""Values that can't be computed: each has a name, a unit and a reason, and can be changed by an option."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from plan.bad_plan import BadPlan


def _assume(value: float, unit: str, why: str, at_most: float | None = None) -> Any:
    return field(default=value, metadata={"unit": unit, "why": why, "at_most": at_most})


@dataclass(frozen=True, slots=True)
class Assumptions:
    """``--assume name=value`` changes one; values are 0 or more."""

    trainer_runtime: float = _assume(2.0, "GiB", "CUDA context, NCCL's buffers and workspaces of a training process")
    server_runtime: float = _assume(2.0, "GiB", "context and CUDA graphs of a rollout server, kept while it sleeps")
    server_working: float = _assume(1.5, "GiB", "activations of a rollout server's prefill, and sampling")
    debugger_runtime: float = _assume(2.5, "GiB", "the same of a debugger's server, which never sleeps")
    sync_bucket: float = _assume(2.0, "GiB", "verl's update_weights_bucket_megabytes")
    fragmentation: float = _assume(0.05, "of activations and logits", "what PyTorch's allocator can't reuse", 1.0)
    mean_length: float = _assume(0.3, "of the longest", "mean length of prompts and of responses", 1.0)
    mfu: float = _assume(0.35, "of the GPU's FLOP/s", "training, log-probs and prefill", 1.0)
    bandwidth_efficiency: float = _assume(0.7, "of the memory's bandwidth", "decoding", 1.0)
    decode_overhead: float = _assume(4.0, "ms a token", "launches, sampling and all-reduces of one decoding step")
    network: float = _assume(25.0, "GB/s a GPU", "between nodes")
    host_link: float = _assume(20.0, "GB/s a GPU", "between a GPU and its host's memory, for offloading")
    weight_sync: float = _assume(5.0, "GB/s a server", "sending new weights to the rollout, tensor by tensor")
    host_adam: float = _assume(10.0, "GB/s a GPU", "optimizer states that the host's processors go through")
    programs_at_once: float = _assume(32.0, "a node", "the recipes' reward.num_workers x egca.workers, a core each")
    verdict: float = _assume(0.03, "CPU-s a sample", "a sample's tests; measured, MBPP with CodeLlama's samples")
    localization: float = _assume(0.9, "CPU-s a LOGIC sample", "the search for a proof; measured on the same")
    logic: float = _assume(0.35, "of the samples", "fail a test, as in the paper", 1.0)
    unproven: float = _assume(0.5, "of LOGIC samples", "no proof in full, as measured; the debugger is asked", 1.0)
    no_variance: float = _assume(0.33, "of the groups", "have equal rewards: nothing is asked for them", 1.0)
    call_prompt: float = _assume(300.0, "tokens", "of a debugger's call that no other call shares")
    call_answer: float = _assume(60.0, "tokens", "that the debugger answers")
    call_concurrency: float = _assume(16.0, "calls", "that a replica of the debugger has open")
    bookkeeping: float = _assume(5.0, "s a step", "data, batches, advantages and logging on the driver")

    def __post_init__(self) -> None:
        for one in fields(self):
            value, limit = getattr(self, one.name), one.metadata["at_most"]
            if value < 0 or (limit is not None and value > limit):
                upper = "" if limit is None else f" to {limit:g}"
                raise BadPlan(f"--assume {one.name}={value:g}: a number from 0{upper} is wanted")
            if value == 0 and one.name in _DIVISORS:
                raise BadPlan(f"--assume {one.name}=0: a number above 0 is wanted")

    def described(self) -> list[tuple[str, float, str, str]]:
        """Name, value, unit and reason of each."""
        return [(one.name, getattr(self, one.name), one.metadata["unit"], one.metadata["why"]) for one in fields(self)]


_DIVISORS = {
    "mean_length",
    "mfu",
    "bandwidth_efficiency",
    "network",
    "host_link",
    "weight_sync",
    "host_adam",
    "programs_at_once",
    "call_concurrency",
}


def assume(settings: list[str]) -> Assumptions:
    """The assumptions, changed by ``name=value`` settings.

    Raises:
        BadPlan: an unknown name, or not a number.
    """
    names = [one.name for one in fields(Assumptions)]
    changed: dict[str, float] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in names:
            raise BadPlan(f"--assume {setting}: choose one of {', '.join(names)}")
        try:
            changed[name] = float(text)
        except ValueError:
            raise BadPlan(f"--assume {setting}: {name}=NUMBER is wanted") from None
        if changed[name] != changed[name] or changed[name] in (float("inf"), float("-inf")):
            raise BadPlan(f"--assume {setting}: a finite number is wanted")
    return Assumptions(**changed)
