"""``late``: the last statement that ran after the first divergence, the paper's control of blaming too late."""

from __future__ import annotations

from verl_egca.localization.base import FailingSample, Localization, NotLocalized, lines_of
from verl_egca.localization.divergence import first_divergence
from verl_egca.localization.runs import ReferenceTraces, run_candidate


class LateLocalizer:
    name = "late"

    def __init__(self) -> None:
        self._references = ReferenceTraces()

    def localize(self, sample: FailingSample) -> Localization:
        case, candidate = run_candidate(sample)
        divergence = first_divergence(candidate, self._references.get(sample, case.index))
        if divergence is None:
            raise NotLocalized("no_divergence")
        later = [event.place for event in candidate.events[divergence.index + 1 :] if event.place != divergence.place]
        if not later:
            raise NotLocalized("nothing_later")
        ranked = list(dict.fromkeys(reversed(later)))
        return Localization((ranked[0],), self.name, ranked=lines_of(ranked), evidence={"case": case.case})
