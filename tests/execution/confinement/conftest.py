import pytest

from verl_egca.execution.confinement.layers import Coverage, coverage
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox


@pytest.fixture(scope="session")
def offered():
    """The layers that this machine gives; the tests below ask for all of them, and are skipped elsewhere."""
    with Sandbox(Limits(processes=8)) as sandbox:
        layers, reasons = sandbox.check(), sandbox.reasons()
    if coverage(layers) != Coverage.FULL:
        pytest.skip(f"this machine confines less than fully: {reasons}")
    return layers
