#!/usr/bin/env python
"""The debugger's client with two servers: checks the bound on requests, and measures throughput.

    .venv/bin/python scripts/bench_debugger.py [--questions 2000] [--latency 0.6] [--concurrency 16]

The servers are replay servers (tests/debugger/replay_server.py) in separate processes, with log-normal latencies. They
record the start and end of each request, to measure the bound. The possible throughput is that of ``--concurrency``
slots that are never empty.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from verl_egca.debugger.client import Debugger
from verl_egca.debugger.reply import Reply
from verl_egca.debugger.settings import DebuggerSettings

SERVER = Path(__file__).parents[1] / "tests" / "debugger" / "replay_server.py"
PREFIX = "A candidate and a reference differ; say at which statement. " * 100  # a common prefix of about 1,500 tokens
WAITING = 64  # threads with questions, as in a reward worker

console = Console(highlight=False)


class Answer(BaseModel):
    statement: int
    correction: str | None
    reason: str


def main(
    questions: Annotated[int, typer.Option(help="number of different questions", min=1)] = 2000,
    latency: Annotated[float, typer.Option(help="median latency of an answer in seconds")] = 0.6,
    concurrency: Annotated[int, typer.Option(help="egca.debugger.concurrency", min=1)] = 16,
    replicas: Annotated[int, typer.Option(help="servers", min=1)] = 2,
) -> None:
    servers = [start(latency, seed) for seed in range(replicas)]
    urls = tuple(server.stdout.readline().strip() for server in servers if server.stdout is not None)
    settings = DebuggerSettings(urls=urls, concurrency=concurrency)
    with Debugger(settings) as debugger:
        ask(debugger, -1)  # imports, connections, the model's name
        wall, cpu = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(max(WAITING, 2 * concurrency)) as threads:
            replies = list(threads.map(lambda number: ask(debugger, number), range(questions)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    counts = [json.loads(server.communicate("")[0]) for server in servers]
    possible_s = sum(count["slept_s"] for count in counts) / concurrency
    served = sorted(end - begin for count in counts for begin, end in count["spans"])
    table = Table("", "", title=f"{questions:,} questions, {replicas} servers, {concurrency} at once")
    rows = {
        "answered": f"{sum(reply.answer.statement == 1 for reply in replies):,}",
        "by each server": ", ".join(f"{count['questions']:,}" for count in counts),
        "most at once, on the servers": str(most_at_once([span for count in counts for span in count["spans"]])),
        "a request on the server, median and p95": f"{statistics.median(served):.3f} s, {percentile(served, 0.95):.3f} s",
        "took": f"{wall:.1f} s",
        "possible": f"{possible_s:.1f} s",
        "throughput, of what is possible": f"{possible_s / wall:.1%}",
        "the client's CPU time per question": f"{1e3 * cpu / questions:.1f} ms",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)


def start(latency: float, seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(SERVER), "--latency", str(latency), "--seed", str(seed)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(debugger: Debugger, number: int) -> Reply[Answer]:
    messages = [{"role": "system", "content": PREFIX}, {"role": "user", "content": f"Question {number}."}]
    return debugger.ask(messages, Answer, deadline=time.monotonic() + 600)


def most_at_once(spans: Sequence[Sequence[float]]) -> int:
    """The largest number of spans that overlap."""
    changes: list[Any] = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    under_way = most = 0
    for _, change in changes:
        under_way += change
        most = max(most, under_way)
    return most


def percentile(values: Sequence[float], share: float) -> float:
    return values[int(share * (len(values) - 1))]


if __name__ == "__main__":
    typer.run(main)
