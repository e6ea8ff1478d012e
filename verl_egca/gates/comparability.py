"""Settings of comparability: when it is checked, and the share of a failing program that a repair may rewrite."""

from __future__ import annotations

from typing import Literal

Comparability = Literal["paper", "unproven", "off"]

COMPARABILITY: Comparability = "unproven"
SHARE = 0.5
