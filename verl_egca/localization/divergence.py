"""The first point where two programs differ semantically: ``k* = min {k : S_k != S'_k}`` (paper, localisation).

Programs of the same structure are compared event by event. Others are compared channel by channel: a channel is the
sequence of values of one variable, branch, function or the output. Only channels that agree in the passing cases count:
a channel that differs there shows another way to write the program, and no mistake.

Parts of only one program (a helper function, a temporary name) are not comparable and are skipped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from verl_egca.execution.compare import TOLERANCE
from verl_egca.execution.verdict import CaseVerdict
from verl_egca.localization.base import FailingSample, NotLocalized
from verl_egca.localization.cases import failing_run
from verl_egca.localization.options import Options
from verl_egca.localization.references import ReferenceTraces
from verl_egca.problem import AssertionTests, Problem, StdioTests
from verl_egca.source import SourceRange
from verl_egca.tracing.trace import Event, Trace

_NAMED = ("argument", "let", "item", "mutated")
_WHOLE = 200  # characters; a printed text of this length may be cut
_TOLERANT = re.compile(r"\babs\s*\(.*<|\bisclose\b|\bassertAlmostEqual\b|\bapprox\b|\ballclose\b|\bround\s*\(")
_NUMBER = re.compile(r"-?\b\d+(?:\.\d*)?(?:e[+-]?\d+)?\b")


@dataclass(frozen=True, slots=True)
class Names:
    """Counterparts: the candidate's dotted functions, their variables, and its branches, each with the reference's."""

    functions: Mapping[str, str]
    variables: Mapping[str, Mapping[str, str]]
    branches: Mapping[SourceRange, SourceRange] = field(default_factory=dict)

    @classmethod
    def same(cls, candidate: Trace, reference: Trace) -> Names:
        """Equal names are counterparts."""
        functions = {e.function for e in candidate.events} & {e.function for e in reference.events}
        shared = _names(candidate) & _names(reference)
        variables = {function: {name: name for at, name in shared if at == function} for function in functions}
        return cls({function: function for function in functions}, variables)

    @property
    def reference(self) -> Names:
        """The reference's counterparts, under its own names."""
        variables = {self.functions[at]: {name: name for name in own.values()} for at, own in self.variables.items()}
        functions = {function: function for function in self.functions.values()}
        return Names(functions, variables, {place: place for place in self.branches.values()})


@dataclass(frozen=True, slots=True)
class Divergence:
    """``index`` counts the candidate's events. ``reference`` is None if the reference had no further event."""

    index: int
    place: SourceRange
    candidate: Event
    reference: Event | None


def diverging_run(
    sample: FailingSample, references: ReferenceTraces, options: Options
) -> tuple[CaseVerdict, Trace, Divergence]:
    """The failing case, the candidate's run of it, and its divergence from the reference's run, with unchanged names.

    Raises NotLocalized.
    """
    case, candidate = failing_run(sample, options)
    reference = references.get(sample, case.index)
    divergence = first_divergence(candidate, reference, tolerance=tolerance(sample.problem))
    if divergence is None:
        raise NotLocalized("no_divergence")
    return case, candidate, divergence


def tolerance(problem: Problem) -> float:
    """The difference between numbers that the tests allow: 0 unless the tests compare approximately."""
    match problem.tests:
        case AssertionTests(setup=setup, assertions=assertions):
            near = any(_TOLERANT.search(line) for text in (setup, *assertions) for line in text.split("\n"))
            return TOLERANCE if near else 0.0
        case StdioTests():
            return TOLERANCE
    return 0.0


def first_divergence(
    candidate: Trace, reference: Trace, names: Names | None = None, *, tolerance: float = 0.0
) -> Divergence | None:
    """The first event that differs from the reference's, over all comparable events in one order.

    None if all comparable events of the reference occur in the candidate's run.
    """
    names = names or Names.same(candidate, reference)
    ours, theirs = _steps(candidate, names), _steps(reference, names.reference)
    at = _difference(ours, theirs, tolerance)
    if at is None or not ours or (candidate.cut if at >= len(ours) else reference.cut and at >= len(theirs)):
        return None
    last = ours[min(at, len(ours) - 1)]  # if the candidate stopped early
    expected = theirs[at].event if at < len(theirs) else None
    return Divergence(last.index, _blamed(candidate, last.index, expected), last.event, expected)


def _names(trace: Trace) -> set[tuple[str, str]]:
    return {(event.function, event.name) for event in trace.events if event.kind in _NAMED}


@dataclass(frozen=True, slots=True)
class _Step:
    """An event with its subject and its value; ``index`` counts the trace's events."""

    index: int
    about: tuple[object, ...]
    key: str
    event: Event


def _steps(trace: Trace, names: Names) -> list[_Step]:
    """The comparable events, in the reference's names."""
    steps = ((index, _state(event, names), event) for index, event in enumerate(trace.events))
    return [_Step(index, state, event.key, event) for index, state, event in steps if state is not None]


def _state(event: Event, names: Names) -> tuple[str, str, str] | None:
    """Kind, function and name, in the reference's names; None without a counterpart."""
    function = names.functions.get(event.function)
    if function is None:
        return None
    if event.kind not in _NAMED:
        return event.kind, function, event.name
    name = names.variables.get(event.function, {}).get(event.name)
    return ("let" if event.kind == "mutated" else event.kind, function, name) if name is not None else None


