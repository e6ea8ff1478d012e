"""One worker of the sandbox: the trusted process that holds the tests, runs the cases and says the verdicts.

    python -m verl_egca.execution.judge LIMITS_JSON

Requests and answers are JSON lines on standard input and output. A request holds the tests, the entry point and the
program; an answer holds a verdict for each case, as `verdict.CaseVerdict` has it.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import reprlib
import signal
import socket
import subprocess
import sys
import tempfile
from typing import Any

from verl_egca.execution import cases as splitting
from verl_egca.execution.codec import Opaque
from verl_egca.execution.compare import call_result_matches, output_matches
from verl_egca.execution.program import Ended, Program, Raised, Unsupported, Zygote

_MAX_TRACE = 1 << 22
_shown = reprlib.Repr()
_shown.maxlevel, _shown.maxstring, _shown.maxother, _shown.maxlong = 4, 200, 200, 80
_shown.maxlist = _shown.maxtuple = _shown.maxdict = _shown.maxset = _shown.maxfrozenset = _shown.maxdeque = 30

Answer = dict[str, Any]


def main() -> None:
    limits = json.loads(sys.argv[1])
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)  # whatever the tests print
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryDirectory(prefix="egca-") as folder:
        arguments = [str(theirs.fileno()), folder, json.dumps(limits)]
        zygote = subprocess.Popen(
            [sys.executable, "-s", "-P", "-m", "verl_egca.execution.zygote", *arguments],
            pass_fds=[theirs.fileno()],
            stdin=null,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        theirs.close()
        judge = Judge(Zygote(ours), limits)
        for line in requests:
            answers.write(json.dumps(judge.answer(json.loads(line))) + "\n")
            answers.flush()
        ours.close()
        zygote.wait()


class Judge:
    def __init__(self, zygote: Zygote, limits: dict[str, Any]) -> None:
        self._zygote, self._limits = zygote, limits

    def answer(self, request: Answer) -> Answer:
        tests, entry, source = request["tests"], request["entry_point"], request["program"]
        runner = self._runner(tests, entry)
        try:
            total = runner.count
        except SyntaxError as error:
            return {"refused": f"the tests are not Python: {error}"}
        wanted = range(total) if request["case"] is None else [request["case"]]
        sitting = Sitting(self._zygote, self._limits, source, request["max_events"])
        try:
            verdicts = [{"index": index, **runner.judge(sitting, index)} for index in wanted]
        finally:
            sitting.close()
        trace = base64.b64encode(sitting.trace[:_MAX_TRACE]).decode() if request["max_events"] else None
        return {"cases": verdicts, "trace": trace, "cpu_seconds": sitting.cpu_used}

    @staticmethod
    def _runner(tests: Answer, entry: str | None) -> Any:
        match tests["kind"]:
            case "assertions":
                return Assertions(tests["setup"], tuple(tests["assertions"]), entry)
            case "calls":
                return Calls(tests["arguments"], tests["expected"], entry)
            case "stdio":
                return Stdio(tests["inputs"], tests["outputs"])
        raise ValueError(f"unknown kind of tests {tests['kind']!r}")


class Sitting:
    """The processes that one program gets: one for all its cases, and a new one after a case that ended it."""

    def __init__(self, zygote: Zygote, limits: dict[str, Any], source: str, max_events: int) -> None:
        self._zygote, self._limits, self._source, self._max_events = zygote, limits, source, max_events
        self._program: Program | None = None
        self._loaded: list[str] | Exception | Ended | None = None
        self.trace = b""
        self.cpu_used = 0.0

    def functions(self) -> list[str]:
        """The names that the program defines; loads it into a new process where there is none. Raises as loading did."""
        if self.cpu_left <= 0:
            raise Ended("timeout", "the program's CPU time for all cases was used up before this one")
        if isinstance(self._loaded, Exception):
            raise self._loaded  # it would fail again
        if self._program is None or not isinstance(self._loaded, list):
            program = self.fresh()
            try:
                self._loaded = program.load(self._source, max_events=self._max_events)
            except (Raised, Ended) as error:
                self._loaded = error
                raise LoadFailed(error) from None
        else:
            self._program.new_case(self.cpu_left)
        assert isinstance(self._loaded, list)
        return self._loaded

    def call(self, name: str, /, *arguments: Any, **keywords: Any) -> Any:
        assert self._program is not None
        return self._program.call(name, *arguments, **keywords)

    def run_script(self, stdin: str) -> str:
        """Run the program as a script in a process of its own; what it printed. Raises Raised, Ended."""
        if self.cpu_left <= 0:
            raise Ended("timeout", "the program's CPU time for all cases was used up before this one")
        program = self.fresh()
        try:
            program.load(self._source, stdin=stdin, max_events=self._max_events)
        except Raised as error:
            if not error.error.get("ended"):  # sys.exit() is an ordinary end of a script
                raise
        return self.close()

    def fresh(self) -> Program:
        self.close()
        self._program = Program(self._zygote, self._limits)
        self._program.new_case(self.cpu_left)
        return self._program

    def close(self) -> str:
        """End the process, if any; what it printed."""
        if self._program is None:
            return ""
        program, self._program = self._program, None
        printed = program.end()
        self.cpu_used += program.cpu_seconds
        self.trace += program.trace_data
        return printed

    @property
    def cpu_left(self) -> float:
        used = self.cpu_used + (self._program._cpu() if self._program else 0.0)
        return float(self._limits["program_cpu_seconds"]) - used


class LoadFailed(Exception):
    """The program's top level raised or ended its process."""

    def __init__(self, cause: Raised | Ended) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _verdict(outcome: str, **fields: Any) -> Answer:
    return {"outcome": outcome, "error": None, "got": None, "expected": None, **fields}


