import os
from pathlib import Path

import pytest
from hypothesis import settings

from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox

from . import tiers
from .data_files import DataFiles

# the same examples each time; `--hypothesis-profile=search` looks for new ones
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("repeatable")

TESTS = Path(__file__).parent

# first, for they take longest and one of them mostly waits; what shares their fixtures stays on one worker
TOGETHER = ("tests/slurm/", "tests/loop/")


def pytest_addoption(parser):
    parser.addoption("--tier", choices=tiers.TIERS, default="all", help="which tests run: see tests/README.md")


def pytest_configure():
    # the workers of xdist inherit it: midnight must not part them
    os.environ.setdefault("EGCA_SIXTH", str(tiers.sixth_of_today()))
    if os.environ["EGCA_SIXTH"] not in map(str, range(tiers.SIXTHS)):
        raise pytest.UsageError(f"EGCA_SIXTH={os.environ['EGCA_SIXTH']}: choose 0 to {tiers.SIXTHS - 1}")


def pytest_ignore_collect(collection_path, config):
    """Of the fast tier nothing else is even imported: torch, verl and Megatron take longer than its tests."""
    if config.getoption("--tier") == "fast" and collection_path.is_relative_to(TESTS):
        return not tiers.may_be_fast(str(collection_path.relative_to(TESTS))) or None
    return None


def pytest_report_header(config):
    tier, sixth = config.getoption("--tier"), os.environ["EGCA_SIXTH"]
    if tier != "ci":
        return f"tests: {tier}"
    return f"tests: ci, with sixth {sixth} of the rare ones; the same again: EGCA_SIXTH={sixth} bash scripts/test.sh"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    tier, sixth = config.getoption("--tier"), int(os.environ["EGCA_SIXTH"])
    chosen, left_out = [], []
    for item in items:
        nodeid = item.nodeid.removeprefix("tests/")
        if tiers.entry_of(nodeid):
            item.add_marker("rare")
        elif tiers.is_fast(nodeid):
            item.add_marker("fast")
        (chosen if tiers.runs_in(nodeid, tier, sixth) else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    items[:] = sorted(chosen, key=lambda item: not item.nodeid.startswith(TOGETHER))


def fail_if_skipped(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"a skip counts as a failure, unless tests/machine.py says what the machine lacks: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    fail_if_skipped(report)
    return report


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
    """HumanEval, MBPP, HumanEvalFix and models' programs: a path is ``shared_data / name``."""
    return DataFiles()


@pytest.fixture(scope="session")
def sandbox():
    limits = Limits(cpu_seconds=1, wall_seconds=2, memory_bytes=1 << 28)
    with Sandbox(limits, workers=2) as one:
        yield one
