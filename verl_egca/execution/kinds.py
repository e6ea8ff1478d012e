"""The kinds of tests: each knows how many cases it has, and judges one of them with a program in its sitting."""

from __future__ import annotations

import copy
import re
from typing import Any, Protocol

from verl_egca.execution.ahead import Call
from verl_egca.execution.assertions import Assertions
from verl_egca.execution.compare import call_result_matches, output_matches
from verl_egca.execution.exchange import text_of
from verl_egca.execution.given import Given
from verl_egca.execution.outcome import Answer, ended_as, of_ended, of_load, of_raised, own_error, shown
from verl_egca.execution.raised import Ended, Raised
from verl_egca.execution.remote import Remote, Unsupported
from verl_egca.execution.sitting import LoadFailed, Sitting
from verl_egca.execution.watch import Watch
from verl_egca.values.exact_json import from_exact_json

_INTEGER = re.compile("0|-?[1-9][0-9]{0,4000}")


class Kind(Protocol):
    @property
    def count(self) -> int:
        """Raises SyntaxError if the tests are not Python."""

    @property
    def given(self) -> Given:
        """What the program finds."""

    def known_call(self, index: int) -> Call | None:
        """The one call into the program that the case makes, where that is known without running it."""

    def judge(self, sitting: Sitting, index: int) -> Answer: ...


def kind_of(request: Answer, watch: Watch) -> Kind:
    """By what a worker knows of a problem (see `worker`)."""
    tests, entry = request["tests"], request["entry_point"]
    match tests["kind"]:
        case "assertions":
            known = request["preamble"], tests["setup"], tuple(tests["assertions"])
            return Assertions(*known, entry, request["reference"], watch)
        case "calls":
            arguments, expected = from_exact_json(tests["arguments"]), from_exact_json(tests["expected"])
            return Calls(request["preamble"], arguments, expected, entry, watch)
        case "stdio":
            return Stdio(request["preamble"], tests["inputs"], tests["outputs"])
    raise ValueError(f"unknown kind of tests {tests['kind']!r}")


class Calls:
    """Cases of input/output pairs of a function, or of a method of `Solution` where the program has one of the name."""

    def __init__(
        self, preamble: str, arguments: list[list[Any]], expected: list[Any], entry: str | None, watch: Watch
    ) -> None:
        self._arguments, self._expected, self._watch = arguments, expected, watch
        self._entry = entry or ""
        self._what = self._entry if "(" in self._entry else f"Solution().{self._entry} or {self._entry}"
        self.given = Given(preamble, lists=True, names=True)
        self._known_ways: dict[int, list[tuple[Any, ...]]] = {}
        self._texts: dict[int, tuple[str, str]] = {}

    @property
    def count(self) -> int:
        return len(self._arguments)

    def known_call(self, index: int) -> Call | None:
        return Call(self._what, self._ways(index)[0])

    def judge(self, sitting: Sitting, index: int) -> Answer:
        arguments, expected = self._arguments[index], self._expected[index]
        if index not in self._texts:
            self._texts[index] = f"{self._entry}({', '.join(map(shown, arguments))})", shown(expected)
        call, wanted = self._texts[index]
        first, *others = self._ways(index)
        answer = self._judge(sitting, first, expected)
        for way in others if answer["outcome"] in ("wrong_value", "exception") else ():
            other = self._judge(sitting, way, expected)
            if other["outcome"] == "passed":
                answer = other
                break
        return {"case": f"{call} == {wanted}", **answer, "call": call}

    def _ways(self, index: int) -> list[tuple[Any, ...]]:
        if index not in self._known_ways:
            self._known_ways[index] = _ways(self._arguments[index])
        return self._known_ways[index]

    def _judge(self, sitting: Sitting, arguments: tuple[Any, ...], expected: Any) -> Answer:
        try:
            sitting.names()
            with self._watch:
                got = sitting.call(self._what, *copy.deepcopy(arguments))  # which the program may change
                if isinstance(got, Remote) and re.search(rf"^class +{re.escape(self._entry)}\b", sitting.source, re.M):
                    raise Unsupported("the call makes an object, whose own == would have to decide")
                same = call_result_matches(got, expected)
        except LoadFailed as failed:
            return of_load(failed, sitting)
        except Raised as raised:
            return of_raised(raised)
        except Ended as ended:
            sitting.close()
            return of_ended(ended)
        except Unsupported as error:
            return ended_as("unsupported", error=own_error("unsupported", str(error)))
        except Exception as error:  # what came back can't even be compared
            return ended_as("wrong_value", error=own_error(type(error).__name__, text_of(error)))
        return ended_as("passed") if same else ended_as("wrong_value", got=shown(got), expected=shown(expected))


def _ways(arguments: list[Any]) -> list[tuple[Any, ...]]:
    """The arguments as they may be meant: JSON has no keys but text, where a program may be asked for integers.

    First as verl's ``prime_code`` means them, with integers in a first argument that is a dict; then as they are; then with
    integers everywhere.
    """
    if not any(_has_digits_as_keys(argument) for argument in arguments):
        return [tuple(arguments)]
    first = [_with_integers(arguments[0], deep=False), *arguments[1:]]
    ways: list[tuple[Any, ...]] = []
    for way in (first, arguments, [_with_integers(argument, deep=True) for argument in arguments]):
        if tuple(way) not in ways:
            ways.append(tuple(way))
    return ways


def _has_digits_as_keys(value: Any) -> bool:
    todo = [value]
    while todo:
        item = todo.pop()
        if type(item) is dict:
            if _are_digits(item):
                return True
            todo += item.values()
        elif type(item) is list:
            todo += [each for each in item if type(each) is dict or type(each) is list]
    return False


def _are_digits(value: dict[Any, Any]) -> bool:
    """Whether all keys are text of an integer as Python writes it."""
    return bool(value) and all(isinstance(key, str) and _INTEGER.fullmatch(key) for key in value)


def _with_integers(value: Any, deep: bool) -> Any:
    if type(value) is dict:
        inner = {key: _with_integers(item, deep) for key, item in value.items()} if deep else value
        return {int(key): item for key, item in inner.items()} if _are_digits(value) else inner
    return [_with_integers(item, deep) for item in value] if type(value) is list and deep else value


class Stdio:
    """Cases of standard input and the standard output expected for it; each in a process of its own."""

    def __init__(self, preamble: str, inputs: list[str], outputs: list[str]) -> None:
        self._inputs, self._outputs = inputs, outputs
        self.given = Given(preamble)

    @property
    def count(self) -> int:
        return len(self._inputs)

    def known_call(self, index: int) -> Call | None:
        return None

    def judge(self, sitting: Sitting, index: int) -> Answer:
        stdin, expected = self._inputs[index], self._outputs[index]
        return {"case": f"stdin: {shown(stdin)}", **self._judge(sitting, stdin, expected)}

    def _judge(self, sitting: Sitting, stdin: str, expected: str) -> Answer:
        try:
            got = sitting.run_script(stdin, expected)
        except Raised as raised:  # a script has no call: what its top level raises is an exception of the case
            if raised.error.get("preamble") is True:
                return of_load(LoadFailed(raised), sitting)
            return of_raised(raised, loading=bool(raised.error.get("compile")))
        except Ended as ended:
            sitting.close()
            return of_ended(ended)
        if output_matches(got, expected):
            return ended_as("passed")
        return ended_as("wrong_value", got=shown(got), expected=shown(expected))
