"""Runs the CPU recipe as a user does, with small batches."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SMALL = ["data.train_batch_size=4", "actor_rollout_ref.actor.ppo_mini_batch_size=4", "data.max_response_length=64"]


class RecipeRun:
    """One run directory of the recipe; `start` may be called again to continue it."""

    def __init__(self, name, *overrides, env=None):
        self.name = name
        self.path = ROOT / "runs" / name
        self.command = ["bash", "recipes/run_egca_cpu.sh", f"RUN={name}", *SMALL, *overrides]
        self.env = os.environ | (env or {})

    def start(self):
        return subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def finish(self):
        """Run to the end; what it printed. Fails with the end of the log if the run fails.

        verl draws a port for torch's store and listens on it later: where another process took it in between, again.
        """
        process = self.start()
        shown, _ = process.communicate()
        if "EADDRINUSE" in shown:
            process = self.start()
            shown, _ = process.communicate()
        assert process.returncode == 0, shown[-6000:]
        return shown

    def rows(self, name="metrics.jsonl"):
        path = self.path / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def by_step(self, key):
        return {row["step"]: row[key] for row in self.rows()}

    def tasks_by_step(self):
        tasks = {}
        for row in self.rows("localizations.jsonl"):
            tasks.setdefault(row["step"], set()).add(row["task_id"])
        return tasks


def kill_all_at_once(process):
    """SIGKILL to every process that descends from it: launcher, driver, Ray's daemons, workers."""
    victims = [process.pid, *descendants(process.pid)]
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.communicate()
    while any(_alive(pid) for pid in victims):
        time.sleep(0.1)


def descendants(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            child = int(stat.parent.name)
            found += [child, *descendants(child)]
    return found


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
