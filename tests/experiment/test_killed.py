"""An experiment that is killed: nothing of it goes on, and what it leaves is taken up by the same call."""

import subprocess
import sys
import time
from pathlib import Path

from verl_egca.cluster.processes import descendants

PATIENCE_S = 120
EXPERIMENT = """
import sys
from pathlib import Path
from verl_egca.experiment.recipe import Recipe
from verl_egca.experiment.runs import Run, run_all
recipe = Recipe(steps=1, prompts=2, group=2, response_tokens=48, seen=4, held_out=4)
run_all([Run("grpo", 3e-4, seed) for seed in (0, 1)], recipe, Path(sys.argv[1]), 2, lambda *_: None)
"""


def until(fact):
    deadline = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_it_leaves_no_process_behind_and_goes_on_when_it_is_started_again(tmp_path):
    command = [sys.executable, "-c", EXPERIMENT, tmp_path]
    killed = subprocess.Popen(command)
    try:
        until(lambda: killed.poll() is not None or list(tmp_path.glob("*.partial")))  # a worker trains
        below = descendants(killed.pid)
    finally:
        killed.kill()
        killed.wait()
    assert len(below) >= 2
    until(lambda: not any(alive(pid) for pid in below))

    subprocess.run(command, check=True)
    assert sorted(file.name for file in tmp_path.glob("grpo-*")) == [f"grpo-lr0.0003-seed{seed}.csv" for seed in (0, 1)]
