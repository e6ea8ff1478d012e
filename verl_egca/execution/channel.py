"""Questions to a program's process and its answers, as frames; those to calls that were sent ahead come all at once."""

from __future__ import annotations

import json
import struct
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

from verl_egca.execution.ahead import Ahead, Request
from verl_egca.execution.process import Process
from verl_egca.execution.raised import Ended
from verl_egca.values.codec import MAX_FRAME, frame

_MOST_DIGITS = 640  # of an integer in an answer: larger ones are written otherwise (see `values.codec`)

Message = dict[str, Any]


class Channel:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._ahead: deque[Request] = deque()  # sent and not called yet
        self._answers: deque[bytes] = deque()  # of the first of those, as far as they have come
        self._end_of_answers: Ended | None = None

    def ask(self, payload: bytes, serve: Callable[[Message], None] | None = None) -> Message:
        """The answer to a request; ``serve`` answers, by `write`, what the program calls meanwhile."""
        if not self._process.is_alive:
            raise Ended("crashed", "the process ended")
        while self._ahead:  # of cases that did not come to their calls
            self._next_answer()
            if self._ahead:
                self._ahead.popleft()
        self.write(payload)
        while "back" in (reply := self._read()):
            if serve is None:
                raise Ended("forged", "a call of what was not passed")
            serve(reply)
        return reply

    def write(self, payload: bytes) -> None:
        self._process.write(payload, ahead=bool(self._ahead))

    def last_words(self) -> Message | None:
        """What a script's process said of the exception that ended it, if it can be read."""
        try:
            data = self._process.last_words()
            (size,) = struct.unpack_from("I", data)
            told = _parsed(data[4 : 4 + size])
            return told if type(told.get("error")) is str and type(told.get("message")) is str else None
        except (OSError, struct.error, Ended):
            return None

    # ---------------------------------------------------------------- ahead

    def send_ahead(self, calls: Callable[[], Ahead]) -> None:
        """Send calls ahead, unless some still are; each is made later, in the same order (see `RunningProgram.call`)."""
        if not self._ahead:
            ahead = calls()
            if len(ahead.requests) > 1:
                self._process.forget_answers()
                self.write(frame(f'{{"ahead":{ahead.text}}}'))
                self._expect(ahead.requests)

    def load_ahead(self, payload: bytes, ahead: Ahead) -> Message:
        """The answer to loading, which comes as those to the calls that were sent with it do."""
        self.write(payload)
        self._expect([{}, *ahead.requests])
        reply = self._next_answer()
        if self._ahead:
            self._ahead.popleft()
        if "error" in reply and self._ahead:
            raise Ended("forged", "it went on after an error")
        return reply

    def answer_ahead(self, request: Request) -> Message | None:
        """The answer to a call that was sent ahead; None if it was not."""
        while self._ahead:
            reply = self._next_answer()
            if self._ahead and self._ahead.popleft() == request:
                return reply
        return None

    def forget_ahead(self) -> bool:
        """Don't make the other calls that were sent ahead; whether it has answered them all, and waits."""
        if self._end_of_answers is not None or len(self._answers) != len(self._ahead):
            return False
        self._ahead.clear()
        self._answers.clear()
        return True

    def _expect(self, requests: list[Request]) -> None:
        self._ahead.extend(requests)
        self._process.cases_to_start = len(self._ahead)

    def _next_answer(self) -> Message:
        """The answer to the first call that was sent ahead. Raises Ended if the process ended before it came to that."""
        if not self._answers and self._end_of_answers is None:
            answered = 0
            try:
                told = self._read().get("answered")
                answered = told if type(told) is int else 0
            except Ended as ended:
                if ended.outcome == "forged":
                    raise
                self._end_of_answers = ended
            data, place = self._process.take_answers(), 0
            while place + 4 <= len(data):
                (size,) = struct.unpack_from("I", data, place)
                if place + 4 + size > len(data):
                    break
                self._answers.append(data[place + 4 : place + 4 + size])
                place += 4 + size
            if self._end_of_answers is None:
                if len(self._answers) != answered or not 0 < answered <= len(self._ahead):
                    raise Ended("forged", "not as many answers as it says")
                while len(self._ahead) > answered:
                    self._ahead.pop()
        if not self._answers:
            assert self._end_of_answers is not None
            raise self._end_of_answers
        return _parsed(self._answers.popleft())

    # ---------------------------------------------------------------- frames

    def _read(self) -> Message:
        ahead = bool(self._ahead)
        data = self._process.receive(ahead=ahead)
        while len(data) < 4:
            data += self._process.receive(ahead=ahead)
        (size,) = struct.unpack_from("I", data)
        if size > MAX_FRAME:
            raise Ended("forged", f"an answer of {size} bytes")
        end = size + 4
        if len(data) < end:
            parts, missing = [data], end - len(data)
            while missing > 0:
                parts.append(self._process.receive(ahead=ahead))
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