def _of_raised(raised: Raised, loading: bool = False) -> Answer:
    """The program raised: a compile error, an error of its top level, or one of the call."""
    told = raised.error
    error: Answer = {"type": str(told.get("error"))[:80], "message": str(told.get("message"))[:500]}
    for key in ("line", "col", "end_line", "end_col"):
        error[key] = told[key] if type(told.get(key)) is int else None
    if loading and told.get("compile"):
        for key in ("col", "end_col"):  # the compiler counts columns from 1, 0 where it knows none
            error[key] = error[key] - 1 if error[key] else None
        return _verdict("syntax_error", error=error)
    error |= {"col": None, "end_line": None, "end_col": None}
    if error["type"] == "MemoryError":
        return _verdict("out_of_memory", error=error)
    return _verdict("load_error" if loading else "exception", error=error)


def _of_ended(ended: Ended) -> Answer:
    return _verdict(ended.outcome, error=_own_error(ended.outcome, ended.message))


def _own_error(kind: str, message: str) -> Answer:
    return {"type": kind, "message": message[:500], "line": None, "col": None, "end_line": None, "end_col": None}


def _of_load(failed: LoadFailed) -> Answer:
    return _of_raised(failed.cause, loading=True) if isinstance(failed.cause, Raised) else _of_ended(failed.cause)


class Assertions:
    """Cases of assertion source. The tests' own names win over the program's, except the entry point."""

    def __init__(self, setup: str, assertions: tuple[str, ...], entry: str | None) -> None:
        self._setup, self._entry = setup, entry
        self._assertions = assertions

    @functools.cached_property
    def _cases(self) -> tuple[splitting.Case, ...]:
        return splitting.split_assertions(self._setup, self._assertions)

    @property
    def count(self) -> int:
        return len(self._cases)

    def judge(self, sitting: Sitting, index: int) -> Answer:
        case = self._cases[index]
        return {"case": case.text, **self._judge(sitting, case)}

    def _judge(self, sitting: Sitting, case: splitting.Case) -> Answer:
        seen: dict[str, Any] = {}
        try:
            names = sitting.functions()
            namespace = self._namespace(sitting, names, seen)
            exec(case.code, namespace)
            return _verdict("passed")
        except LoadFailed as failed:
            return _of_load(failed)
        except AssertionError:
            return _verdict("wrong_value", **_values(seen))
        except Raised as raised:
            return _of_raised(raised)
        except Ended as ended:
            sitting.close()
            return _of_ended(ended)
        except Unsupported as error:
            return _verdict("unsupported", error=_own_error("unsupported", str(error)))
        except NameError as error:  # the program does not define what the test calls
            return _verdict("exception", error=_own_error("NameError", str(error)))
        except Exception as error:  # what came back does not fit what the test does with it
            return _verdict("wrong_value", error=_own_error(type(error).__name__, str(error)), **_values(seen))

    def _namespace(self, sitting: Sitting, names: list[str], seen: dict[str, Any]) -> dict[str, Any]:
        def compared(left: Any, right: Any, operator: Any) -> Any:
            seen["values"] = (left, right)
            return operator(left, right)

        namespace: dict[str, Any] = {"__name__": "tests", splitting.COMPARED: compared}
        proxies = {name: functools.partial(sitting.call, name) for name in names}
        namespace |= proxies
        if self._setup:
            self._set_up(namespace)
        if self._entry in proxies:
            namespace[self._entry] = namespace["candidate"] = proxies[self._entry]
        return namespace

    def _set_up(self, namespace: dict[str, Any]) -> None:
        """Run the tests' set-up; its own failure, a missing package for one, is no failure of the program."""
        try:
            with contextlib.redirect_stdout(None):
                exec(splitting.compile_setup(self._setup), namespace)
        except (Raised, NameError):  # it calls into the program
            raise
        except Exception as error:
            raise Unsupported(f"the tests' set-up failed: {type(error).__name__}: {error}") from None


