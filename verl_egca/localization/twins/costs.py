"""The cost of an edit: how surprising it is in bits that this one, of all at hand, is needed.

It is the sum of what is known of its signs: its kind, the form of the change, where it stands, and amounts, as how many
words it brings in. ``costs.json`` holds the bits of each sign, and says of which failing programs and when they were learned
(`scripts/learn_costs.py`). A sign that it does not have counts nothing, so that a new form costs what its kind does.
"""

from __future__ import annotations

import functools
import json
import math
from importlib import resources
from typing import Any

Amounts = tuple[tuple[str, float], ...]  # signs that there can be more or less of

_LEARNED: dict[str, Any] = json.loads(resources.files(__package__).joinpath("costs.json").read_text())
BITS: dict[str, float] = _LEARNED["bits"]
LEAST: dict[str, float] = _LEARNED["least"]  # of each source of edits: hardly any of its edits is cheaper
LOOSE = ("loose", 1.0)  # the sign of edits with names, functions and blocks that the program leaves loose


def signs(kind: str, form: str, where: str) -> tuple[str, ...]:
    return (kind, f"{kind}: {form}", f"{kind} in {where}") if where else (kind, f"{kind}: {form}")


@functools.cache
def _bits(kind: str, form: str, where: str) -> float:
    return sum(BITS.get(sign, 0.0) for sign in signs(kind, form, where))


def cost_of(kind: str, form: str, where: str, amounts: Amounts) -> float:
    known = _bits(kind, form, where)
    return known + sum(BITS.get(sign, 0.0) * amount for sign, amount in amounts) if amounts else known


def ranked(kind: str, rank: int) -> Amounts:
    """For the edits that are thought of at one place, the likeliest of which has rank 0."""
    return ((f"{kind} ranked", math.log2(1 + rank)),)
