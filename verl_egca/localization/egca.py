"""``egca``: what can be proven first, then the best that can't: counterfactual, then the first divergence, then suspicion.

`Localization.localizer` names which of them it was.
"""

from __future__ import annotations

from dataclasses import replace

from verl_egca.localization.base import FailingSample, Localization, NotLocalized, Options
from verl_egca.localization.counterfactual import CounterfactualLocalizer
from verl_egca.localization.suspicious import SuspiciousLocalizer
from verl_egca.localization.trace import TraceLocalizer


class EgcaLocalizer:
    name = "egca"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()
        self._proven = CounterfactualLocalizer(self._options)
        self._unproven = (TraceLocalizer(), SuspiciousLocalizer())

    def localize(self, sample: FailingSample) -> Localization:
        try:
            return self._proven.localize(sample)
        except NotLocalized as reason:
            if self._options.unconfirmed == "uniform":
                raise
            for localizer in self._unproven:
                try:
                    found = localizer.localize(sample)
                except NotLocalized:
                    continue
                return replace(found, evidence={**found.evidence, "unproven": str(reason)})
            raise
