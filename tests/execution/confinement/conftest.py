import pytest

from verl_egca.execution.confinement.layers import Coverage, coverage
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox

from ...machine import lacks


@pytest.fixture(scope="session")
def offered():
    """The layers that this machine gives; the tests below ask for all of them, and fail elsewhere, as expected."""
    with Sandbox(Limits(processes=8)) as sandbox:
        layers, reasons = sandbox.check(), sandbox.reasons()
    if coverage(layers) != Coverage.FULL:
        lacks(f"full confinement: {reasons}")
    return layers
