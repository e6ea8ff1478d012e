"""``late``: blames the last statement that ran after the first divergence, the paper's control of late blame."""

from __future__ import annotations

from verl_egca.debugger.client import Debugger
from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized, lines_of
from verl_egca.localization.divergence import diverging_run
from verl_egca.localization.options import Options
from verl_egca.localization.references import ReferenceTraces
from verl_egca.localization.registry import register


@register
class LateLocalizer(Localizer):
    name = "late"
    needs_reference = True

    def __init__(self, options: Options | None = None, debugger: Debugger | None = None) -> None:
        super().__init__(options, debugger)
        self._references = ReferenceTraces()

    def localize(self, sample: FailingSample) -> Localization:
        case, candidate, divergence = diverging_run(sample, self._references, self.options)
        later = [event.place for event in candidate.events[divergence.index + 1 :] if event.place != divergence.place]
        if not later:
            raise NotLocalized("nothing_later")
        ranked = list(dict.fromkeys(reversed(later)))
        return Localization((ranked[0],), self.name, ranked=lines_of(ranked), evidence={"case": case.case})
