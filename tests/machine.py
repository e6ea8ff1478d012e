"""What a test needs of the machine: where it is not there, the test is an expected failure that says so, and never a skip."""

import pytest


def lacks(what):
    """End this test as an expected failure: the machine lacks ``what``."""
    pytest.xfail(f"this machine lacks {what}")


def needs(condition, what):
    """Marks a test that can't run unless the condition holds; it is not even begun."""
    return pytest.mark.xfail(not condition, reason=f"this machine lacks {what}", run=False)
