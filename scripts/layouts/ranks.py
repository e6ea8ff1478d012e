"""Runs cases in processes, one per rank, new for each case: gloo's threads outlive their process groups.

This process imports torch, verl and Megatron once, and forks the ranks, which saves each half a minute. They find each
other through a file, so no port is needed. If a rank dies, the others are ended and the case fails.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol

from layouts.findings import Findings, Resumed
from layouts.ground import Ground, prepared
from layouts.layout import Case

ORDER = (2, 1, 4)  # ranks of cases, in this order: a case may resume one of the same or an earlier number


@dataclass(frozen=True, slots=True)
class Task:
    """A case without its resume of another's checkpoint, or that resume alone."""

    name: str
    resumes: bool


class Watcher(Protocol):
    """Gets each case's start, and its findings or its error with the end of the log."""

    def began(self, name: str) -> None: ...

    def found(self, name: str, findings: Findings) -> None: ...

    def failed(self, name: str, words: str) -> None: ...


class _RankEnded(Exception):
    """A rank ended before its task was done."""


def run_cases(cases: dict[str, Case], folder: Path, watcher: Watcher) -> None:
    """Run ``cases``, which include the savers of resumed checkpoints; ``folder``: models, checkpoints, logs."""
    ground, found = prepared(cases.values(), folder), dict[str, Findings]()
    for task in _in_order(cases):
        case = cases[task.name]
        if task.resumes and task.name not in found:
            continue  # its failure was reported
        if task.resumes and case.resumes not in found:
            watcher.failed(task.name, f"it resumes {case.resumes}, which failed")
            continue
        watcher.began(task.name)
        try:
            row = _World(case.layout.ranks, task, cases, ground).work()
        except _RankEnded as ended:
            found.pop(task.name, None)
            watcher.failed(task.name, str(ended))
            continue
        if task.resumes:
            found[task.name].resumed = Resumed(**row)
        else:
            found[task.name] = Findings.from_row(row)
        if task.resumes or case.resumes is None:
            watcher.found(task.name, found[task.name])


def _in_order(cases: dict[str, Case]) -> Iterable[Task]:
    for ranks in ORDER:
        names = [name for name, case in cases.items() if case.layout.ranks == ranks]
        yield from (Task(name, False) for name in names)
        yield from (Task(name, True) for name in names if cases[name].resumes)


class _World:
    """The ranks of one task."""

    def __init__(self, ranks: int, task: Task, cases: dict[str, Case], ground: Ground) -> None:
        self._ranks, self._task, self._cases, self._ground = ranks, task, cases, ground
        self._result = ground.folder / f"{task.name.replace('/', '-')}{'-resumed' if task.resumes else ''}.json"

    def work(self) -> dict[str, Any]:
        """The results of rank 0. Raises _RankEnded, once all have ended."""
        context = multiprocessing.get_context("fork")
        processes = [context.Process(target=self._rank, args=(rank,)) for rank in range(self._ranks)]
        for process in processes:
            process.start()
        try:
            while any(process.exitcode is None for process in processes):
                # with a timeout: a rank's child may hold its sentinel open
                wait([process.sentinel for process in processes if process.exitcode is None], timeout=0.2)
                if any(process.exitcode for process in processes):
                    break
        finally:
            _end(processes)
        failed = [rank for rank, process in enumerate(processes) if process.exitcode]
        if failed:  # the first that failed by itself
            rank = min(failed, key=lambda rank: (processes[rank].exitcode == -signal.SIGKILL, rank))
            raise _RankEnded(self._last_words(rank, processes[rank].exitcode))
        return json.loads(self._result.read_text())

    def _rank(self, rank: int) -> None:
        os.setpgid(0, 0)  # `_end` ends the group
        log = os.open(self._log(rank), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update(RANK=str(rank), WORLD_SIZE=str(self._ranks), LOCAL_RANK="0")
        import torch
        import torch.distributed as dist

        from layouts import experiment

        torch.set_num_threads(1)
        meeting = f"file://{self._result.with_suffix('.meeting')}"
        dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=self._ranks)
        case = self._cases[self._task.name]
        if self._task.resumes:
            row = asdict(experiment.resume(case, self._ground, self._cases[case.resumes]))
        else:
            row = asdict(experiment.run(self._task.name, case, self._ground))
        if rank == 0:
            self._result.write_text(json.dumps(row))
        dist.barrier()  # a rank that ends early would close shared connections

    def _log(self, rank: int) -> Path:
        return self._result.with_suffix(f".rank{rank}.log")

    def _last_words(self, rank: int, code: int | None) -> str:
        end = "\n".join(self._log(rank).read_text(errors="replace").splitlines()[-30:])
        return f"rank {rank} of {self._ranks} ended with {code}; the end of its log:\n{end}"


def _end(processes: list) -> None:
    """End the ranks and their children: Megatron's checkpoint writer keeps a process in each rank."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.join()
