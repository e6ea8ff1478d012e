"""``egca``: a proof if possible; else a guess from all witnesses; else the first divergence.

The debugger, if configured, is asked only if no edit makes the program pass. Its correction counts if it passes every
test in the sandbox. A statement that it names without such a correction counts if there is no better guess.
`Localization.localizer` names the source: ``counterfactual``, ``debugger``, ``guess`` or ``trace``.
"""

from __future__ import annotations

from dataclasses import replace

from verl_egca.debugger.client import Debugger
from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized
from verl_egca.localization.confirmed import Confirmed
from verl_egca.localization.counterfactual import CounterfactualLocalizer
from verl_egca.localization.debugger import DebuggerLocalizer
from verl_egca.localization.guess import NoTwin
from verl_egca.localization.options import Options
from verl_egca.localization.references import NeedsOtherCases
from verl_egca.localization.registry import register
from verl_egca.localization.trace import TraceLocalizer


@register
class EgcaLocalizer(Localizer):
    name = "egca"
    asks_debugger = True
    finds_causes = True
    guesses = True

    def __init__(self, options: Options | None = None, debugger: Debugger | None = None) -> None:
        super().__init__(options, debugger)
        self._proven = CounterfactualLocalizer(self.options)
        self._debugger = DebuggerLocalizer(self.options, debugger) if debugger is not None else None
        self._trace = TraceLocalizer(self.options)

    def localize(self, sample: FailingSample) -> Localization:
        try:
            found = self._proven.localize(sample)
        except NotLocalized as reason:
            told = self._told(sample, _ruled_out(reason))
            return (
                told if told is not None and told.confirmed is Confirmed.FULL else self._unproven(sample, reason, told)
            )
        if found.confirmed is Confirmed.FULL:
            return found
        told = self._told(sample, _nearly(found))
        return told if told is not None and told.confirmed is Confirmed.FULL else found

    def _told(self, sample: FailingSample, ruled_out: list[str]) -> Localization | None:
        if self._debugger is None:
            return None
        try:
            return self._debugger.ask(sample, ruled_out, proof_wanted=True)
        except NotLocalized:
            return None

    def _unproven(self, sample: FailingSample, reason: NotLocalized, told: Localization | None) -> Localization:
        """A localization without a proof. Raises NotLocalized if no place is found."""
        if self.options.unconfirmed == "uniform" or isinstance(reason, NeedsOtherCases):
            raise reason
        found = reason.guess if isinstance(reason, NoTwin) else None
        if found is None:
            try:
                found = self._trace.localize(sample)
            except NotLocalized:
                if told is None:
                    raise
                found = told
        return replace(found, evidence={**found.evidence, "unproven": str(reason)})


def _ruled_out(reason: NotLocalized) -> list[str]:
    guess = reason.guess if isinstance(reason, NoTwin) else None
    if guess is None:
        return []
    return [
        f"{guess.evidence['trials']} small edits at single places were tried; none makes the program pass every test."
    ]


def _nearly(found: Localization) -> list[str]:
    """A sentence on an edit with which the shown test passes, but not all tests."""
    diff = str(found.evidence.get("diff", "")).splitlines()
    changed = [line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    shown = "\n".join(f"| {line[:200]}" for line in changed[:6])
    return [f"With this edit the shown test passes, but not every other one:\n{shown}"] if shown else []
