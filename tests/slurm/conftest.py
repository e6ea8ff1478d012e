import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from .jobs import ROOT, Slurm

SCRIPT = "scripts/slurm_on_one_machine.sh"


@pytest.fixture(scope="session")
def slurm():
    """slurmctld and the slurmd of n1, n2 and n3, on this machine."""
    folder = Path(tempfile.mkdtemp(prefix="egca-slurm-", dir="/tmp"))  # a socket's path must be short
    started = subprocess.run(
        ["env", "NODES=3", "CPUS=8", "GPUS=8", "bash", SCRIPT, "start", folder / "s"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if started.returncode:
        pytest.fail(f"no SLURM could be started here: {started.stdout}{started.stderr}", pytrace=False)
    try:
        yield Slurm(folder / "s")
    finally:
        subprocess.run(["bash", SCRIPT, "stop", folder / "s"], cwd=ROOT, check=True, capture_output=True)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def run_name(tmp_path_factory):
    """Makes names of runs that are nobody else's; their directories go when the tests are over."""
    tag = tmp_path_factory.mktemp("slurm").parent.name
    yield lambda name: f"test-{tag}-{name}"
    for path in (ROOT / "runs").glob(f"test-{tag}-*"):
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def begun_first(request):
    """Where a test wants the limited job, it begins before all tests: it takes minutes of waiting."""
    if any("limited" in item.fixturenames for item in request.session.items):
        request.getfixturevalue("limited")


@pytest.fixture(scope="session")
def limited(slurm, run_name):
    """A job that has more to do than its time limit allows.

    SLURM counts a limit in minutes, and may send the signal half a minute early.
    """
    options = ["--nodelist=n3", "--time=3", "--signal=B:USR1@75"]
    job = slurm.submit(*options, name=run_name("limited"), arguments=["STEPS=200"])
    yield job
    slurm.run("scancel", job.number)
