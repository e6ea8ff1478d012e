"""An experiment that is killed: nothing of it goes on, and what it leaves is taken up by the same call."""

import os
import subprocess
import sys
import time
from pathlib import Path

from verl_egca.cluster.processes import descendants

PATIENCE_S = 120
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "scripts")}
EXPERIMENT = """
import sys
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from experiment.pieces import make

@dataclass(frozen=True)
class Slow:
    number: int

    def path(self, folder):
        return folder / f"{self.number}.csv"

    def write(self, folder):
        partial = self.path(folder).with_suffix(".partial")
        partial.write_text("half")
        sleep(3)
        partial.rename(self.path(folder))

if __name__ == "__main__":
    make([Slow(0), Slow(1)], Path(sys.argv[1]), 2, lambda *_: None)
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
    script = tmp_path / "it.py"
    script.write_text(EXPERIMENT)
    command = [sys.executable, script, tmp_path]
    killed = subprocess.Popen(command, env=ENVIRONMENT)
    try:
        until(lambda: killed.poll() is not None or list(tmp_path.glob("*.partial")))  # a worker trains
        below = descendants(killed.pid)
    finally:
        killed.kill()
        killed.wait()
    assert len(below) >= 2
    until(lambda: not any(alive(pid) for pid in below))

    subprocess.run(command, env=ENVIRONMENT, check=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0.csv", "1.csv", "it.py"]


FAILS = EXPERIMENT.replace("partial = self", "assert self.number, 'piece 0'\n        partial = self").replace(
    "[Slow(0), Slow(1)], Path(sys.argv[1]), 2", "[Slow(n) for n in range(5)], Path(sys.argv[1]), 1"
)


def test_after_an_error_no_further_piece_is_begun(tmp_path):
    script = tmp_path / "it.py"
    script.write_text(FAILS)
    command = [sys.executable, script, tmp_path]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 1
    assert "AssertionError: piece 0" in done.stderr
    assert not (tmp_path / "4.csv").exists()
    assert not list(tmp_path.glob("*.partial"))
