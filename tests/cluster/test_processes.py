"""A node ends all that it has started, whatever session that is in and whoever its parent was."""

import subprocess
import sys
import time
from pathlib import Path

STARTS_A_STUBBORN_ORPHAN = """
import subprocess, sys, time
from verl_egca.cluster.processes import adopt_orphans, end_descendants
adopt_orphans()
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
between = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {stubborn!r}], stdout=subprocess.PIPE, start_new_session=True); p.stdout.readline(); print(p.pid)"
print(subprocess.run([sys.executable, "-c", between], stdout=subprocess.PIPE, text=True).stdout, flush=True)
end_descendants(0.2)
print("ended", flush=True)
"""
STARTS_A_CHILD_BOUND_TO_IT = """
import subprocess, time
from verl_egca.cluster.processes import end_with_parent
print(subprocess.Popen(["sleep", "600"], preexec_fn=end_with_parent).pid, flush=True)
time.sleep(600)
"""


def test_a_process_in_another_session_whose_parent_has_ended_and_that_ignores_sigterm_is_ended():
    done = subprocess.run([sys.executable, "-c", STARTS_A_STUBBORN_ORPHAN], stdout=subprocess.PIPE, text=True)
    orphan, ended = done.stdout.split()
    assert ended == "ended"
    assert not Path(f"/proc/{orphan}").exists()


def test_a_child_ends_with_a_parent_that_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", STARTS_A_CHILD_BOUND_TO_IT], stdout=subprocess.PIPE, text=True)
    child = Path(f"/proc/{int(parent.stdout.readline())}/stat")
    parent.kill()
    parent.communicate()
    while child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.05)
