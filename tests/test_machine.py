"""A skip fails; what a machine lacks is an expected failure."""

import pytest

from .conftest import fail_if_skipped
from .machine import lacks, needs


def report(outcome, **extra):
    longrepr = ("test_x.py", 3, "Skipped: no data")
    return pytest.TestReport("test_x.py::test", ("", 0, ""), {}, outcome, longrepr, "setup", **extra)


def test_a_skip_is_a_failure_that_says_why():
    skipped = report("skipped")
    fail_if_skipped(skipped)
    assert (skipped.failed, "no data" in skipped.longrepr) == (True, True)


@pytest.mark.parametrize(("outcome", "extra"), [("skipped", {"wasxfail": "this machine lacks root"}), ("passed", {})])
def test_what_a_machine_lacks_and_what_passes_stays_so(outcome, extra):
    one = report(outcome, **extra)
    fail_if_skipped(one)
    assert one.outcome == outcome


def test_a_machine_lacks_in_words():
    with pytest.raises(pytest.xfail.Exception, match="this machine lacks a moon"):
        lacks("a moon")
    assert needs(False, "a moon").kwargs == {"reason": "this machine lacks a moon", "run": False}
