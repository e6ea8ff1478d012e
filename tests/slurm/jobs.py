"""Submits jobs to the tests' SLURM, and looks at them from outside: state, output, processes."""

import json
import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SBATCH = "recipes/slurm/run_egca.sbatch"
PROGRAM = "tests/slurm/recipe/run_ray_program.sh"


class Slurm:
    def __init__(self, folder):
        self.folder = folder
        # as a user's shell has it: nothing of a job that the tests may run in themselves
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "EGCA", "RAY"))}
        small = {"RAY_OBJECT_STORE_BYTES": "200000000"}  # several clusters share the machine's memory
        self.env = kept | small | {"SLURM_CONF": str(folder / "slurm.conf")}

    def run(self, *command):
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True)

    def checked(self, *command):
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def submit(self, *options, name, recipe=PROGRAM, arguments=()):
        """By `sbatch` itself: the job checks its arguments when it starts."""
        output = self.folder / f"{name}.out"
        options = ["--parsable", f"--output={output}", "--time=20", *options]
        number = self.checked("sbatch", *options, SBATCH, recipe, f"RUN={name}", *arguments).strip()
        return Job(self, number, ROOT / "runs" / name, output)

    def all_jobs(self):
        return sorted(self.checked("squeue", "--noheader", "--states=all", "--format=%i").split())


@dataclass
class Job:
    slurm: Slurm
    number: str
    run: Path
    output: Path

    def said(self):
        return self.output.read_text() if self.output.exists() else ""

    def field(self, name):
        shown = self.slurm.checked("scontrol", "show", "job", "--oneliner", self.number)
        return re.search(rf"\b{name}=(\S*)", shown)[1]

    def rows(self):
        path = self.run / "metrics.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def logs(self):
        return {path.name: path.read_text(errors="replace") for path in sorted(self.run.glob("logs/slurm-*/*.log"))}

    def wait_until(self, true):
        """Polls; fails with all that is known as soon as the job has ended without it."""
        while not true():
            if self.has_ended() and not true():
                raise AssertionError(f"{self.field('JobState')}\n{self.said()}\n{self.logs()}")
            time.sleep(0.2)

    def has_ended(self):
        return self.field("JobState") not in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "REQUEUED")

    def end(self):
        """Waits; (state, exit status)."""
        while not self.has_ended():
            time.sleep(0.2)
        return self.field("JobState"), int(self.field("ExitCode").split(":")[0])

    def processes(self):
        """All that the job has started on any node, by environment, and by descent where a process has overwritten that."""
        seen = {}
        for process in Process.all():
            seen[process.pid] = process
        mine = {process.pid for process in seen.values() if process.environment.get("SLURM_JOB_ID") == self.number}
        while more := {p.pid for p in seen.values() if p.parent in mine} - mine:
            mine |= more
        return [seen[pid] for pid in mine]


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    started: str
    command: str
    environment: dict

    @classmethod
    def all(cls):
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                pairs = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if stat[0] != "Z":
                environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
                yield cls(int(folder.name), int(stat[1]), stat[19], command, environment)

    def alive(self):
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return stat[0] != "Z" and stat[19] == self.started
