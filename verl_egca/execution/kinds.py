"""The kinds of tests: each knows how many cases it has, and judges one of them with a program in its sitting."""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import random
from types import ModuleType
from typing import Any, Protocol

from verl_egca.execution import cases as splitting
from verl_egca.execution.ahead import Call
from verl_egca.execution.compare import call_result_matches, output_matches
from verl_egca.execution.outcome import Answer, ended_as, of_ended, of_load, of_raised, own_error, shown
from verl_egca.execution.program import Ended, Raised, text_of
from verl_egca.execution.remote import Unsupported, made_by_test
from verl_egca.execution.sitting import LoadFailed, Sitting
from verl_egca.execution.unroll import ProgramName
from verl_egca.execution.warm import WARM
from verl_egca.execution.watch import Watch

# Modules that a test may use without importing them, as it could if the program does: the judge's own, not the program's.
_MODULES = {name: importlib.import_module(name) for name in WARM}


class Kind(Protocol):
    @property
    def count(self) -> int:
        """Raises SyntaxError if the tests are not Python."""

    def known_call(self, index: int) -> Call | None:
        """The one call into the program that the case makes, where that is known without running it."""

    def judge(self, sitting: Sitting, index: int) -> Answer: ...


def kind_of(tests: Answer, entry: str | None, watch: Watch) -> Kind:
    match tests["kind"]:
        case "assertions":
            return Assertions(tests["setup"], tuple(tests["assertions"]), entry, watch)
        case "calls":
            return Calls(tests["arguments"], tests["expected"], entry, watch)
        case "stdio":
            return Stdio(tests["inputs"], tests["outputs"])
    raise ValueError(f"unknown kind of tests {tests['kind']!r}")


class Assertions:
    """Cases of assertion source. The tests' own names win over the program's, except the entry point.

    As where tests and program share one namespace, all cases of a sitting do.
    """

    def __init__(self, setup: str, assertions: tuple[str, ...], entry: str | None, watch: Watch) -> None:
        self._setup, self._entry, self._watch = setup, entry, watch
        self._assertions = assertions
        self._namespace: dict[str, Any] = {}
        self._of: tuple[Sitting, int] | None = None
        self._seen: tuple[Any, Any] | None = None

    @functools.cached_property
    def _cases(self) -> tuple[splitting.Case, ...]:
        return splitting.split_assertions(self._setup, self._assertions)

    @property
    def count(self) -> int:
        return len(self._cases)

    def known_call(self, index: int) -> Call | None:
        return self._cases[index].call

    def judge(self, sitting: Sitting, index: int) -> Answer:
        case = self._cases[index]
        self._seen = None
        answer = self._judge(sitting, case)
        if answer["outcome"] != "passed" and answer["call"] is None:
            answer["call"] = sitting.shown_call(shown)
        return {"case": case.text, **answer}

    def _judge(self, sitting: Sitting, case: splitting.Case) -> Answer:
        try:
            names = sitting.functions()
            with self._watch:
                if self._of != (sitting, sitting.generation):
                    self._set_up(sitting, names)
                self._namespace[splitting.BOUND] = [self._given(value) for value in case.bound]
                random.seed(0)
                exec(case.code, self._namespace)
            return ended_as("passed")
        except LoadFailed as failed:
            return of_load(failed)
        except AssertionError:
            return ended_as("wrong_value", **self._values())
        except Raised as raised:
            return of_raised(raised)
        except Ended as ended:
            call = sitting.shown_call(shown)
            sitting.close()
            return of_ended(ended) | {"call": call}
        except Unsupported as error:
            return ended_as("unsupported", error=own_error("unsupported", str(error)))
        except NameError as error:  # the program does not define what the test calls
            return ended_as("exception", error=own_error("NameError", text_of(error)))
        except Exception as error:  # what came back does not fit what the test does with it
            return ended_as("wrong_value", error=own_error(type(error).__name__, text_of(error)), **self._values())

    def _set_up(self, sitting: Sitting, names: list[str]) -> None:
        """A namespace for this process of the program, where the tests' set-up has run.

        The set-up's own failure, a missing package for one, is no failure of the program.
        """

        def compared(left: Any, right: Any, operator: Any) -> Any:
            self._seen = (left, right)
            return operator(left, right)

        def proxy(name: str) -> Any:
            if name == self._entry or self._entry is None:
                return functools.partial(sitting.call, name)
            return lambda *arguments, **keywords: made_by_test(sitting.call(name, *arguments, **keywords))

        self._of = None
        self._namespace.clear()  # its functions name it, and would be kept until the collector comes
        namespace: dict[str, Any] = {"__name__": "tests", splitting.COMPARED: compared, **_MODULES}
        proxies = {name: proxy(name) for name in names}
        namespace |= proxies
        if self._setup:
            try:
                with contextlib.redirect_stdout(None):
                    exec(splitting.compile_setup(self._setup), namespace)
            except (Raised, NameError):  # it calls into the program
                raise
            except Exception as error:
                raise Unsupported(f"the tests' set-up failed: {type(error).__name__}: {text_of(error)}") from None
        if self._entry in proxies:
            namespace[self._entry] = namespace["candidate"] = proxies[self._entry]
        self._namespace, self._of = namespace, (sitting, sitting.generation)

    def _given(self, value: Any) -> Any:
        if isinstance(value, ProgramName):
            if value.name not in self._namespace:
                raise NameError(f"name {value.name!r} is not defined")
            return self._namespace[value.name]
        return value if isinstance(value, ModuleType) else copy.deepcopy(value)

    def _values(self) -> Answer:
        if self._seen is None:
            return {}
        got, expected = self._seen
        return {"got": shown(got), "expected": shown(expected)}