def _values(seen: dict[str, Any]) -> Answer:
    if "values" not in seen:
        return {}
    got, expected = seen["values"]
    return {"got": _shown.repr(got), "expected": _shown.repr(expected)}


class Calls:
    """Cases of input/output pairs of a function."""

    def __init__(self, arguments: list[list[Any]], expected: list[Any], entry: str | None) -> None:
        self._arguments, self._expected, self._entry = arguments, expected, entry or ""

    @property
    def count(self) -> int:
        return len(self._arguments)

    def judge(self, sitting: Sitting, index: int) -> Answer:
        arguments, expected = self._arguments[index], self._expected[index]
        text = f"{self._entry}({', '.join(map(_shown.repr, arguments))}) == {_shown.repr(expected)}"
        return {"case": text, **self._judge(sitting, arguments, expected)}

    def _judge(self, sitting: Sitting, arguments: list[Any], expected: Any) -> Answer:
        try:
            entry = self._function(sitting.functions())
            got = sitting.call(entry, *arguments)
        except LoadFailed as failed:
            return _of_load(failed)
        except Raised as raised:
            return _of_raised(raised)
        except Ended as ended:
            sitting.close()
            return _of_ended(ended)
        except NameError as error:
            return _verdict("exception", error=_own_error("NameError", str(error)))
        if call_result_matches(got, expected):
            return _verdict("passed")
        return _verdict("wrong_value", got=_shown.repr(got), expected=_shown.repr(expected))

    def _function(self, names: list[str]) -> str:
        if self._entry not in names:
            raise NameError(f"name {self._entry!r} is not defined")
        return self._entry


class Stdio:
    """Cases of standard input and the standard output expected for it; each in a process of its own."""

    def __init__(self, inputs: list[str], outputs: list[str]) -> None:
        self._inputs, self._outputs = inputs, outputs

    @property
    def count(self) -> int:
        return len(self._inputs)

    def judge(self, sitting: Sitting, index: int) -> Answer:
        stdin, expected = self._inputs[index], self._outputs[index]
        return {"case": f"stdin: {_shown.repr(stdin)}", **self._judge(sitting, stdin, expected)}

    def _judge(self, sitting: Sitting, stdin: str, expected: str) -> Answer:
        try:
            got = sitting.run_script(stdin)
        except Raised as raised:
            return _of_script(raised)
        except Ended as ended:
            sitting.close()
            return _of_ended(ended)
        if output_matches(got, expected):
            return _verdict("passed")
        return _verdict("wrong_value", got=_shown.repr(got), expected=_shown.repr(expected))


def _of_script(raised: Raised) -> Answer:
    """A script has no call: what its top level raises is an exception of the case."""
    return _of_raised(raised, loading=bool(raised.error.get("compile")))


assert Opaque.__hash__ is None  # an opaque value can't hide in a set or a dict's keys

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the trainer's to handle; our input ends when it does
    main()
