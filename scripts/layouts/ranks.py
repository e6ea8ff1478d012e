"""Runs cases in processes, one a rank.

This process imports torch, verl and Megatron once; the ranks are forked from it, which saves each of them the half minute
that the imports take. They find each other through a file, so no port is needed. A rank that dies takes the others along,
and the case that it died in; what is left is done by new ones.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol

from layouts.findings import Findings, Resumed
from layouts.ground import Ground, prepared
from layouts.layout import Case

ORDER = (2, 1, 4)  # worlds by ranks: a case may resume what a case of its own world or of an earlier one has saved


@dataclass(frozen=True, slots=True)
class Task:
    """All of a case but the resumption of another's checkpoint; or, later, that."""

    name: str
    resumes: bool


class Watcher(Protocol):
    """Is told where a case begins, and what it found or that a rank ended within it: why, and the end of its log."""

    def began(self, name: str) -> None: ...

    def found(self, name: str, findings: Findings) -> None: ...

    def failed(self, name: str, words: str) -> None: ...


def run_cases(cases: dict[str, Case], folder: Path, watcher: Watcher) -> None:
    """Run ``cases``, the savers of those that resume among them; ``folder`` keeps models, checkpoints and logs."""
    ground, found = prepared(cases.values(), folder), dict[str, Findings]()
    for ranks in ORDER:
        world = [name for name, case in cases.items() if case.layout.ranks == ranks]
        tasks = [Task(name, False) for name in world] + [Task(name, True) for name in world if cases[name].resumes]
        while tasks:
            done = _World(ranks, cases, ground).work(tasks, found, watcher)
            broken, tasks = {task.name for task in tasks[done : done + 1]}, tasks[done + 1 :]
            tasks = [task for task in tasks if task.name not in broken]
            for task in list(tasks):  # of the others, those that resume what was never saved
                saver = cases[task.name].resumes
                if task.resumes and saver not in found:
                    watcher.failed(task.name, f"it resumes {saver}, which failed")
                    tasks.remove(task)


class _World:
    def __init__(self, ranks: int, cases: dict[str, Case], ground: Ground) -> None:
        self._ranks, self._cases, self._ground = ranks, cases, ground
        tries = len(list(ground.folder.glob(f"{ranks}-ranks-*.rank0.log")))
        self._results = ground.folder / f"{ranks}-ranks-{tries}.jsonl"

    def work(self, tasks: list[Task], found: dict[str, Findings], watcher: Watcher) -> int:
        """How many tasks were done before one failed; the watcher has been told of that one."""
        context = multiprocessing.get_context("fork")
        processes = [context.Process(target=self._rank, args=(rank, tasks)) for rank in range(self._ranks)]
        for process in processes:
            process.start()
        done = 0
        try:
            for line in self._lines(processes):
                row = json.loads(line)
                if row is None:
                    watcher.began(tasks[done].name)
                    continue
                self._take(tasks[done], row, found, watcher)
                done += 1
        finally:
            _end(processes)
        failed = [rank for rank, process in enumerate(processes) if process.exitcode]
        if failed and done < len(tasks):  # of those that failed by themselves rather than being ended for it, the first
            rank = min(failed, key=lambda rank: (processes[rank].exitcode == -signal.SIGKILL, rank))
            watcher.failed(tasks[done].name, self._last_words(rank, processes[rank].exitcode))
        return done

    def _take(self, task: Task, row: dict[str, Any], found: dict[str, Findings], watcher: Watcher) -> None:
        if task.resumes:
            found[task.name].resumed = Resumed(**row)
        else:
            found[task.name] = Findings.from_row(row)
        if task.resumes or self._cases[task.name].resumes is None:
            watcher.found(task.name, found[task.name])

    def _rank(self, rank: int, tasks: list[Task]) -> None:
        os.setpgid(0, 0)  # `_end` ends the group
        log = os.open(self._log(rank), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update(RANK=str(rank), WORLD_SIZE=str(self._ranks), LOCAL_RANK="0")
        import torch
        import torch.distributed as dist

        from layouts import experiment

        torch.set_num_threads(1)
        for number, task in enumerate(tasks):
            print(f"== {task}", flush=True)
            # a group of its own each: those of earlier tasks would keep their threads, dozens of groups a layout
            meeting = f"file://{self._results}.meeting-{number}"
            dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=self._ranks)
            self._write(rank, None)
            case = self._cases[task.name]
            if task.resumes:
                row = asdict(experiment.resume(case, self._ground, self._cases[case.resumes]))
            else:
                row = asdict(experiment.run(task.name, case, self._ground))
            self._write(rank, row)
            dist.destroy_process_group()

    def _write(self, rank: int, row: dict[str, Any] | None) -> None:
        if rank == 0:
            with self._results.open("a") as file:
                file.write(json.dumps(row) + "\n")

    def _lines(self, processes: list) -> Iterator[str]:
        """Lines of the results as they are written, until all processes have ended; all are, once one has failed."""
        with contextlib.ExitStack() as stack:
            file = None
            while True:
                wait([process.sentinel for process in processes if process.exitcode is None], timeout=0.2)
                running = [process for process in processes if process.exitcode is None]
                if any(process.exitcode for process in processes):
                    _end(running)
                if file is None and self._results.exists():
                    file = stack.enter_context(self._results.open())
                while file and (line := file.readline()):
                    yield line
                if not running:
                    return

    def _log(self, rank: int) -> Path:
        return self._results.with_suffix(f".rank{rank}.log")

    def _last_words(self, rank: int, code: int | None) -> str:
        end = "\n".join(self._log(rank).read_text(errors="replace").splitlines()[-30:])
        return f"rank {rank} of {self._ranks} ended with {code}; the end of its log:\n{end}"


def _end(processes: list) -> None:
    """With what they have started: Megatron's checkpoint writer keeps a process for its queue in each rank."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.join()
