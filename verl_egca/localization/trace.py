"""``trace``: the statement of the first semantic divergence from the reference, names compared as they are (the paper)."""

from __future__ import annotations

from verl_egca.localization.base import FailingSample, Localization, lines_of
from verl_egca.localization.divergence import diverging_run
from verl_egca.localization.runs import ReferenceTraces
from verl_egca.tracing.trace import Event


class TraceLocalizer:
    name = "trace"

    def __init__(self) -> None:
        self._references = ReferenceTraces()

    def localize(self, sample: FailingSample) -> Localization:
        case, candidate, divergence = diverging_run(sample, self._references)
        before = [event.place for event in candidate.events[: divergence.index]]
        ranked = list(dict.fromkeys([divergence.place, divergence.candidate.place, *reversed(before)]))
        evidence = {
            "case": case.case,
            "candidate": _told(divergence.candidate),
            "reference": _told(divergence.reference) if divergence.reference else None,
        }
        return Localization((divergence.place,), self.name, ranked=lines_of(ranked), evidence=evidence)


def _told(event: Event) -> dict[str, str]:
    return {"kind": event.kind, "name": event.name, "value": event.text}
