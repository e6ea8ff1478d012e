"""``suspicious``: blames the first statement that ran most in failing and least in passing cases (Ochiai)."""

from __future__ import annotations

from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized, lines_of
from verl_egca.localization.cases import failing_run
from verl_egca.localization.registry import register
from verl_egca.localization.twins.suspicion import ochiai
from verl_egca.tracing.trace import decode

_PASSING = 4


@register
class SuspiciousLocalizer(Localizer):
    name = "suspicious"

    def localize(self, sample: FailingSample) -> Localization:
        case, trace = failing_run(sample, self.options)
        passing = [c.index for c in sample.verdict.cases if c.passed][:_PASSING]
        contrast = [
            decode(sample.sandbox.trace(sample.problem, sample.program, index)[1]).executed for index in passing
        ]
        found = ochiai([trace.executed], contrast)
        if not found:
            raise NotLocalized("nothing_ran")
        ranked = sorted(found, key=lambda place: (-found[place], trace.executed.index(place)))
        evidence = {"case": case.case, "suspicion": round(found[ranked[0]], 3)}
        return Localization((ranked[0],), self.name, ranked=lines_of(ranked), evidence=evidence)
