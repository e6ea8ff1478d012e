"""The stored form of evidence: plain JSON of bounded size, for any localizer and any program output.

Sizes are bytes of written JSON, in which a control character takes six. Each cut is marked in its place, and its name
is listed under ``cut``, so that no loss is silent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

TEXT_BYTES = 2_000
EVIDENCE_BYTES = 12_000

_ITEMS = 50  # of one list or mapping
_DEPTH = 6
_CUT = "cut"


def bounded(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence in at most EVIDENCE_BYTES, each string in at most TEXT_BYTES, without entries that do not fit."""
    found = evidence.get(_CUT)
    cut = [str(name) for name in found] if isinstance(found, list) else []
    kept: dict[str, Any] = {}
    left = EVIDENCE_BYTES - 500  # for the list of cut names
    for key, value in evidence.items():
        if key == _CUT:
            continue
        name = cut_text(str(key), 100)
        value = _plain(value, name, 1, cut)
        size = len(json.dumps({name: value}))
        if size > left:
            cut.append(name)
            continue
        kept[name] = value
        left -= size
    return kept | ({_CUT: _short(cut)} if cut else {})


def cut_text(text: str, most: int = TEXT_BYTES) -> str:
    """The text; if it is too long, the part of its beginning that fits, with the original length."""
    if len(text) <= most and _size(text) <= most:
        return text
    note = f" [cut: {len(text)} characters]"
    left = most - len(note)
    end = 0
    for character in text[:most]:
        left -= _size(character)
        if left < 0:
            break
        end += 1
    return text[:end] + note


def _size(text: str) -> int:
    return len(json.dumps(text)) - 2


def _plain(value: Any, name: str, depth: int, cut: list[str]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if value.bit_length() <= 64 else f"an integer of {value.bit_length()} bits"
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, str):
        text = cut_text(str(value))
        if text != value:
            cut.append(name)
        return text
    if isinstance(value, Mapping | Sequence) and not isinstance(value, bytes | bytearray) and depth < _DEPTH:
        if len(value) > _ITEMS:
            cut.append(name)
        if isinstance(value, Mapping):
            named = {cut_text(str(key), 100): inner for key, inner in list(value.items())[:_ITEMS]}
            return {key: _plain(inner, f"{name}.{key}", depth + 1, cut) for key, inner in named.items()}
        return [_plain(inner, f"{name}.{place}", depth + 1, cut) for place, inner in enumerate(value[:_ITEMS])]
    cut.append(name)
    return f"a {type(value).__name__}"


def _short(names: Sequence[str]) -> list[str]:
    """Some of the names, in less than 500 bytes."""
    distinct = [cut_text(name, 60) for name in dict.fromkeys(names)]
    return [*distinct[:5], f"{len(distinct) - 5} more"] if len(distinct) > 6 else distinct
