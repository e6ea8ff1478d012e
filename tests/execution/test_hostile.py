"""Programs that try to pass without solving anything, to stay alive, or to break the sandbox."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from problems import assertion_problem, stdio_problem

from verl_egca import execution
from verl_egca.execution.sandbox import Sandbox, SandboxError
from verl_egca.execution.verdict import Outcome

PROBLEM = assertion_problem("assert f(1) == 2", "assert f(3) == 4")
RIGHT = "def f(x):\n    return x + 1\n"

CHEATS = {
    "equals everything": "class E:\n    def __eq__(self, o): return True\n    __hash__ = None\ndef f(x): return E()",
    "an int that equals everything": "class E(int):\n    def __eq__(self, o): return True\ndef f(x): return E(9)",
    "prints what a runner might": "import os\nos.write(1, b'passed\\n' * 9)\nos._exit(0)",
    "exits with status 0": "import sys\ndef f(x): sys.exit(0)",
    "raises AssertionError's opposite": "def f(x): raise SystemExit",
    "writes an answer before it is asked": "import os, json, struct\np = json.dumps({'ok': 2}).encode()\nos.write(3, struct.pack('I', len(p)) + p)\ndef f(x): return 0",
    "floods the channel": "import os\ndef f(x):\n    os.write(3, b'\\xff' * 100000)\n    return 2",
    "answers what is no JSON": "import os, struct\ndef f(x):\n    os.write(3, struct.pack('I', 4) + b'nope')\n    return 2",
    "replaces builtins": "import builtins\nbuiltins.AssertionError = ValueError\nbuiltins.all = lambda x: True\ndef f(x): return 0",
    "looks for the tests in memory": "import gc\ndef f(x):\n    for o in gc.get_objects():\n        if isinstance(o, str) and 'assert f(1)' in o: return 2\n    return 0",
    "looks for the tests in its parents": "import os\ndef f(x):\n    import glob\n    for p in glob.glob('/proc/[0-9]*/cmdline'):\n        if b'assert f(1)' in open(p, 'rb').read(): return 2\n    return 0",
    "raises an error whose text can't be had": "class E(Exception):\n    def __str__(self): raise E\ndef f(x): raise E",
    "returns itself for ever": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "returns what is too deep": "def f(x):\n    a = []\n    for _ in range(100000): a = [a]\n    return a",
    "returns what is too large": "def f(x): return 'x' * (1 << 27)",
}


@pytest.mark.parametrize("program", CHEATS.values(), ids=CHEATS.keys())
def test_cheats_pass_no_case(sandbox, program):
    verdict = sandbox.run(PROBLEM, program)
    assert verdict.tests_passed == 0
    assert all(case.outcome is not Outcome.INFRASTRUCTURE for case in verdict.cases)
    assert sandbox.run(PROBLEM, RIGHT).passed  # and the sandbox still works


def test_a_script_s_exit_status_and_errors_count_for_nothing(sandbox):
    assert not sandbox.run(stdio_problem(("", "5\n")), "raise SystemExit(0)").passed
    assert not sandbox.run(stdio_problem(("", "5\n")), "print(5)\nraise ValueError").passed


def test_what_a_program_starts_ends_with_it(sandbox, tmp_path):
    mark = tmp_path / "alive"
    program = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        while True:\n"
        f"            open({str(mark)!r}, 'a').write('x')\n"
        "            time.sleep(0.05)\n"
        "    os._exit(0)\n"
    ) + RIGHT
    sandbox.run(PROBLEM, program)
    size = mark.stat().st_size if mark.exists() else 0
    time.sleep(0.5)
    assert (mark.stat().st_size if mark.exists() else 0) == size


def test_a_program_does_not_see_the_trainers_environment(sandbox, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    with Sandbox() as fresh:
        program = "import os\ndef f(x):\n    return sorted(os.environ)\n"
        verdict = fresh.run(assertion_problem("assert f(1) == []"), program)
    assert verdict.passed, verdict.cases[0].got


def test_a_program_leaves_no_files_for_the_next_one(sandbox):
    sandbox.run(PROBLEM, "open('left', 'w').write('x')\n" + RIGHT)
    program = "import os\ndef f(x):\n    return os.listdir('.')\n"
    for _ in range(3):
        assert sandbox.run(assertion_problem("assert f(1) == []"), program).passed


def test_output_beyond_the_limit_is_dropped(sandbox):
    assert sandbox.run(PROBLEM, "for _ in range(1000): print('x' * 10000)\n" + RIGHT).passed


def test_a_lost_worker_is_replaced_and_its_program_not_called_failed():
    with Sandbox() as sandbox:
        assert sandbox.run(PROBLEM, RIGHT).passed
        worker = sandbox._free.get()
        os.kill(worker._process.pid, 9)
        worker._process.wait()
        sandbox._free.put(worker)
        lost = sandbox.run(PROBLEM, RIGHT)
        assert [case.outcome for case in lost.cases] == [Outcome.INFRASTRUCTURE]
        assert sandbox.run(PROBLEM, RIGHT).passed


class FakeDyingWorker(execution.sandbox.Worker):
    """A real worker that is killed each time before it is asked."""

    def ask(self, problem, program, **request):
        self._process.kill()
        self._process.wait()
        return super().ask(problem, program, **request)


def test_three_lost_workers_in_a_row_are_an_error(monkeypatch):
    monkeypatch.setattr(execution.sandbox, "Worker", FakeDyingWorker)
    with Sandbox() as sandbox:
        for _ in range(2):
            assert sandbox.run(PROBLEM, RIGHT).first_failure.outcome is Outcome.INFRASTRUCTURE
        with pytest.raises(SandboxError, match="3 sandbox workers in a row"):
            sandbox.run(PROBLEM, RIGHT)


def test_tests_that_are_not_python_are_refused_by_name(sandbox):
    with pytest.raises(SandboxError, match=r"task task: the tests are not Python"):
        sandbox.run(assertion_problem("assert f(1 =="), RIGHT)


def test_many_threads_share_few_workers(sandbox):
    programs = [f"def f(x):\n    return x + {n % 2}\n" for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        verdicts = list(threads.map(lambda program: sandbox.run(PROBLEM, program), programs))
    assert [verdict.passed for verdict in verdicts] == [bool(n % 2) for n in range(40)]
