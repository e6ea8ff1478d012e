"""The interface of a localizer: one small class in one file, chosen by name.

A localizer takes one failing sample with its facts (`FailingSample`) and returns a `Localization`, or raises
`NotLocalized` with the reason. In that case the sample takes the uniform branch, and the reason is counted.
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
    """The blamed places and the evidence.

    ``ranges`` are disjoint and in order; most localizers blame one. ``ranked`` holds up to five (line, end_line), best
    first. ``evidence`` is small and JSON-serialisable.
    """

    ranges: tuple[SourceRange, ...]
    localizer: str
    confirmed: Confirmed = Confirmed.NONE
    ranked: tuple[tuple[int, int], ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)


class NotLocalized(Exception):
    """The localizer found no place to blame. The message is a short, stable reason, which is counted."""


@dataclass(frozen=True, slots=True)
class Consultation:
    """One planned question to the debugger about a sample, and its result. ``outcome`` describes the last answer:

    proven (its correction passes every test), accepted (a statement that ran), refused, failed, timeout, or skipped
    (not asked). ``reason`` says why the outcome is no better. Times are in seconds, over both questions if ``retried``.
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
    """A program that runs and fails a test, with the sandbox's verdict and the means to run it again.

    ``seed`` belongs to the sample: a localizer that draws at random draws from ``random.Random(seed)``. A localizer
    asks the debugger only if ``worth_asking`` returns true; that call may block until the answer is known. The
    localizer appends each result to ``consulted``.
    """

    problem: Problem
    program: str
    verdict: Verdict
    sandbox: Sandbox
    seed: int
    worth_asking: Callable[[], bool] = _always
    consulted: list[Consultation] = field(default_factory=list)


class NoDebugger(ValueError):
    """The chosen localizer needs a debugger, and none is configured."""


class Localizer(ABC):
    """A localizer, safe to call from several threads. Its class attributes:

    name             its name in `Localization.localizer`, and in `egca.localizer` if it is registered (see `registry`)
    needs_reference  it gets no sample of a problem without a reference
    goes_by_reference  a program that is not comparable with its reference goes to CONSTRAINT (see `gates`)
    asks_debugger    it asks a debugger, if one is configured
    needs_debugger   it does not work without a debugger
    draws            its answer depends on the sample's seed
    finds_causes     it also finds the causes of run-time errors; if not, the interpreter's reported place is blamed
    guesses          it guesses where it proves nothing; ``egca.unconfirmed`` decides whether a guess counts
    blames           it blames places; if not, training is plain GRPO, and reported places are not blamed either
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
        """Raises NoDebugger if the localizer needs a debugger and gets none."""
        if self.needs_debugger and debugger is None:
            address = "give its address (egca.debugger.urls, or --debugger-url)"
            raise NoDebugger(f"localizer {self.name!r} asks a served LLM: {address}")
        self.options = options or Options()

    @abstractmethod
    def localize(self, sample: FailingSample) -> Localization:
        """Raises NotLocalized with the reason if it finds no place to blame."""


def lines_of(places: Iterable[SourceRange], most: int = 5) -> tuple[tuple[int, int], ...]:
    """(line, end_line) of ranked places, without repetition."""
    return tuple(dict.fromkeys((place.line, place.end_line) for place in places))[:most]
