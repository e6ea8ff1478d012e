"""Values of tests as JSON that reads back as the same values.

Most values are JSON. NaN and Infinity, huge integers, tuples, sets, bytes, keys that are not text, text with lone
surrogates and deep nests are not: JSON and its readers change or refuse them. If one of those is among the values, all
are written as one text with tags (see `values.codec`). A subclass becomes its base.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from verl_egca.values.codec import DECODE_ERRORS, decode, encode


def to_exact_json(values: Sequence[Any]) -> list[Any] | str:
    """The values as a list if pydantic's JSON preserves it, else as text.

    Raises:
        ValueError: a value is not plain data, or is nested too deeply.
    """
    from pydantic_core import from_json, to_json  # here, since a judge only reads values, and must start fast

    listed = list(values)
    try:
        if from_json(to_json(listed, inf_nan_mode="null")) == listed:
            return listed
    except (ValueError, RecursionError):
        pass
    try:
        return json.dumps([encode(value, _not_plain) for value in listed], separators=(",", ":"))
    except RecursionError:
        raise ValueError("the values are nested too deeply to be kept") from None


def from_exact_json(values: Any) -> Any:
    """The inverse; returns values that are not text unchanged.

    Raises:
        ValueError: the text does not come from `to_exact_json`.
    """
    if not isinstance(values, str):
        return values
    try:
        tagged = json.loads(values)
        if type(tagged) is not list:
            raise ValueError("it is no list")
        return [decode(value, _named_tuple) for value in tagged]
    except DECODE_ERRORS as error:
        raise ValueError(f"a list of values is wanted, or its text as it was written ({error!s:.100})") from None


def _not_plain(value: Any) -> NoReturn:
    raise ValueError(f"a {type(value).__name__} is no plain data")


def _named_tuple(tag: str, body: Any) -> tuple[Any, ...]:
    if tag != "N":
        raise ValueError(f"unknown tag {tag!r:.20}")
    return tuple(body[3])
