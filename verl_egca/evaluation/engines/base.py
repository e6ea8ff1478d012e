"""The interface of what generates. All engines get the same token ids, and stop at the same tokens."""

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
        """Names the request's random numbers, by what is asked: they are the same whatever was asked before."""
        return self.seed, self.prompt, self.number

    @property
    def own_seed(self) -> int:
        """The stream's name as a number of 31 bits, which every engine takes as a seed."""
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
    """Sampled ids, the one that it stopped at included or not. ``truncated``: it reached its budget without one."""

    tokens: tuple[int, ...]
    truncated: bool


class Engine(Protocol):
    def generate(self, requests: Sequence[GenerationRequest], sampling: Sampling) -> list[Response]:
        """A response to each request, in their order."""
        ...

    def close(self) -> None: ...


class EngineMissing(RuntimeError):
    """An engine is not installed here; says what installs it."""
