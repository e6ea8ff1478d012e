"""``egca``: what can be proven first, then the best that can't: all witnesses together, or else the first divergence.

`Localization.localizer` names which of them it was: ``counterfactual``, ``guess`` or ``trace``.
"""

from __future__ import annotations

from dataclasses import replace

from verl_egca.localization.base import FailingSample, Localization, NotLocalized, Options
from verl_egca.localization.counterfactual import CounterfactualLocalizer
from verl_egca.localization.guess import NoTwin
from verl_egca.localization.trace import TraceLocalizer


class EgcaLocalizer:
    name = "egca"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()
        self._proven = CounterfactualLocalizer(self._options)
        self._trace = TraceLocalizer()

    def localize(self, sample: FailingSample) -> Localization:
        try:
            return self._proven.localize(sample)
        except NotLocalized as reason:
            if self._options.unconfirmed == "uniform":
                raise
            guess = reason.guess if isinstance(reason, NoTwin) else None
            found = guess or self._trace.localize(sample)
            return replace(found, evidence={**found.evidence, "unproven": str(reason)})
