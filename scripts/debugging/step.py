"""The samples of one step, scored as in a reward worker while the debugger's server has a fault."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from transformers import AutoTokenizer

from starter.policy_path import WEIGHTS
from tests.debugger.replay_server import Fault, ReplayServer
from verl_egca.assessment import Assessor
from verl_egca.config.settings import Settings
from verl_egca.debugger.client import Debugger
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.localization.confirmed import Confirmed
from verl_egca.localization.registry import make_localizer
from verl_egca.problem import AssertionTests, Problem
from verl_egca.sample import SampleRecord, SampleScorer
from verl_egca.training.metrics import debugger_metrics

DEADLINE_S, TIMEOUT_S = 4.0, 1.5  # for faults of time; other faults have no deadline
SLOW = frozenset({Fault.HANG, Fault.DRIP, Fault.HUGE, Fault.RESTART, Fault.BUSY})
PATIENCE_S = 120.0
SLACK_S = 12.0  # for a step's own work: verdicts, traces, trials of corrections
HOSTILE_MARKS = (Path("/tmp/egca-hostile"), Path("/tmp/egca-hostile-shell"))

_REFERENCE = """def f(xs):
    best = 0
    for x in xs:
        if x % 3 == 1 and x > best:
            best = x
    return best * 7 + len(xs)
"""
_PROBLEM = Problem(
    task_id="step",
    prompt="Seven times the largest of those that are 1 modulo 3, and how many there are.",
    tests=AssertionTests(
        assertions=(
            "assert f([]) == 0",
            "assert f([1, 2, 3]) == 10",
            "assert f([4, 9]) == 30",
            "assert f([7, 70]) == 492",
        )
    ),
    entry_point="f",
    reference=_REFERENCE,
)
_MENDED = "return max((x for x in xs if x % 3 == 1), default=0) * 7 + len(xs)"
_WRONG = "def f(xs):\n    best = max(xs, default=0)\n    if best > {most}:\n        best = {most}\n    return best\n"
_RESPONSES = [
    *(_WRONG.format(most=100 + number) for number in range(16)),
    *([_REFERENCE] * 4),
    "def f(xs):\n    return xs[\n",
    "def f(xs):\n    return xs.first\n",
]
_ANSWER = {"statement": 4, "correction": _MENDED, "reason": "It returns the wrong thing."}
_ASKED = 16

# possible outcomes of questions; an open breaker skips the rest
_MAY_BE = {
    None: {"proven"},
    Fault.REFUSED: {"failed", "skipped"},
    Fault.ERROR_500: {"failed", "skipped"},
    Fault.BUSY: {"failed", "skipped", "timeout"},
    Fault.HANG: {"timeout", "skipped"},
    Fault.DRIP: {"timeout", "skipped"},
    Fault.TRUNCATED: {"refused"},
    Fault.WRONG_SCHEMA: {"refused"},
    Fault.NONSENSE: {"refused"},
    Fault.OUT_OF_RANGE: {"refused"},
    Fault.HUGE: {"failed", "timeout", "skipped"},
    Fault.REDIRECT: {"failed", "skipped"},
    Fault.ECHO: {"refused"},
    Fault.SPECIAL_CASE: {"accepted"},
    Fault.HOSTILE: {"accepted"},
    Fault.RESTART: {"failed", "timeout", "skipped"},
    Fault.GARBAGE: {"failed", "skipped"},
    Fault.GZIP_BOMB: {"failed", "skipped"},
    Fault.HALF_BODY: {"failed", "skipped"},
    Fault.DECLINED: {"refused"},
    Fault.CUT_OFF: {"refused"},
    Fault.UNAUTHORIZED: {"failed", "skipped"},
    Fault.TOO_LONG: {"failed", "skipped"},
}


@dataclass(frozen=True, slots=True)
class Row:
    """``told``: the nonzero counters; ``credit``: the failing samples' branches of credit."""

    fault: str
    samples: int
    same_rewards: bool
    seconds: float
    in_time: bool
    told: str
    expected: bool
    credit: str
    left: str

    @property
    def sound(self) -> bool:
        return self.same_rewards and self.expected and not self.left


