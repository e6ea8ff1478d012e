"""Calls that are sent to a program before they are made: what its next cases are known to ask."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from verl_egca.execution.nodes import NodeTable
from verl_egca.values.codec import NotPlain, encode

_IMMUTABLE = (int, float, str, bytes, complex, type(None))
_MOST_AHEAD = 1 << 20

Request = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """Of the program: ``what`` as `calling` has it, and the arguments."""

    what: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any] = field(default_factory=dict)


class Ahead:
    """Calls that the next cases are known to make, for the program to run one after the other while the judge compares.

    Made once for the samples of a problem. What can't cross, and all that follows it, is left out. Objects of ``classes``, a
    preamble's, cross by their fields.
    """

    def __init__(self, calls: Iterable[Call] = (), classes: Collection[str] = ()) -> None:
        self.requests: list[Request] = []
        size = 0

        def by_fields(value: Any, nodes: NodeTable) -> Any:
            if type(value).__name__ not in classes:
                raise NotPlain(f"a {type(value).__name__}")
            return nodes.reference(value)

        try:
            for call in calls:
                request = call_request(call.what, call.arguments, call.keywords, by_fields, NodeTable(), True)
                size += len(json.dumps(request))
                if size > _MOST_AHEAD:
                    break
                self.requests.append(request)
        except (NotPlain, RecursionError):
            pass
        self.text = json.dumps(self.requests, separators=(",", ":"))


def call_request(
    what: str | int,
    arguments: Iterable[Any],
    keywords: dict[str, Any],
    stands_for: Callable[..., Any],
    nodes: NodeTable,
    seed: bool,
) -> Request:
    """``stands_for`` gives what stands for a value that is no plain data, which may be an object of the table ``nodes``."""

    other = functools.partial(stands_for, nodes=nodes)
    args = [encode(value, other) for value in arguments]
    kwargs = {key: encode(value, other) for key, value in keywords.items()} if keywords else {}
    mutable = any(not isinstance(value, _IMMUTABLE) for value in (*arguments, *keywords.values()))
    request = {"call": what, "args": args, "kwargs": kwargs, "mutable": mutable, "seed": seed}
    if nodes.objects:
        request["nodes"] = list(nodes.rows(lambda value: encode(value, other)))
    return request
