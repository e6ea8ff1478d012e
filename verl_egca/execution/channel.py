"""Questions to a program's process and its answers, as frames."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from typing import Any

from verl_egca.execution.process import Process
from verl_egca.execution.raised import Ended
from verl_egca.values.codec import MAX_FRAME

_MOST_DIGITS = 640  # of an integer in an answer: larger ones are written otherwise (see `values.codec`)

Message = dict[str, Any]


class Channel:
    def __init__(self, process: Process) -> None:
        self._process = process

    def ask(self, payload: bytes, serve: Callable[[Message], None] | None = None) -> Message:
        """The answer to a request; ``serve`` answers, by `write`, what the program calls meanwhile."""
        if not self._process.is_alive:
            raise Ended("crashed", "the process ended")
        self.write(payload)
        while "back" in (reply := self._read()):
            if serve is None:
                raise Ended("forged", "a call of what was not passed")
            serve(reply)
        return reply

    def write(self, payload: bytes) -> None:
        self._process.write(payload)

    def last_words(self) -> Message | None:
        """What a script's process said of the exception that ended it, if it can be read."""
        try:
            data = self._process.last_words()
            (size,) = struct.unpack_from("I", data)
            told = _parsed(data[4 : 4 + size])
            return told if type(told.get("error")) is str and type(told.get("message")) is str else None
        except (OSError, struct.error, Ended):
            return None

    def _read(self) -> Message:
        data = self._process.receive()
        while len(data) < 4:
            data += self._process.receive()
        (size,) = struct.unpack_from("I", data)
        if size > MAX_FRAME:
            raise Ended("forged", f"an answer of {size} bytes")
        end = size + 4
        if len(data) < end:
            parts, missing = [data], end - len(data)
            while missing > 0:
                parts.append(self._process.receive())
                missing -= len(parts[-1])
            data = b"".join(parts)
        if len(data) > end:
            raise Ended("forged", "more than one answer")
        return _parsed(data[4:end])


def _parsed(data: bytes) -> Message:
    most = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(_MOST_DIGITS)
    try:
        reply = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Ended("forged", f"an answer that is not JSON: {error!s:.100}") from None
    finally:
        sys.set_int_max_str_digits(most)
    if type(reply) is not dict:
        raise Ended("forged", "an answer that is no object")
    return reply
