from pathlib import Path

import pytest
from hypothesis import settings

from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox

# the same examples each time; `--hypothesis-profile=search` looks for new ones
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("repeatable")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

# first, for they take longest and one of them mostly waits; what shares their fixtures stays on one worker
TOGETHER = ("tests/slurm/", "tests/loop/")


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in the same hook
def pytest_collection_modifyitems(items):
    """For `pytest -n 2 --dist loadgroup`: a file's tests stay together, in order, as their fixtures do."""
    items.sort(key=lambda item: not item.nodeid.startswith(TOGETHER))
    for item in items:
        file = item.nodeid.partition("::")[0]
        group = next((folder for folder in TOGETHER if file.startswith(folder)), file)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def shared_data():
    """Folder with HumanEval, MBPP and HumanEvalFix."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the benchmarks' files are not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def sandbox():
    limits = Limits(cpu_seconds=1, program_cpu_seconds=4, wall_seconds=2, memory_bytes=1 << 28)
    with Sandbox(limits, workers=2) as one:
        yield one
