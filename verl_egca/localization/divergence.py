"""The first point where two programs do semantically different things: ``k* = min {k : S_k != S'_k}`` (paper, localisation).

Names are compared as they are. What only one program has (a helper function, a temporary name) is not comparable and
passed over; of what both have, values, branch outcomes and returns must agree in order.
"""

from __future__ import annotations

from dataclasses import dataclass

from verl_egca.execution.verdict import CaseVerdict
from verl_egca.localization.base import FailingSample, NotLocalized
from verl_egca.localization.runs import ReferenceTraces, run_candidate
from verl_egca.source import SourceRange
from verl_egca.tracing.trace import Event, Trace

_NAMED = ("argument", "let", "item", "mutated")


@dataclass(frozen=True, slots=True)
class Divergence:
    """``index`` counts the candidate's events. ``reference`` is None where the reference had nothing more to do."""

    index: int
    place: SourceRange
    candidate: Event
    reference: Event | None


def diverging_run(sample: FailingSample, references: ReferenceTraces) -> tuple[CaseVerdict, Trace, Divergence]:
    """The failing case, the candidate's run of it, and where that leaves the reference's. Raises NotLocalized."""
    case, candidate = run_candidate(sample)
    divergence = first_divergence(candidate, references.get(sample, case.index))
    if divergence is None:
        raise NotLocalized("no_divergence")
    return case, candidate, divergence


def first_divergence(candidate: Trace, reference: Trace) -> Divergence | None:
    """None if the candidate did all that the reference did, as far as they can be compared."""
    shared_functions = {e.function for e in candidate.events} & {e.function for e in reference.events}
    shared_names = _names(candidate) & _names(reference)

    def comparable(event: Event) -> bool:
        if event.function not in shared_functions:
            return False
        return event.kind not in _NAMED or (event.function, event.name) in shared_names

    ours = [(index, event) for index, event in enumerate(candidate.events) if comparable(event)]
    theirs = [event for event in reference.events if comparable(event)]
    for place, (index, event) in enumerate(ours):
        expected = theirs[place] if place < len(theirs) else None
        if expected is None or _state(event) != _state(expected):
            return Divergence(index, _blamed(candidate, index, expected), event, expected)
    if len(theirs) > len(ours) and ours:  # the candidate stopped short
        index, event = ours[-1]
        return Divergence(index, _blamed(candidate, index, theirs[len(ours)]), event, theirs[len(ours)])
    return None


def _names(trace: Trace) -> set[tuple[str, str]]:
    return {(event.function, event.name) for event in trace.events if event.kind in _NAMED}


def _state(event: Event) -> tuple[str, str, str, str]:
    kind = "let" if event.kind in ("let", "mutated") else event.kind
    return event.function, kind, event.name, event.key


def _blamed(candidate: Trace, index: int, expected: Event | None) -> SourceRange:
    """The statement of the differing event; or the loop that ended by itself while the reference went round again.

    A statement indented deeper than the loop is inside it and has left it on its own account, as a ``return`` does.
    """
    event = candidate.events[index]
    if expected is not None and expected.kind == "item" and event.kind != "item":
        for earlier in reversed(candidate.events[: index + 1]):
            if (earlier.kind, earlier.function, earlier.name) == ("item", expected.function, expected.name):
                return earlier.place if event.place.col <= earlier.place.col else event.place
    return event.place
