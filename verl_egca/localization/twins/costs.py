"""The cost of an edit: the surprise, in bits, that this one of all available edits is needed.

It is the sum of the bits of its signs: its kind, the form of the change, its place, and amounts, such as the number of
added words. ``costs.json`` holds the bits of each sign, and names the failing programs and the date of their learning
(`scripts/learn_costs.py`). A sign that is not in it counts 0, so that a new form costs as much as its kind.
"""

from __future__ import annotations

import functools
import json
import math
from importlib import resources
from typing import Any

Amounts = tuple[tuple[str, float], ...]  # signs with a quantity

_LEARNED: dict[str, Any] = json.loads(resources.files(__package__).joinpath("costs.json").read_text())
BITS: dict[str, float] = _LEARNED["bits"]
LEAST: dict[str, float] = _LEARNED["least"]  # of each source of edits: few of its edits are cheaper
LOOSE = ("loose", 1.0)  # the sign of edits of loose names, functions and blocks


def signs(kind: str, form: str, where: str) -> tuple[str, ...]:
    return (kind, f"{kind}: {form}", f"{kind} in {where}") if where else (kind, f"{kind}: {form}")


@functools.cache
def _bits(kind: str, form: str, where: str) -> float:
    return sum(BITS.get(sign, 0.0) for sign in signs(kind, form, where))


def cost_of(kind: str, form: str, where: str, amounts: Amounts) -> float:
    known = _bits(kind, form, where)
    return known + sum(BITS.get(sign, 0.0) * amount for sign, amount in amounts) if amounts else known


def ranked(kind: str, rank: int) -> Amounts:
    """The amounts of an edit by its rank among the edits of one place; the likeliest has rank 0."""
    return ((f"{kind} ranked", math.log2(1 + rank)),)
