"""``random``: blames a random statement, the paper's control. It draws no definitions, imports or docstrings."""

from __future__ import annotations

import random

from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized, lines_of
from verl_egca.localization.registry import register
from verl_egca.statements import statements


@register
class RandomLocalizer(Localizer):
    name = "random"
    draws = True

    def localize(self, sample: FailingSample) -> Localization:
        choices = [s.place for s in statements(sample.program) if not s.is_definition and not s.is_inert]
        if not choices:
            raise NotLocalized("no_statements")
        order = random.Random(sample.seed).sample(choices, len(choices))
        return Localization((order[0],), self.name, ranked=lines_of(order))
