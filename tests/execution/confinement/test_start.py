"""A worker that can't start as the settings ask says why, at the check and not at the first sample."""

import subprocess
import sys

import pytest

from verl_egca.execution.confinement.apply import _still_reads
from verl_egca.execution.confinement.files import Readable
from verl_egca.execution.confinement.layers import Layer
from verl_egca.execution.limits import ConfinementError, Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome

from .attempts import problem


@pytest.mark.parametrize("packages", [["no_such_package"], ["typing_extensions", "no_such_package"]])
def test_a_package_that_is_not_installed_is_named(packages):
    with Sandbox(Limits(packages=packages)) as sandbox:
        with pytest.raises(ConfinementError, match=r"egca\.sandbox\.packages names 'no_such_package', which can't be"):
            sandbox.check()
        with pytest.raises(ConfinementError, match="no_such_package"):
            sandbox.run(problem("assert f(1)"), "def f(x): return 1")


@pytest.mark.parametrize("package", ["typing_extensions", "pydantic", "math"])  # a file, a folder, neither
def test_a_named_package_can_be_imported_and_others_cannot(package):
    program = f"def f(name):\n    import {package}\n    return bool(__import__(name))\n"
    with Sandbox(Limits(packages=[package])) as sandbox:
        verdict = sandbox.run(problem(f"assert f({package!r})", "assert f('pytest')"), program)
    assert [case.passed for case in verdict.cases] == [True, False]
    assert (verdict.cases[1].outcome, verdict.cases[1].error.type) == (Outcome.UNSUPPORTED, "ModuleNotFoundError")
    assert verdict.cases[1].error.message == (
        "No module named 'pytest': pytest is installed, but closed to programs (egca.sandbox.packages, --package)"
    )


@pytest.mark.parametrize("packages", [(), ("numpy",)])
@pytest.mark.parametrize("withhold", [(), tuple(layer for layer in Layer if layer.endswith("-namespace"))])
def test_numpy_runs_whether_it_is_named_or_not(packages, withhold):
    program = "import numpy\ndef f(x):\n    return int(numpy.linalg.det(numpy.eye(3)) * numpy.arange(x).sum())\n"
    with Sandbox(Limits(packages=packages), withhold=withhold) as sandbox:
        assert sandbox.run(problem("assert f(4) == 6"), program).passed


def test_a_package_that_is_not_installed_is_missed_as_in_bare_python():
    with Sandbox() as sandbox:
        (case,) = sandbox.run(problem("assert f(1)"), "import no_such_package\ndef f(x): return 1\n").cases
    assert (case.outcome, case.error.message) == (Outcome.IMPORT, "No module named 'no_such_package'")


def test_an_interpreter_that_programs_could_not_read_is_named():
    closed = Readable(("/no/such/python",), (), (), ())
    with pytest.raises(OSError, match=r"could not read the interpreter's own /no/such/python: make it .*readable"):
        _still_reads(closed)


def test_lower_limits_of_whoever_started_the_trainer_hold():
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "from verl_egca.execution.sandbox import Sandbox\n"
        "with Sandbox() as sandbox: print('rlimits' in sandbox.check())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr
