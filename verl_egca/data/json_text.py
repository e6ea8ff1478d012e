"""JSON text of data sets as Python values: integers of any size, and text within text."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

_DEPTH_OF_TEXT = 4


def read_json(text: str) -> Any:
    """The value. Raises ValueError, also for nesting that is too deep."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than Python converts at once
        return json.loads(text, parse_int=_integer)


def read_first(text: str) -> tuple[Any, int]:
    """The value at the beginning of a text, and the offset of its end. Raises ValueError."""
    try:
        return json.JSONDecoder().raw_decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than Python converts at once
        return json.JSONDecoder(parse_int=_integer).raw_decode(text)


def read_json_values(text: str) -> list[Any]:
    """The values of a text, separated by white space. Raises ValueError."""
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
            raise ValueError(f"{text[at : end + 20]!r} is not a JSON value")
        values.append(value)
        at = end
    return values


def unwrapped(value: Any) -> Any:
    """The value of a JSON object, list or string in text, also of text in text; other values unchanged.

    Raises:
        ValueError: the text begins as an object or a list, but is not JSON.
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
