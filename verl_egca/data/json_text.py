"""JSON text of data sets as Python values: integers of any size, and text within text."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

_DEPTH_OF_TEXT = 4


def read_json(text: str) -> Any:
    """The value. Raises ValueError, also where it is nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than Python converts at once
        return json.loads(text, parse_int=_integer)


def read_first(text: str) -> tuple[Any, int]:
    """The value that a text begins with, and where it ends. Raises ValueError."""
    try:
        return json.JSONDecoder().raw_decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than Python converts at once
        return json.JSONDecoder(parse_int=_integer).raw_decode(text)


def read_json_values(text: str) -> list[Any]:
    """The values that stand in a text one after the other, with white space between them. Raises ValueError."""
    decoder, values, at = json.JSONDecoder(parse_int=_integer), [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        try:
            value, end = decoder.raw_decode(text, at)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        if end < len(text) and not text[end].isspace():
            raise ValueError(f"{text[at : end + 20]!r} is no value")
        values.append(value)
        at = end
    return values


def unwrapped(value: Any) -> Any:
    """What a text holds that is a JSON object, list or string, again while it is such a text; other values as they are.

    Raises:
        ValueError: the text begins as an object or a list, and is none.
    """
    for _ in range(_DEPTH_OF_TEXT):
        if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
            return value
        try:
            value = read_json(value)
        except ValueError:
            if value.lstrip()[:1] == '"':
                return value
            raise
    return value


def _integer(digits: str) -> int:
    return int(digits) if len(digits) < 4000 else int(Decimal(digits))