class Calls:
    """Cases of input/output pairs of a function."""

    def __init__(self, arguments: list[list[Any]], expected: list[Any], entry: str | None, watch: Watch) -> None:
        self._arguments, self._expected, self._entry, self._watch = arguments, expected, entry or "", watch

    @property
    def count(self) -> int:
        return len(self._arguments)

    def known_call(self, index: int) -> Call | None:
        return self._entry, tuple(self._arguments[index])

    def judge(self, sitting: Sitting, index: int) -> Answer:
        arguments, expected = self._arguments[index], self._expected[index]
        call = f"{self._entry}({', '.join(map(shown, arguments))})"
        return {"case": f"{call} == {shown(expected)}", **self._judge(sitting, arguments, expected), "call": call}

    def _judge(self, sitting: Sitting, arguments: list[Any], expected: Any) -> Answer:
        try:
            if self._entry not in sitting.functions():
                raise NameError(f"name {self._entry!r} is not defined")
            with self._watch:
                got = sitting.call(self._entry, *arguments)
                same = call_result_matches(got, expected)
        except LoadFailed as failed:
            return of_load(failed)
        except Raised as raised:
            return of_raised(raised)
        except Ended as ended:
            sitting.close()
            return of_ended(ended)
        except NameError as error:
            return ended_as("exception", error=own_error("NameError", text_of(error)))
        except Exception as error:  # what came back can't even be compared
            return ended_as("wrong_value", error=own_error(type(error).__name__, text_of(error)))
        return ended_as("passed") if same else ended_as("wrong_value", got=shown(got), expected=shown(expected))


class Stdio:
    """Cases of standard input and the standard output expected for it; each in a process of its own."""

    def __init__(self, inputs: list[str], outputs: list[str]) -> None:
        self._inputs, self._outputs = inputs, outputs

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
            return of_raised(raised, loading=bool(raised.error.get("compile")))
        except Ended as ended:
            sitting.close()
            return of_ended(ended)
        if output_matches(got, expected):
            return ended_as("passed")
        return ended_as("wrong_value", got=shown(got), expected=shown(expected))
