"""``uniform``: nothing is blamed, so every token gets the same advantage. Plain GRPO."""

from __future__ import annotations

from verl_egca.localization.base import FailingSample, Localization, NotLocalized


class UniformLocalizer:
    name = "uniform"

    def localize(self, sample: FailingSample) -> Localization:
        raise NotLocalized("uniform")
