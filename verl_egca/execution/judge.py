"""One worker of the sandbox: the trusted process that holds the tests, runs the cases and says the verdicts.

Requests and answers are JSON lines on standard input and output (see `Judge.answer`). The first line it writes is what
confinement is in force, or why none can be. A shared file of four bytes holds the case that runs, for the trainer's side
to know should this process be ended by it.
"""

from __future__ import annotations

import base64
import functools
import gc
import itertools
import json
import mmap
import os
import resource
import socket
import struct
import sys
import time
from collections import OrderedDict
from typing import Any

from verl_egca.execution.ahead import Ahead
from verl_egca.execution.confinement.kernel import close_memory
from verl_egca.execution.kinds import Kind, kind_of
from verl_egca.execution.limit_names import MOST_TIMEOUTS, closed_package, limit_met, setting
from verl_egca.execution.outcome import Answer
from verl_egca.execution.sitting import Sitting
from verl_egca.execution.state import carries_state
from verl_egca.execution.warm_process import WarmProcess
from verl_egca.execution.watch import Watch
from verl_egca.tracing.steps import StepsExceeded

_KEPT_AHEAD = 1024
_MOST_TIMED_OUT_TRIALS = 2  # in one request; the texts after these are not tried
_TRACE_CPU_S = 2.0  # after which a traced case is given up; its events end it first, unless single ones take long
KEPT_TESTS = 256  # of how many problems the tests are kept, with their compiled code
_MAX_TRACE = 1 << 22
_OWN_MEMORY = 4 << 30  # what tests may use on what programs return
_MOST_DIGITS = 100_000  # of an integer as text in tests, which takes quadratic time
_STACK, _STACK_A_FRAME = 100 << 20, 2 << 10  # for tests that recurse, along a list of ten thousand nodes for one


