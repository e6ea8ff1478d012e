"""Calls that are sent to a program before they are made: what its next cases are known to ask."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from verl_egca.execution.codec import NotPlain, encode

_IMMUTABLE = (int, float, str, bytes, complex, type(None))
_MOST_AHEAD = 1 << 20

Request = dict[str, Any]
Call = tuple[str, tuple[Any, ...]]  # of the program: a name, and arguments


class Ahead:
    """Calls that the next cases are known to make, for the program to run one after the other while the judge compares.

    Made once for the samples of a problem. What can't cross, and all that follows it, is left out.
    """

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        self.requests: list[Request] = []
        size = 0
        try:
            for name, arguments in calls:
                request = call_request(
                    name, [encode(argument, _not_plain) for argument in arguments], {}, arguments, True
                )
                size += len(json.dumps(request))
                if size > _MOST_AHEAD:
                    break
                self.requests.append(request)
        except (NotPlain, RecursionError):
            pass
        self.text = json.dumps(self.requests, separators=(",", ":"))


def call_request(what: str | int, args: list[Any], kwargs: Request, arguments: Iterable[Any], seed: bool) -> Request:
    mutable = any(not isinstance(argument, _IMMUTABLE) for argument in arguments)
    return {"call": what, "args": args, "kwargs": kwargs, "mutable": mutable, "seed": seed}


def _not_plain(value: Any) -> Any:
    raise NotPlain(f"a {type(value).__name__}")
