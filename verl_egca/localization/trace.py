"""``trace``: the statement of the first semantic divergence from the reference, names compared as they are (the paper)."""

from __future__ import annotations

from verl_egca.localization.base import FailingSample, Localization, NotLocalized, lines_of
from verl_egca.localization.divergence import first_divergence
from verl_egca.localization.runs import ReferenceTraces, run_candidate
from verl_egca.tracing.trace import Event


class TraceLocalizer:
    name = "trace"

    def __init__(self) -> None:
        self._references = ReferenceTraces()

    def localize(self, sample: FailingSample) -> Localization:
        case, candidate = run_candidate(sample)
        divergence = first_divergence(candidate, self._references.get(sample, case.index))
        if divergence is None:
            raise NotLocalized("no_divergence")
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