def main(limits: dict[str, Any], progress: int, zygote_control: int) -> None:
    """Serve until standard input ends. ``zygote_control`` is the socket to the warm process, which is starting."""
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)  # whatever the tests print
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    close_memory()  # the tests are in it, and where no layer hides it a program of the same user could look
    control = socket.socket(fileno=zygote_control)
    try:
        zygote = WarmProcess(control)
    except EOFError as error:
        answers.write(json.dumps({"failed": str(error)}) + "\n")
        return
    memory = resource.getrlimit(resource.RLIMIT_AS)[1]
    if memory == resource.RLIM_INFINITY or memory > _OWN_MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (_OWN_MEMORY, memory))
    most = resource.getrlimit(resource.RLIMIT_STACK)[1]
    stack = _STACK if most == resource.RLIM_INFINITY else min(_STACK, most)
    resource.setrlimit(resource.RLIMIT_STACK, (stack, most))
    sys.setrecursionlimit(stack // _STACK_A_FRAME)
    sys.set_int_max_str_digits(_MOST_DIGITS)
    gc.set_threshold(200_000, 20, 100)  # a large answer is millions of new objects, and none of them garbage
    judge = Judge(zygote, limits, mmap.mmap(progress, 4))
    answers.write(json.dumps(zygote.told) + "\n")
    answers.flush()
    for line in requests:
        answers.write(json.dumps(judge.answer(json.loads(line))) + "\n")
        answers.flush()
    control.close()
    os.wait()


class Judge:
    def __init__(self, zygote: WarmProcess, limits: dict[str, Any], progress: mmap.mmap) -> None:
        self._zygote, self._limits, self._progress = zygote, limits, progress
        self._watch = Watch(limits["cpu_seconds"])
        # not cachetools: a judge imports the standard library alone, and asks for these at each trial
        self._kinds: OrderedDict[str, Kind] = OrderedDict()
        self._sitting: Sitting | None = None
        self._timeouts = self._exceeded = 0
        self._cpu_before = 0.0
        self._ahead: OrderedDict[tuple[str, tuple[int, ...]], Ahead] = OrderedDict()

    def answer(self, request: Answer) -> Answer:
        """The verdicts on the ``cases`` of ``program`` (all but those in ``skip``, if null), with the tests known as ``key``.

        ``tests``, ``entry_point``, ``preamble`` and ``reference`` are given when the key is new. ``events`` asks for a trace. With ``trials``, a list of
        programs, the answer is which cases each passes (see `_try`), with ``values`` also what it gave where it was wrong;
        or, with ``events``, its trace of each case.
        """
        try:
            kind = self._kind(request)
            total = kind.count
        except SyntaxError as error:
            return {"refused": f"the tests are not Python: {error}"}
        if request["trials"] is not None:
            before = time.process_time() + self._cpu_of_programs()
            answer = self._answer_trials(request, kind)
            return answer | {"cpu_ms": (time.process_time() + self._cpu_of_programs() - before) * 1e3}
        wanted = request["cases"]
        if wanted is None:
            wanted = [index for index in range(total) if index not in request["skip"]]
        self._close()
        limits = self._limits
        if request["events"]:
            limits = {**limits, "cpu_seconds": min(limits["cpu_seconds"], _TRACE_CPU_S)}
        sitting = self._sitting = Sitting(self._zygote, limits, request["program"], kind.given, request["events"])
        verdicts = self._judge_all(request["key"], kind, sitting, wanted)
        self._close()
        self._note(-1)
        self._look_again(kind, request["program"], verdicts)
        trace = base64.b64encode(sitting.trace[:_MAX_TRACE]).decode() if request["events"] else None
        return {"cases": verdicts, "trace": trace}

    def _answer_trials(self, request: Answer, kind: Kind) -> Answer:
        if request["fresh"]:
            self._close()
        self._timeouts = self._exceeded = 0
        counted = {"timeouts": 0, "exceeded": 0}
        if request["events"]:
            return {"traces": [self._traced(request, kind, text) for text in request["trials"]], **counted}
        tried = [
            self._try(request, kind, text) if self._timeouts < _MOST_TIMED_OUT_TRIALS else []
            for text in request["trials"]
        ]
        passed = [[verdict["outcome"] == "passed" for verdict in verdicts] for verdicts in tried]
        got = [[verdict["got"] for verdict in verdicts] for verdicts in tried] if request["values"] else None
        return {"passed": passed, "got": got, "timeouts": self._timeouts, "exceeded": self._exceeded}

    def _cpu_of_programs(self) -> float:
        """Seconds, all that ran in sittings so far."""
        return self._cpu_before + (self._sitting.cpu_ever if self._sitting is not None else 0.0)

    def _try(self, request: Answer, kind: Kind, text: str) -> list[Answer]:
        """The verdicts on the ``cases`` of a text of a program; those after the first that it fails are not tried if
        ``all_or_none``. It runs in the process of the text before, if that still lives.
        """
        sitting = self._sitting_for(request, kind, text)
        verdicts: list[Answer] = []
        cases = request["cases"]
        for place, index in enumerate(cases):
            sitting.expect(functools.partial(self._known_calls, request["key"], kind, tuple(cases[place:])))
            verdicts.append(self._judge(kind, sitting, index))
            self._timeouts += verdicts[-1]["outcome"] == "timeout"
            self._exceeded += (verdicts[-1]["error"] or {}).get("type") == StepsExceeded.__name__
            if request["all_or_none"] and verdicts[-1]["outcome"] != "passed":
                break
        return verdicts

    def _traced(self, request: Answer, kind: Kind, text: str) -> list[str]:
        """The traces of a text's ``cases``, each loaded anew in the same process, if it still lives."""
        traces = []
        for index in request["cases"]:
            sitting = self._sitting_for(request, kind, text)
            sitting.take_trace()
            sitting.expect(functools.partial(self._known_calls, request["key"], kind, (index,)))
            self._judge(kind, sitting, index)
            traces.append(base64.b64encode(sitting.take_trace()[:_MAX_TRACE]).decode())
        return traces

    def _sitting_for(self, request: Answer, kind: Kind, text: str) -> Sitting:
        events, steps = request["events"], request["steps"]
        if self._sitting is None:
            least = min(request["cpu_seconds"] or self._limits["cpu_seconds"], self._limits["cpu_seconds"])
            limits = {**self._limits, "cpu_seconds": least}
            self._sitting = Sitting(self._zygote, limits, text, kind.given, events, steps, is_trial=True)
        else:
            self._sitting.replace(text, kind.given, events, steps)
        return self._sitting

    def _judge_all(self, key: str, kind: Kind, sitting: Sitting, cases: list[int]) -> list[Answer]:
        verdicts = []
        for place, index in enumerate(cases):
            following = cases[place : place + 1] if self._limits["isolate"] else cases[place:]
            sitting.expect(functools.partial(self._known_calls, key, kind, tuple(following)))
            verdicts.append(self._judge(kind, sitting, index))
            if self._limits["isolate"]:
                sitting.close()
        return verdicts

    def _judge(self, kind: Kind, sitting: Sitting, index: int) -> Answer:
        self._note(index)
        try:
            verdict = {"index": index, "passes_alone": None, **kind.judge(sitting, index)}
        finally:
            self._watch.stop()
        sitting.timeouts += verdict["outcome"] == "timeout"
        self._name_limit(verdict)
        return verdict

    def _name_limit(self, verdict: Answer) -> None:
        """Say which limit the program met, if it speaks of one. What it misses for its confinement alone is not its fault."""
        error = verdict["error"]
        if error is None or verdict["outcome"] not in ("exception", "load_error", "out_of_memory"):
            return
        met = limit_met(error["type"], error["message"], self._limits)
        if package := closed_package(error["type"], error["message"]):
            verdict["outcome"] = "unsupported"
            met = f"{package} is installed, but closed to programs ({setting('packages')})"
        if met:
            error["message"] = f"{error['message']}: {met}".removeprefix(": ")

    def _known_calls(self, key: str, kind: Kind, cases: tuple[int, ...]) -> Ahead:
        """The calls of the first of ``cases`` and those after it, as far as they are known beforehand."""
        if (key, cases) not in self._ahead:
            calls = itertools.takewhile(lambda call: call is not None, map(kind.known_call, cases))
            self._ahead[key, cases] = Ahead((call for call in calls if call is not None), kind.given.classes)
            if len(self._ahead) > _KEPT_AHEAD:
                self._ahead.popitem(last=False)
        return self._ahead[key, cases]

    def _look_again(self, kind: Kind, source: str, verdicts: list[Answer]) -> None:
        """Run each failed case by itself if earlier cases may have left something behind that made it fail, until that
        took as long as endless cases may.
        """
        failed = [verdict for verdict in verdicts[1:] if verdict["outcome"] in ("wrong_value", "exception")]
        # only what the confined process could load is parsed here
        if not failed or not carries_state(source):
            return
        cpu_left = MOST_TIMEOUTS * self._limits["cpu_seconds"]
        for verdict in failed:
            if cpu_left <= 0:
                return
            alone = Sitting(self._zygote, self._limits, source, kind.given)
            try:
                again = self._judge(kind, alone, verdict["index"])
            finally:
                alone.close()
            cpu_left -= alone.cpu_ever
            verdict["passes_alone"] = again["outcome"] == "passed"

    def _kind(self, request: Answer) -> Kind:
        key = request["key"]
        if key not in self._kinds:
            self._kinds[key] = kind_of(request, self._watch)
            if len(self._kinds) > KEPT_TESTS:
                self._kinds.popitem(last=False)
        self._kinds.move_to_end(key)
        return self._kinds[key]

    def _close(self) -> None:
        if self._sitting is not None:
            self._sitting.close()
            self._cpu_before += self._sitting.cpu_ever
            self._sitting = None

    def _note(self, index: int) -> None:
        struct.pack_into("i", self._progress, 0, index)
