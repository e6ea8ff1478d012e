"""Run a training command in a run directory, and show its progress.

    python -m verl_egca.launch [--dry-run] --root runs --default-name egca_cpu [--name NAME] -- python -m
    verl.trainer.main_ppo ...

``{run}`` in the command stands for the run's directory, ``{debugger}`` for the URL of the debugger's server: a running
one (``--debugger-url``), or one that lives as long as the run (``--debugger``: its shell command, to serve at $HOST and
$PORT). The command's output goes to a log file; its metrics, from verl's file logger, are shown as a line per step and
kept in ``metrics.jsonl``. After a crash, the same command resumes from the last checkpoint. ``--dry-run`` prints the
command and its resolved config.

SIGUSR1 makes the trainer finish its step, save a checkpoint and exit. EGCA_RAY_ADDRESS names a Ray cluster to train on;
without it the run starts its own Ray. Exit status: the command's; 2 if the directory or the config is refused; 75 after
a requested stop with steps left (EX_TEMPFAIL: the same command resumes); 130 on an interrupt.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from verl_egca.cluster.processes import end_with_parent
from verl_egca.launch import dry_run
from verl_egca.launch.debugger_server import DebuggerServer, NotServed
from verl_egca.launch.follow import MetricsFollower
from verl_egca.launch.progress import closing_table, step_line
from verl_egca.launch.ray_environment import ray_environment
from verl_egca.report.step_log import StepLog, read_rows
from verl_egca.run_dir import RunDir, RunRefused, choose_run_dir

_POLL_S = 0.2
_STILL_STARTING_S = 20.0
_STOP_S = 15.0
STOPPED_EARLY = os.EX_TEMPFAIL


class Interrupted(Exception):
    """The launcher got a signal to stop."""


def main(arguments: Sequence[str] | None = None) -> int:
    console = Console(highlight=False, soft_wrap=True)
    parser = argparse.ArgumentParser(prog="python -m verl_egca.launch", description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, required=True, help="directory of all runs")
    parser.add_argument("--default-name", required=True, help="runs without --name are called DEFAULT_NAME-NNN")
    parser.add_argument("--name", help="name of the run")
    parser.add_argument("--dry-run", action="store_true", help="print command and resolved config, start nothing")
    parser.add_argument("--command", action="store_true", help="print the command, start nothing")
    debugger = parser.add_mutually_exclusive_group()
    debugger.add_argument("--debugger", metavar="COMMAND", help="starts the debugger's server at $HOST and $PORT")
    debugger.add_argument("--debugger-url", metavar="URL", help="URL of a running server; several with commas")
    parser.add_argument("parts", nargs="+", metavar="command", help="after --: the training command")
    options = parser.parse_args(arguments)
    if options.dry_run or options.command:
        path = (options.root / (options.name or f"{options.default_name}-001")).resolve()
        url = options.debugger_url or dry_run.EXAMPLE_URL
        command = [part.replace("{run}", str(path)).replace("{debugger}", url) for part in options.parts]
        return dry_run.main(command, composed=options.dry_run, server=options.debugger)
    try:
        run = choose_run_dir(options.root, options.name or None, options.default_name, options.parts)
        run.acquire()
    except RunRefused as refused:
        console.print(f"[bold red]refused:[/] {refused}", style=None)
        return 2
    run.write_command(options.parts)
    for file in (run.done, run.stop_request, run.stopped, run.data):
        file.unlink(missing_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return Launch(run, options.parts, console, options.debugger, options.debugger_url).run()
    finally:
        run.release()


class Launch:
    """One attempt at a run: start the trainer, follow it, and report its end."""

    def __init__(
        self, run: RunDir, command: Sequence[str], console: Console, debugger: str | None, debugger_url: str | None
    ) -> None:
        self.run_dir = run
        self.console = console
        self.attempt = run.next_attempt()
        self.log = run.logs / f"attempt-{self.attempt}.log"
        self.reported = run.logs / f"attempt-{self.attempt}.metrics.jsonl"
        self.server = DebuggerServer(debugger, run.logs / f"debugger-{self.attempt}.log") if debugger else None
        self.server_url = debugger_url
        self.command = [part.replace("{run}", str(run.path)) for part in command]
        totals = [part.split("=", 1)[1] for part in command if part.startswith("trainer.total_training_steps=")]
        self._asked_to_stop = False
        self.total = int(totals[-1]) if totals and totals[-1].isdigit() else None

    def run(self) -> int:
        resumed = self.run_dir.last_checkpoint()
        self.console.print(
            f"run {_shown(self.run_dir.path)}" + (f", continued after step {resumed}" if resumed else "")
        )
        self.console.print(f"log {_shown(self.log)}")
        # Ray keeps unix sockets here, whose paths must stay short
        ray_dir = tempfile.mkdtemp(prefix="egca-ray-", dir="/tmp" if Path("/tmp").is_dir() else None)
        signal.signal(signal.SIGUSR1, self._ask_to_stop)
        try:
            with self.server or nullcontext():
                self._await_debugger()
                status = self._follow(ray_dir)
        except NotServed as why:
            self._explain_failure("the debugger's server ended before it could answer", why.log)
            return 1
        except Interrupted:
            self.console.print("stopped; the same command continues from the last checkpoint")
            return 130
        finally:
            shutil.rmtree(ray_dir, ignore_errors=True)
        if status:
            self._explain_failure(f"the trainer ended with status {status}", self.log)
            return status if status > 0 else 1
        if self.run_dir.stopped.exists():
            step = json.loads(self.run_dir.stopped.read_text())["step"]
            self.console.print(f"stopped after step {step} as asked, checkpoint saved; the same command continues")
            return STOPPED_EARLY
        self._close()
        return 0

    def _await_debugger(self) -> None:
        """Puts the URL of the debugger's server into the command."""
        if self.server is not None:
            self.server_url = self.server.url(
                lambda waited: self.console.print(f"starting the debugger's server ... {waited:.0f} s", style="dim"),
                _STILL_STARTING_S,
            )
            self.console.print(f"debugger {self.server_url}, log {_shown(self.server.log)}")
        if self.server_url is not None:
            self.command = [part.replace("{debugger}", self.server_url) for part in self.command]

    def _follow(self, ray_dir: str) -> int:
        own = {"VERL_FILE_LOGGER_PATH": str(self.reported), "EGCA_RUN_DIR": str(self.run_dir.path)}
        environment = os.environ | ray_environment(ray_dir, own)
        metrics = StepLog(self.run_dir.metrics)
        started = time.monotonic()
        with self.log.open("wb") as log:
            trainer = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                # a killed launcher can't end the trainer, and neither can SLURM without cgroups
                preexec_fn=lambda: end_with_parent(signal.SIGKILL),
                pass_fds=[self.run_dir.lock_fd],
            )
        try:
            follower = MetricsFollower(self.reported)
            told_data = False
            for waited in _until_ended(trainer):
                if not told_data and self.run_dir.data.exists():
                    told_data = True
                    self.console.print(self.run_dir.data.read_text(encoding="utf-8"), markup=False, end="")
                if self._asked_to_stop:
                    self._asked_to_stop = False  # printed here: a signal handler must not interrupt a print
                    self.console.print("asked to stop: the trainer finishes its step, saves a checkpoint and leaves")
                if self.server is not None and self.server.just_ended():
                    self.console.print(
                        f"the debugger's server ended, see {_shown(self.server.log)}; the run continues without it"
                    )
                rows = follower.new_rows()
                for row in rows:
                    metrics.append(row["step"], [row])
                    self.console.print(step_line(row, self.total))
                if waited and not follower.seen:
                    elapsed = time.monotonic() - started
                    self.console.print(f"starting Ray, the engine and the rollout ... {elapsed:.0f} s", style="dim")
            return trainer.returncode
        finally:
            _stop(trainer)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        if not self.run_dir.stop_request.exists():
            self.run_dir.stop_request.touch()
            self._asked_to_stop = True

    def _explain_failure(self, what: str, log: Path) -> None:
        self.console.print(f"{what}; the end of its log:", style="bold red")
        for line in _last_lines(log, 25):
            self.console.print("  " + line, markup=False)
        self.console.print(f"all of it: {_shown(log)}\nThe same command continues from the last checkpoint.")

    def _close(self) -> None:
        rows = read_rows(self.run_dir.metrics)
        if rows:
            self.console.print(closing_table(rows))
        left: list[tuple[str, Path]] = [
            ("resolved config", self.run_dir.path / "config.yaml"),
            ("metrics, one row per step", self.run_dir.metrics),
            ("localizations, one row per failing sample", self.run_dir.localizations),
            ("checkpoints", self.run_dir.checkpoints),
            ("logs", self.run_dir.logs),
        ]
        for what, path in left:
            if path.exists():
                self.console.print(f"{what}: {_shown(path)}")
        egca = Path(sys.executable).with_name("egca")
        self.console.print(f"to view the run as a page: {_shown(egca)} report {_shown(self.run_dir.path)}")
        self.console.print(f"to print failing programs: {_shown(egca)} inspect {_shown(self.run_dir.path)}")
        last: dict[str, Any] = dict(rows[-1]) if rows else {}
        self.run_dir.write_done({"steps": last.get("step", 0), "reward": last.get("critic/score/mean")})


def _until_ended(process: subprocess.Popen[bytes]) -> Iterator[bool]:
    """Yields at every poll and once after the process's end; True every ``_STILL_STARTING_S`` seconds."""
    told = time.monotonic()
    while process.poll() is None:
        time.sleep(_POLL_S)
        tell = time.monotonic() - told > _STILL_STARTING_S
        told = time.monotonic() if tell else told
        yield tell
    yield False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the trainer and its process group; Ray's daemons end with their driver."""
    if process.poll() is not None:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted


def _shown(path: Path) -> str:
    """The path, relative if it is inside the working directory."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _last_lines(path: Path, count: int) -> list[str]:
    return path.read_text(errors="replace").splitlines()[-count:]


if __name__ == "__main__":
    sys.exit(main())
