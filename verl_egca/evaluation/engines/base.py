"""The engines' interface. All engines get the same token ids, and stop at the same tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One response to sample: the ``number``-th to ``prompt``, at most ``budget`` tokens long."""

    prompt: tuple[int, ...]
    number: int
    seed: int
    budget: int

    @property
    def stream(self) -> tuple[int, tuple[int, ...], int]:
        """The name of the request's random numbers, which do not depend on earlier requests."""
        return self.seed, self.prompt, self.number

    @property
    def own_seed(self) -> int:
        """The stream's name as a number of 31 bits: a seed for every engine."""
        digest = hashlib.blake2b(repr(self.stream).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 33


@dataclass(frozen=True, slots=True)
class Sampling:
    """Temperature 0 is greedy. A response ends with the first of ``stops``."""

    temperature: float
    top_p: float
    stops: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Response:
    """Sampled ids, with or without the stop. ``truncated``: it reached its budget without a stop."""

    tokens: tuple[int, ...]
    truncated: bool


class Engine(Protocol):
    def generate(self, requests: Sequence[GenerationRequest], sampling: Sampling) -> list[Response]:
        """A response to each request, in their order."""
        ...

    def close(self) -> None: ...


class EngineMissing(RuntimeError):
    """An engine is not installed here; names the command that installs it."""
