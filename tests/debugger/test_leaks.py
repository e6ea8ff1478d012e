"""Ten thousand questions, answered and not, leave nothing behind: no task, no socket, no memory."""

import asyncio
import gc
import itertools
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel

from verl_egca.debugger import dispatch
from verl_egca.debugger.client import Debugger
from verl_egca.debugger.reply import NoAnswer
from verl_egca.debugger.settings import DebuggerSettings

from . import replay_server

QUESTIONS = 10_000
WARM = 1_000
THREADS = 16
GROWTH_BYTES = 24 << 20  # of what ten thousand questions may leave; at 10 kB each they would leave four times that


class Answer(BaseModel):
    statement: int
    correction: str | None
    reason: str


@pytest.fixture
def servers():
    """Processes of their own: one that is sound, two that are not."""
    script = Path(replay_server.__file__)
    started = []
    for arguments in ([], ["--fault", "wrong_schema"], ["--fault", "half_body"]):
        command = [sys.executable, str(script), *arguments]
        started.append(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        )
    yield [server.stdout.readline().strip() for server in started]
    for server in started:
        server.communicate("")


def test_nothing_leaks(servers, monkeypatch, tmp_path):
    monkeypatch.setattr(dispatch, "_BACK_OFF_S", 0.001)
    # attempts that fail are repeated at the next server, so that every kind of end occurs all the time
    settings = DebuggerSettings(
        urls=tuple(servers),
        model="replay",
        breaker_failures=10**9,
        concurrency=THREADS,
        cache=str(tmp_path),
        cache_bytes=1 << 17,  # so that it shrinks all the time
    )
    with Debugger(settings) as debugger, ThreadPoolExecutor(THREADS) as threads:
        numbers = itertools.count()

        def ask(_):
            number = next(numbers)
            within = 0.001 if number % 50 == 0 else 60.0  # some are given up under way
            messages = [{"role": "user", "content": f"{number // 8}" + "x" * 2000}]  # each is asked again
            try:
                debugger.ask(messages, Answer, deadline=time.monotonic() + within)
                return "answered"
            except NoAnswer as error:
                return error.outcome

        list(threads.map(ask, range(WARM)))
        before = held(debugger)
        outcomes = list(threads.map(ask, range(QUESTIONS)))
        after = held(debugger)
    assert {"answered", "refused", "timeout"} <= set(outcomes)
    assert after["tasks"] <= before["tasks"] + THREADS
    assert after["sockets"] <= before["sockets"] + THREADS * len(servers)
    assert after["under way"] == 0
    assert after["memory"] - before["memory"] < GROWTH_BYTES


def held(debugger):
    """What the process holds once everything under way has ended."""
    until = time.monotonic() + 30
    inside = debugger._dispatch
    while any(replica.under_way for replica in inside._replicas) and time.monotonic() < until:
        time.sleep(0.02)
    gc.collect()

    async def tasks():
        return len(asyncio.all_tasks())

    links = [Path(f"/proc/self/fd/{descriptor}") for descriptor in os.listdir("/proc/self/fd")]
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "tasks": debugger._loop.submit(tasks()).result(10),
        "sockets": sum(link.is_symlink() and os.readlink(link).startswith("socket:") for link in links),
        "under way": sum(replica.under_way for replica in inside._replicas) + len(inside._questions._under_way),
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
    }
