"""When a failing program must be comparable with its reference, and how much of it a repair may then rewrite."""

from __future__ import annotations

from typing import Literal

Comparability = Literal["paper", "unproven", "off"]

COMPARABILITY: Comparability = "unproven"
SHARE = 0.5
