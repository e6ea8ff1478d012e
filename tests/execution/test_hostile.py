"""Programs that try to pass without solving anything, to stay alive, or to break the sandbox."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from verl_egca import execution
from verl_egca.execution.confinement.layers import Layer
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox, SandboxError
from verl_egca.execution.verdict import Outcome

from ..problems import assertion_problem, stdio_problem
from .hostile_programs import HOSTILE
from .hostile_runs import below, run_all, worker_pid, wrong

PROBLEM = assertion_problem("assert f(1) == 2", "assert f(3) == 4")
RIGHT = "def f(x):\n    return x + 1\n"

NAMESPACES = (
    Layer.USER_NAMESPACE,
    Layer.PID_NAMESPACE,
    Layer.MOUNT_NAMESPACE,
    Layer.IPC_NAMESPACE,
    Layer.NETWORK_NAMESPACE,
)
REDUCED = {
    "Docker's default profile": NAMESPACES,
    "a kernel without Landlock": (Layer.LANDLOCK,),
    "no seccomp library": (Layer.SECCOMP,),
    "an old kernel's Docker": (*NAMESPACES, Layer.LANDLOCK),
}


@pytest.fixture(scope="module")
def runs():
    return run_all()


@pytest.mark.parametrize("program", HOSTILE, ids=lambda program: program.name)
def test_a_hostile_program_wastes_its_own_budget_and_nothing_else(runs, program):
    assert wrong(program, runs[program.name]) == [], runs[program.name].verdict.cases[:3]


@pytest.mark.parametrize("withheld", REDUCED.values(), ids=REDUCED.keys())
def test_with_fewer_layers_what_they_cover_still_holds(withheld):
    # what only uses up its time is ended by the judge, whatever the layers
    programs = [program for program in HOSTILE if "timeout" not in program.outcomes]
    runs = run_all(withheld, programs)
    found = {program.name: wrong(program, runs[program.name], withheld) for program in programs}
    assert {name: what for name, what in found.items() if what} == {}


def test_the_table_is_large_and_its_names_are_unique():
    assert len({program.name for program in HOSTILE}) == len(HOSTILE) >= 90


def test_a_case_that_a_hostile_program_answers_rightly_still_fails_it(sandbox):
    program = "n = 0\ndef f(x):\n    global n\n    n += 1\n    return 2 if n == 1 else 'later'"
    verdict = sandbox.run(PROBLEM, program)
    assert [case.outcome for case in verdict.cases] == [Outcome.PASSED, Outcome.WRONG]


def test_second_looks_stay_within_the_budget_of_all_cases():
    spins = "seen = []\ndef f(x):\n    seen.append(x)\n    if len(seen) > 1 or x == 0: return -7\n    while True: pass"
    problem = assertion_problem(*(f"assert f({n}) == 1013" for n in range(40)))
    with Sandbox(Limits(cpu_seconds=0.2)) as sandbox:
        verdict = sandbox.run(problem, spins)
    looked = [case for case in verdict.cases if case.passes_alone is not None]
    assert {case.outcome for case in verdict.cases} == {Outcome.WRONG}
    assert 0 < len(looked) <= 4


def test_nothing_outlives_a_judge_that_is_killed():
    program = "import time\ndef f(x):\n    time.sleep(60)\n"
    with Sandbox(Limits(wall_seconds=30)) as sandbox, ThreadPoolExecutor(1) as threads:
        sandbox.check()
        pid = worker_pid(sandbox)
        running = threads.submit(sandbox.run, PROBLEM, program)
        while len(started := below(pid)) < 3:
            time.sleep(0.01)
        os.kill(pid, 9)
        assert running.result(60).first_failure.outcome is Outcome.INFRASTRUCTURE
        until = time.monotonic() + 60
        while any(alive(process) for process in started) and time.monotonic() < until:
            time.sleep(0.01)
        assert not any(alive(process) for process in started)
        assert sandbox.run(PROBLEM, RIGHT).passed


def test_no_folder_is_left_however_a_worker_ends(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    endless = assertion_problem("assert 10 ** f(1) == 2")
    with Sandbox(Limits(cpu_seconds=0.2)) as sandbox:
        assert sandbox.run(PROBLEM, RIGHT).passed
        assert not sandbox.run(endless, "def f(x): return 10 ** 9").passed  # its judge is ended in the middle
        assert len(list(tmp_path.iterdir())) <= 1
    assert list(tmp_path.iterdir()) == []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_script_s_exit_status_of_0_passes_nothing_and_another_fails_what_it_printed(sandbox):
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
