"""Runs cases in processes, one a rank.

This process imports torch, verl and Megatron once; the ranks are forked from it, which saves each of them the half minute
that the imports take. They find each other through a file, so no port is needed. A rank that dies takes the others along.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from pathlib import Path

from layouts.ground import Ground, prepared
from layouts.layout import Case

ORDER = (2, 1, 4)  # worlds by ranks: a case may resume what a case of its own world or of an earlier one has saved


class RankFailedError(RuntimeError):
    """A rank ended with an error; the message has the end of its log."""


def run_cases(
    cases: dict[str, Case], folder: Path, at: Callable[[str], None], done: Callable[[str, dict], None]
) -> None:
    """Run ``cases``, each saver among them.

    ``at(name)`` is called as each begins, and as it resumes; ``done(name, row)`` with its findings as a row. What ends
    first are the cases that resume nothing: a world's others come to that when all of them have saved.

    ``folder`` keeps models, checkpoints and the ranks' logs.

    Raises:
        RankFailedError: a rank ended before its cases did.
    """
    ground = prepared(cases.values(), folder)
    for ranks in ORDER:
        world = {name: case for name, case in cases.items() if case.layout.ranks == ranks}
        if not world:
            continue
        found = folder / f"{ranks}-ranks.jsonl"
        context = multiprocessing.get_context("fork")
        processes = [
            context.Process(target=_rank, args=(rank, ranks, world, cases, ground, found)) for rank in range(ranks)
        ]
        for process in processes:
            process.start()
        try:
            for line in _lines(processes, found):
                row = json.loads(line)
                if len(row) > 1:
                    done(row.pop("case"), row)
                else:
                    at(row["case"])
        finally:
            _end(processes)
        failed = [rank for rank, process in enumerate(processes) if process.exitcode]
        if failed:  # of those that failed by themselves rather than being ended for it, the first
            rank = min(failed, key=lambda rank: (processes[rank].exitcode == -signal.SIGKILL, rank))
            raise RankFailedError(_last_words(rank, ranks, processes[rank].exitcode, found))


def _rank(rank: int, ranks: int, world: dict[str, Case], cases: dict[str, Case], ground: Ground, found: Path) -> None:
    os.setpgid(0, 0)  # `_end` ends the group
    log = os.open(_log(found, rank), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(ranks), LOCAL_RANK="0")
    import torch
    import torch.distributed as dist

    from layouts import experiment

    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{found}.meeting", rank=rank, world_size=ranks)
    findings = {}
    for name, case in world.items():
        _write(rank, found, name)
        findings[name] = experiment.run(name, case, ground)
        if case.resumes is None:
            _write(rank, found, name, findings[name].as_row())
    for name, case in world.items():
        if case.resumes is not None:
            _write(rank, found, name)
            started = time.monotonic()
            findings[name].resumed = experiment.resume(case, ground, cases[case.resumes])
            findings[name].seconds += time.monotonic() - started
            _write(rank, found, name, findings[name].as_row())
    dist.destroy_process_group()


def _write(rank: int, found: Path, name: str, row: dict | None = None) -> None:
    if row is None:
        print(f"== {name}", flush=True)
    if rank == 0:
        with found.open("a") as file:
            file.write(json.dumps({"case": name, **(row or {})}) + "\n")


def _lines(processes: list, found: Path) -> Iterator[str]:
    """Lines of the file as they are written, until all processes have ended; all are, once one has failed."""
    with contextlib.ExitStack() as stack:
        file = None
        while True:
            wait([process.sentinel for process in processes if process.exitcode is None], timeout=0.2)
            running = [process for process in processes if process.exitcode is None]
            if any(process.exitcode for process in processes):
                _end(running)
            if file is None and found.exists():
                file = stack.enter_context(found.open())
            while file and (line := file.readline()):
                yield line
            if not running:
                return


def _end(processes: list) -> None:
    """With what they have started: Megatron's checkpoint writer keeps a process for its queue in each rank."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.join()


def _log(found: Path, rank: int) -> Path:
    return found.with_suffix(f".rank{rank}.log")


def _last_words(rank: int, ranks: int, code: int | None, found: Path) -> str:
    log = _log(found, rank)
    end = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
    return f"rank {rank} of {ranks} ended with {code}; the end of {log}:\n{end}"
