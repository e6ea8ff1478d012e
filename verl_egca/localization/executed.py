"""``executed``: blames all statements that ran in the failing case, and no others (StepCoder's mask)."""

from __future__ import annotations

from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized, lines_of
from verl_egca.localization.cases import failing_run
from verl_egca.localization.registry import register


@register
class ExecutedLocalizer(Localizer):
    name = "executed"
    goes_by_reference = False

    def localize(self, sample: FailingSample) -> Localization:
        case, trace = failing_run(sample, self.options)
        if not trace.executed:
            raise NotLocalized("no_trace")
        places = tuple(sorted(trace.executed))
        return Localization(places, self.name, ranked=lines_of(places), evidence={"case": case.case})
