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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not item.nodeid.startswith(TOGETHER))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """For `pytest -n 2`: a file's tests stay together, in order, as their fixtures do."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFixtures(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return next((folder for folder in TOGETHER if file.startswith(folder)), file)

    return ByFixtures(config, log)


@pytest.fixture(scope="session")
def shared_data():
    """Folder with HumanEval, MBPP and HumanEvalFix."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the benchmarks' files are not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def sandbox():
    limits = Limits(cpu_seconds=1, wall_seconds=2, memory_bytes=1 << 28)
    with Sandbox(limits, workers=2) as one:
        yield one
