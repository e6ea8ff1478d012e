"""Limits hold for a case; a program's total follows from its cases; whoever meets one is told which."""

import os
import subprocess
import sys
import time

import pytest

from verl_egca.execution.death import Watched, death_of
from verl_egca.execution.limit_names import MOST_TIMEOUTS
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome

from ..problems import assertion_problem, call_problem, stdio_problem

SPIN = "import time\ndef spin(seconds):\n    end = time.process_time() + seconds\n    while time.process_time() < end: pass\n"


@pytest.fixture(scope="module")
def tight():
    limits = Limits(
        cpu_seconds=0.25, wall_seconds=0.5, memory_bytes=1 << 28, output_bytes=1000, file_bytes=1 << 16, processes=16
    )
    with Sandbox(limits) as one:
        yield one


@pytest.fixture(scope="module")
def usual():
    with Sandbox() as one:
        yield one


def ends(verdict):
    return [case.outcome for case in verdict.cases]


# ---------------------------------------------------------------------------------------------- time


def test_a_program_may_use_many_times_the_cpu_time_of_a_case_over_all_cases(tight):
    script = f"{SPIN}spin(0.06)\nprint(input())\n"
    assert tight.run(stdio_problem(*((f"{n}\n", f"{n}\n") for n in range(12))), script).passed
    calls = f"{SPIN}def f(n):\n    spin(0.06)\n    return n\n"
    assert tight.run(call_problem(*(([n], n) for n in range(12))), calls).passed
    assert tight.run(assertion_problem(*(f"assert f({n}) == {n}" for n in range(12))), calls).passed


def test_a_program_may_sleep_in_each_of_its_cases(tight):
    script = "import time\ntime.sleep(0.1)\nprint(input())\n"
    assert tight.run(stdio_problem(*((f"{n}\n", f"{n}\n") for n in range(12))), script).passed


@pytest.mark.parametrize("act", ["while True: pass", "import time; time.sleep(60)"])
def test_after_a_few_endless_cases_the_rest_is_not_run_and_says_so(tight, act):
    script = f"n = int(input())\nif n > 1:\n    {act}\nprint(n)\n"
    verdict = tight.run(stdio_problem(*((f"{n}\n", f"{n}\n") for n in range(30))), script)
    assert ends(verdict) == ["passed"] * 2 + ["timeout"] * 28
    told = [case.error.message for case in verdict.cases[2:]]
    assert len([words for words in told if not words.startswith("not run")]) == MOST_TIMEOUTS
    assert told[-1] == "not run: 2 cases before it used up their time"


def test_after_a_few_endless_calls_the_rest_is_not_run(tight):
    program = "def f(n):\n    while n > 1: pass\n    return n\n"
    verdict = tight.run(call_problem(*(([n], n) for n in range(30))), program)
    assert ends(verdict) == ["passed"] * 2 + ["timeout"] * 28


def test_what_loops_while_it_is_loaded_is_loaded_once(tight):
    verdict = tight.run(call_problem(*(([n], n) for n in range(30))), "while True: pass\n")
    assert {case.error.message for case in verdict.cases} == {
        "its CPU time of 0.25 s for a case is used up (egca.sandbox.cpu_seconds, --cpu-seconds)"
    }


def test_a_recursion_without_end_ends_in_each_of_many_cases(usual):
    verdict = usual.run(call_problem(*(([n], n) for n in range(40))), "def f(n):\n    return f(n + 1)\n")
    assert {case.error.type for case in verdict.cases} == {"RecursionError"}


# ---------------------------------------------------------------------------------------------- sizes


def test_an_output_of_what_is_expected_is_never_too_much(tight):
    lines = "".join(f"{n}\n" for n in range(200_000))
    script = "for n in range(200_000):\n    print(n, end=' \\n')\n"  # with blanks that do not count
    assert tight.run(stdio_problem(("", lines)), script).passed


def test_tens_of_megabytes_go_in_and_out(usual):
    text = "x" * 99 + "\n"
    problem = stdio_problem((text * 250_000, text * 250_000))
    assert usual.run(problem, "import shutil, sys\nshutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)\n").passed


