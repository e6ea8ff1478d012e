"""``uniform``: blames no place, so every token gets the same advantage. Plain GRPO."""

from __future__ import annotations

from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized
from verl_egca.localization.registry import register


@register
class UniformLocalizer(Localizer):
    name = "uniform"
    goes_by_reference = False
    blames = False

    def localize(self, sample: FailingSample) -> Localization:
        raise NotLocalized("uniform")
