"""What a localizer is: one small class, one file each, chosen by name.

A localizer gets everything that is known about one failing sample (`FailingSample`) and answers with a `Localization`, or
raises `NotLocalized` with the reason; the sample then takes the uniform branch, and the reason is counted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from verl_egca.debugger.client import Debugger
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Verdict
from verl_egca.localization.confirmed import Confirmed
from verl_egca.localization.options import Options
from verl_egca.problem import Problem
from verl_egca.source import SourceRange

ConsultationOutcome = Literal["proven", "accepted", "refused", "failed", "timeout", "skipped"]


@dataclass(frozen=True, slots=True)
class Localization:
    """What is blamed and why.

    ``ranges`` are disjoint and in order; most localizers blame one. ``ranked`` holds up to five (line, end_line), best
    first. ``evidence`` is small and JSON-serialisable.
    """

    ranges: tuple[SourceRange, ...]
    localizer: str
    confirmed: Confirmed = Confirmed.NONE
    ranked: tuple[tuple[int, int], ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)


class NotLocalized(Exception):
    """The localizer found no place to blame; the message is a short, stable reason fit for counting."""


@dataclass(frozen=True, slots=True)
class Consultation:
    """That a debugger was to be asked about a sample, and what came of it. ``outcome`` is of the last answer:

    proven (its correction passes every test), accepted (a statement that ran), refused, failed, timeout, or skipped: not
    asked at all. ``reason`` says why not more came of it. Times in seconds, over both questions if it was ``retried``.
    """

    outcome: ConsultationOutcome
    reason: str | None = None
    retried: bool = False
    latency_s: float = 0.0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    shared: bool = False


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class FailingSample:
    """A program that runs and fails a test, with what the sandbox said and the means to run it again.

    ``seed`` is the sample's own: a localizer that draws at random draws from ``random.Random(seed)``. A debugger is
    asked only if the sample is ``worth_asking`` for, which may wait for what decides it. Who asks appends to
    ``consulted`` what came of it.
    """

    problem: Problem
    program: str
    verdict: Verdict
    sandbox: Sandbox
    seed: int
    worth_asking: Callable[[], bool] = _always
    consulted: list[Consultation] = field(default_factory=list)


class NoDebugger(ValueError):
    """A localizer that needs a debugger was chosen, and there is none."""


class Localizer(ABC):
    """Safe to call from several threads. It declares about itself:

    name             as `Localization.localizer` records it, and `egca.localizer` if it is registered (see `registry`)
    needs_reference  a sample of a problem without one is not given to it
    goes_by_reference  a program that is not comparable with its reference goes to CONSTRAINT (see `gates`)
    asks_debugger    if there is one
    needs_debugger   and there has to be one
    draws            by the sample's seed; the others' answer is the same whatever that is
    finds_causes     of run-time errors, too; without it the place that the interpreter reported is blamed
    guesses          where it proves nothing; ``egca.unconfirmed`` says whether that counts
    blames           something; one that does not is plain GRPO, and a reported place is not blamed either
    """

    name: ClassVar[str]
    needs_reference: ClassVar[bool] = False
    goes_by_reference: ClassVar[bool] = True
    asks_debugger: ClassVar[bool] = False
    needs_debugger: ClassVar[bool] = False
    draws: ClassVar[bool] = False
    finds_causes: ClassVar[bool] = False
    guesses: ClassVar[bool] = False
    blames: ClassVar[bool] = True

    def __init__(self, options: Options | None = None, debugger: Debugger | None = None) -> None:
        """Raises NoDebugger."""
        if self.needs_debugger and debugger is None:
            address = "give its address (egca.debugger.urls, or --debugger-url)"
            raise NoDebugger(f"localizer {self.name!r} asks a served LLM: {address}")
        self.options = options or Options()

    @abstractmethod
    def localize(self, sample: FailingSample) -> Localization:
        """Raises NotLocalized with the reason when there is nothing to blame."""


def lines_of(places: Iterable[SourceRange], most: int = 5) -> tuple[tuple[int, int], ...]:
    """(line, end_line) of ranked places, without repetition."""
    return tuple(dict.fromkeys((place.line, place.end_line) for place in places))[:most]