def test_standard_error_counts_towards_no_limit(tight):
    script = "import sys\nfor _ in range(300):\n    print('x' * 100_000, file=sys.stderr)\nprint(1)\n"
    assert tight.run(stdio_problem(("", "1")), script).passed


LARGE = "def f(n):\n    return ['x' * (n // 2)] * 2 if n > 9 else list(range(n))\n"
MANY = 20_000_000


def test_a_result_that_is_too_large_to_cross_is_no_wrong_one(usual):
    problem = call_problem(([MANY], ["x" * (MANY // 2)] * 2), ([3], [0, 1, 2]))
    assert ends(usual.run(problem, LARGE)) == [Outcome.UNSUPPORTED, Outcome.PASSED]
    (case,) = usual.run(assertion_problem(f"assert len(f({MANY})) == 2"), LARGE).cases
    assert case.outcome is Outcome.UNSUPPORTED
    assert "can cross" in case.error.message


def test_a_result_that_is_too_large_to_cross_differs_from_a_small_one(usual):
    (case,) = usual.run(call_problem(([MANY], [0, 1, 2])), LARGE).cases
    assert case.outcome is Outcome.WRONG
    (case,) = usual.run(assertion_problem(f"assert f({MANY}) == [0, 1, 2]"), LARGE).cases
    assert case.outcome is Outcome.WRONG


def test_large_answers_all_arrive(usual):
    problem = call_problem(*(([n], ["x" * (n // 2)] * 2) for n in (3_000_000, 3_000_000, 9_000_000, 15_000_000, 10)))
    assert usual.run(problem, LARGE).passed


# ---------------------------------------------------------------------------------------------- recursion


@pytest.mark.parametrize(
    "program",
    [
        "def f(n):\n    return n and 1 + f(n - 1)\n",
        "import functools\n@functools.cache\ndef f(n):\n    return n and 1 + f(n - 1)\n",
        "def f(n):\n    return n and 1 + sorted([n - 1], key=f)[0] * 0 + n - 1\n",
        "class A(dict):\n    def __missing__(self, n):\n        return n and 1 + self[n - 1]\nf = A().__getitem__\ndef f(n, a=A()): return a[n]\n",
        "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(n):\n    return n and 1 + sum(map(f, [n - 1]))\n",
    ],
)
def test_calls_may_recurse_a_hundred_thousand_deep_through_python_or_c(usual, program):
    assert usual.run(call_problem(([100_000], 100_000)), program).passed


def test_a_script_recurses_as_deep_as_bare_python_lets_it_by_default(usual):
    script = "def f(n):\n    return n and 1 + f(n - 1)\nprint(f(int(input())))\n"
    passed, failed = usual.run(stdio_problem(("900\n", "900"), ("5000\n", "5000")), script).cases
    assert (passed.outcome, failed.outcome, failed.error.type) == ("passed", "exception", "RecursionError")


def test_a_nest_that_is_too_deep_to_answer_with_is_an_error_of_the_program_and_no_forgery(usual):
    program = "def f(n):\n    nest = []\n    for _ in range(n): nest = [nest]\n    return nest\n"
    (case,) = usual.run(call_problem(([100_000], [])), program).cases
    assert (case.outcome, case.error.type) == (Outcome.EXCEPTION, "RecursionError")


# ---------------------------------------------------------------------------------------------- which limit it was


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("while True: pass", r"its CPU time of 0.25 s for a case is used up (egca.sandbox.cpu_seconds, --cpu-seconds)"),
        ("import time; time.sleep(60)", "it slept through its 0.5 s for a case (egca.sandbox.wall_seconds, --wall-seconds)"),
        ("x = [0] * 10 ** 9", "a program has 256 MB of memory (egca.sandbox.memory_bytes, --memory-mb)"),
        ("print('x' * 2_000)", "it printed more than twice what is expected and 0.0009537 MB (egca.sandbox.output_bytes, --output-mb)"),
        ("open('f', 'w').write('x' * 200_000)", "a program has 0.0625 MB for its files (egca.sandbox.file_bytes, --file-mb)"),
        ("x = [open('/dev/null') for _ in range(99)]", "a program has 64 open files (egca.sandbox.open_files, --open-files)"),
        ("import threading, time\nfor _ in range(99): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()", "a program has 16 threads (egca.sandbox.processes, --processes)"),
    ],
    ids=["cpu", "wall", "memory", "output", "files", "open files", "threads"],
)  # fmt: skip
def test_what_ends_by_a_limit_says_which_with_its_value_and_its_option(tight, script, words):
    (case,) = tight.run(stdio_problem(("", "1")), script).cases
    assert words in case.error.message


def test_a_call_that_meets_a_limit_says_which_too(tight):
    (case,) = tight.run(call_problem(([1], 1)), "def f(n):\n    return [0] * 10 ** 9\n").cases
    assert case.outcome is Outcome.MEMORY
    assert case.error.message == "a program has 256 MB of memory (egca.sandbox.memory_bytes, --memory-mb)"


# ---------------------------------------------------------------------------------------------- exit status


def test_a_preamble_runs_before_a_script_and_its_failure_is_not_the_program_s(usual):
    problem = stdio_problem(("", "3"))
    script = "x = 7\nprint(floor(3.5))\n"
    assert usual.run(problem.model_copy(update={"preamble": "from math import *\nx = 1"}), script).passed
    (case,) = usual.run(problem.model_copy(update={"preamble": "import no_such_package"}), script).cases
    assert case.outcome is Outcome.UNSUPPORTED
    assert "No module named 'no_such_package'" in case.error.message


@pytest.mark.parametrize(
    ("end", "outcome", "error", "line"),
    [
        ("raise SystemExit", "passed", None, None),
        ("import sys; sys.exit(3)", "exception", ("SystemExit", "3"), 2),
        ("exit('no')", "exception", ("SystemExit", "no"), 2),
        ("import os, sys; sys.stdout.flush(); os._exit(0)", "passed", None, None),
        ("import os, sys; sys.stdout.flush(); os._exit(3)", "exception", ("SystemExit", "exit status 3"), None),
        ("{}['k']", "exception", ("KeyError", "'k'"), 2),
        ("import ctypes; ctypes.string_at(0)", "crashed", ("crashed", "the process was ended: Segmentation fault"), None),
    ],
)  # fmt: skip
def test_an_exit_status_decides_and_an_error_says_why(usual, end, outcome, error, line):
    (case,) = usual.run(stdio_problem(("", "1")), f"print(1)\n{end}\n").cases
    assert case.outcome == outcome
    if error is None:
        assert case.error is None
    else:
        assert (case.error.type, case.error.line) == (error[0], line)
        assert case.error.message.startswith(error[1])


@pytest.mark.parametrize("write", ["os.write(63, data)", "os.write(62, data)"])
def test_a_report_that_a_program_writes_itself_changes_no_verdict(usual, write):
    forged = "import json, os, struct\ntext = json.dumps({'ok': [], 'error': 'E', 'message': 'm'}).encode()\n"
    forged += f"data = struct.pack('I', len(text)) + text\ntry:\n    {write}\nexcept OSError: pass\n"
    (right,) = usual.run(stdio_problem(("", "1")), forged + "print(1)").cases
    (wrong,) = usual.run(stdio_problem(("", "1")), forged + "print(2)").cases
    (failed,) = usual.run(stdio_problem(("", "1")), forged + "print(1, flush=True)\nos._exit(1)").cases
    assert (right.outcome, wrong.outcome, failed.outcome) == ("passed", "wrong_value", "exception")


@pytest.mark.parametrize("wait", [death_of, None], ids=["by the kernel's descriptor", "by /proc"])
def test_a_death_is_seen_once_it_is_there(wait):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        if wait is None:
            poller = Watched(process.pid)
            assert not poller.poll(5)
            process.stdin.close()
            until = time.monotonic() + 60
            while not poller.poll(50) and time.monotonic() < until:
                pass
            assert poller.poll(0)
        else:
            with wait(process.pid) as poller:
                assert not poller.poll(5)
                process.stdin.close()
                assert poller.poll(60_000)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
