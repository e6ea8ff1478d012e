"""``executed``: all statements that ran in the failing case; what did not run gets no blame (StepCoder's mask)."""

from __future__ import annotations

from verl_egca.localization.base import FailingSample, Localization, NotLocalized, lines_of
from verl_egca.localization.references import run_candidate


class ExecutedLocalizer:
    name = "executed"

    def localize(self, sample: FailingSample) -> Localization:
        case, trace = run_candidate(sample)
        if not trace.executed:
            raise NotLocalized("no_trace")
        places = tuple(sorted(trace.executed))
        return Localization(places, self.name, ranked=lines_of(places), evidence={"case": case.case})