def run_step(fault: Fault | None) -> Row:
    for mark in HOSTILE_MARKS:
        mark.unlink(missing_ok=True)
    before = _there()
    server = ReplayServer(lambda _: _ANSWER, fault, special_case=lambda _: "return {0: 0, 3: 10}.get(best, 30)")
    with server:
        deadline, timeout = (DEADLINE_S, TIMEOUT_S) if fault in SLOW else (PATIENCE_S, PATIENCE_S)
        settings = DebuggerSettings(urls=(server.url,), deadline_s=deadline, timeout_s=timeout, model="replay")
        started = time.perf_counter()
        with Debugger(settings) as debugger:
            records = _score(debugger)
        seconds = time.perf_counter() - started
    metrics = {name.rpartition("/")[2]: value for name, value in debugger_metrics(records).items()}
    counted = {name: int(metrics[name]) for name in ("asked", "retried", *_OUTCOMES) if metrics[name]}
    outcomes = {record.debugger.outcome for record in records if record.debugger is not None}
    proven = sum(record.localizer == "debugger" and record.confirmed is Confirmed.FULL for record in records)
    return Row(
        fault=str(fault or "none"),
        samples=len(records),
        same_rewards=[record.reward for record in records] == _rewards_alone(),
        seconds=seconds,
        in_time=seconds <= deadline + SLACK_S,
        told=", ".join(f"{number} {name}" for name, number in counted.items()),
        expected=outcomes <= _MAY_BE[fault] and proven == counted.get("proven", 0) == (_ASKED if fault is None else 0),
        credit=", ".join(f"{number} {how}" for how, number in Counter(map(_credit, records)).items() if how),
        left=_left_behind(before, server.port),
    )


_OUTCOMES = ("proven", "accepted", "refused", "failed", "timeout", "skipped")


@cache
def _rewards_alone() -> list[float]:
    return [record.reward for record in _score(None)]


def _score(debugger: Debugger | None) -> list[SampleRecord]:
    """Score the responses concurrently, as a reward worker does."""
    settings = Settings(localizer="debugger" if debugger is not None else "uniform", sandbox=Limits(cpu_seconds=1))
    tokenizer = AutoTokenizer.from_pretrained(WEIGHTS)
    with Sandbox(settings.sandbox, workers=2) as sandbox, ThreadPoolExecutor(32) as threads:
        assessor = Assessor(sandbox, make_localizer(settings.localizer, settings.options, debugger))
        scorer = SampleScorer(tokenizer, assessor, settings)

        def score(response: str) -> SampleRecord:
            ids = tokenizer(f"```python\n{response}```", add_special_tokens=False)["input_ids"]
            return scorer.score(_PROBLEM, ids, truncated=False)[0]

        return list(threads.map(score, _RESPONSES))


def _credit(record: SampleRecord) -> str:
    if record.mode != "LOGIC":
        return ""
    if record.localizer is None:
        return "uniform"
    return "proven span" if record.confirmed is Confirmed.FULL else "unproven span"


@dataclass(frozen=True, slots=True)
class _There:
    """Resources of the process. Ids of live threads and tasks are not reused, so they identify them."""

    threads: frozenset[int]
    tasks: frozenset[int]


def _there() -> _There:
    return _There(frozenset(map(id, threading.enumerate())), frozenset(map(id, _tasks())))


def _left_behind(before: _There, port: int) -> str:
    """Leaks of client and server, which listened at ``port``."""
    gc.collect()
    deadline = time.monotonic() + 5  # sockets close with a delay
    while _open_sockets(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    sockets = _open_sockets(port)
    left = [f"{sockets} sockets"] if sockets else []
    started = [thread for thread in threading.enumerate() if id(thread) not in before.threads]
    left += [f"thread {thread.name}" for thread in started if thread.name.startswith("egca-debugger")]
    left += [f"file {mark}" for mark in HOSTILE_MARKS if mark.exists()]
    left += [f"task {task.get_name()}" for task in _tasks() if id(task) not in before.tasks]
    return ", ".join(left)


def _tasks() -> Sequence[asyncio.Task[object]]:
    return [task for task in gc.get_objects() if type(task) is asyncio.Task and not task.done()]


def _open_sockets(port: int) -> int:
    """The number of this process's TCP sockets with ``port`` at one end."""
    held = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            held.add(os.readlink(link))
        except OSError:
            continue
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    ends = {f"socket:[{row[9]}]": {int(end.rpartition(":")[2], 16) for end in row[1:3]} for row in rows}
    return sum(port in ends.get(name, ()) for name in held)