def _difference(ours: Sequence[_Step], theirs: Sequence[_Step], tolerance: float) -> int | None:
    """The index of the first difference; if only the lengths differ, the end of the shorter sequence."""
    for at, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        is_near = one.key == other.key or (tolerance > 0 and _near(one.event.text, other.event.text, tolerance))
        if one.about != other.about or not is_near:
            return at
    return None if len(ours) == len(theirs) else min(len(ours), len(theirs))


def _near(one: str, other: str, tolerance: float) -> bool:
    """Whether shown values are equal, numbers within ``tolerance``; false if a value is cut."""
    if max(len(one), len(other)) >= 80 or "..." in one or _NUMBER.sub("#", one) != _NUMBER.sub("#", other):
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=tolerance, abs_tol=tolerance) for a, b in pairs)


def _blamed(candidate: Trace, index: int, expected: Event | None) -> SourceRange:
    """The statement of the differing event; or the loop that ended while the reference's loop ran again.

    A statement indented deeper than the loop is inside it and left the loop itself, as a ``return`` does.
    """
    event = candidate.events[index]
    if expected is not None and expected.kind == "item" and event.kind != "item":
        for earlier in reversed(candidate.events[: index + 1]):
            if (earlier.kind, earlier.function) == ("item", event.function) and earlier.place.line <= event.place.line:
                return earlier.place if event.place.col <= earlier.place.col else event.place
    return event.place


# ------------------------------------------------------------ channels

_Channel = tuple[object, ...]


def channel_divergence(
    candidate: Trace,
    reference: Trace,
    names: Names,
    passing: Sequence[tuple[Trace, Trace]],
    *,
    tolerance: float = 0.0,
) -> Divergence | None:
    """The candidate's first event that differs in a channel that agrees in all ``passing`` (candidate, reference) runs.

    If only the reference's channel continues, the result is the decision after the last common event; if only the
    candidate's channel continues, the decision that led there.
    """
    trusted, refuted = set[_Channel](), set[_Channel]()
    for ours, theirs in passing:
        here, there = _channels(ours, names), _channels(theirs, names.reference)
        agree = {c for c in here.keys() & there.keys() if _difference(here[c], there[c], tolerance) is None}
        refuted |= (here.keys() | there.keys()) - agree
        trusted |= agree
    here, there = _channels(candidate, names), _channels(reference, names.reference)
    found: list[Divergence] = []
    for channel in here | there:
        if channel in refuted or (passing and channel not in trusted and channel[0] != "raise"):
            continue
        ours_, theirs_ = here.get(channel, []), there.get(channel, [])
        at = _difference(ours_, theirs_, tolerance)
        if at is None or (at >= len(theirs_) and reference.cut) or (at >= len(ours_) and candidate.cut):
            continue
        expected = theirs_[at].event if at < len(theirs_) else None
        if at < len(ours_):
            index, event = ours_[at].index, ours_[at].event
            more = expected is None or (at + 1 < len(ours_) and ours_[at + 1].key == theirs_[at].key)
            place = _decision_before(candidate, index) if more and channel[0] == "value" else event.place
            place = _blamed(candidate, index, expected) if place == event.place else place
        elif ours_:
            index = _decision_after(candidate, _last_common(here, there, theirs_[at].index))
            event = candidate.events[index]
            place = event.place
        else:
            continue
        found.append(Divergence(index, place, event, expected))
    return min(found, key=lambda one: one.index, default=None)


def _channel(event: Event, names: Names) -> _Channel | None:
    if event.kind == "branch":
        return ("branch", names.branches[event.place]) if event.place in names.branches else None
    if event.kind in ("print", "raise"):
        return (event.kind,)
    state = _state(event, names)
    return ("value", *state[1:]) if state is not None and event.kind in _NAMED else state


def _channels(trace: Trace, names: Names) -> dict[_Channel, list[_Step]]:
    """The steps of each channel; an unchanged variable is no step, and each word of output is one step."""
    found: dict[_Channel, list[_Step]] = {}
    for index, event in enumerate(trace.events):
        channel = _channel(event, names)
        if channel is None:
            continue
        steps = found.setdefault(channel, [])
        if event.kind == "print" and len(event.text) < _WHOLE:
            steps += [_Step(index, channel, word, event) for word in event.text.split()]
        elif channel[0] != "value" or not steps or steps[-1].key != event.key:
            steps.append(_Step(index, channel, event.key, event))
    return found


def _last_common(
    here: Mapping[_Channel, Sequence[_Step]], there: Mapping[_Channel, Sequence[_Step]], before: int
) -> int:
    """The candidate's last event that the reference's run also has, before the reference's event ``before``."""
    last = 0
    for channel in here.keys() & there.keys():
        for one, other in zip(here[channel], there[channel], strict=False):
            if one.key != other.key or other.index >= before:
                break
            last = max(last, one.index)
    return last


def _decision_after(trace: Trace, index: int) -> int:
    """The first branch at or after an event, in its function; the event itself without a branch."""
    function = trace.events[index].function
    for at in range(index, len(trace.events)):
        if trace.events[at].kind == "branch" and trace.events[at].function == function:
            return at
    return index


def _decision_before(trace: Trace, index: int) -> SourceRange:
    """The latest branch around an event's statement; the statement itself if it is in no branch."""
    event = trace.events[index]
    for earlier in reversed(trace.events[:index]):
        if earlier.function == event.function and earlier.place.line < event.place.line:
            if earlier.kind == "branch" and earlier.place.col < event.place.col:
                return earlier.place
            if earlier.place.col < event.place.col:
                break
    return event.place


def told(event: Event) -> dict[str, str]:
    """An event in the form of the evidence."""
    return {"kind": event.kind, "name": event.name, "value": event.text}
