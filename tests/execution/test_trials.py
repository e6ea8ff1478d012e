"""Many texts of one program in one warm process, and an interface for event loops."""

from ..problems import assertion_problem, call_problem

PROBLEM = assertion_problem("assert f(1) == 2", "assert f(3) == 4", "assert f(5) == 5")
RIGHT = "def f(x):\n    return min(x + 1, 5)\n"
ENDLESS = "def f(x):\n    while x > 1: pass\n    return x + 1\n"


def test_each_text_gets_its_own_outcomes(sandbox):
    with sandbox.trials(PROBLEM) as trials:
        wrong = RIGHT.replace("+ 1", "- 1")
        assert trials.passed([RIGHT, wrong, RIGHT], [0, 2]) == [[True, True], [False, False], [True, True]]


def test_all_or_none_stops_at_the_first_failure(sandbox):
    with sandbox.trials(PROBLEM) as trials:
        assert trials.passed(["def f(x):\n    return x + 1\n", RIGHT], [0, 2, 1], all_or_none=True) == [
            [True, False],
            [True, True, True],
        ]


def test_a_text_that_fails_before_its_last_case_does_not_end_the_process(sandbox):
    wrong = "import builtins\nbuiltins.left = 1\ndef f(x): return 0\n"
    finds_it = RIGHT.replace("min(", "left * min(")
    with sandbox.trials(PROBLEM) as trials:
        passed = trials.passed([wrong, finds_it], [0, 1, 2], all_or_none=True)
    assert passed == [[False], [True, True, True]]


def test_texts_that_do_not_compile_crash_or_hang_cost_only_themselves(sandbox):
    texts = ["def f(x:", "import os\ndef f(x): os._exit(0)", ENDLESS, "def f(x):\n    return f(x)\n", RIGHT]
    with sandbox.trials(PROBLEM) as trials:
        passed = trials.passed(texts, [0, 1], max_steps=1000)
    assert passed == [[False, False], [False, False], [True, False], [False, False], [True, True]]


def test_steps_are_counted_and_not_time(sandbox):
    loop = "def f(x):\n    for _ in range(500): pass\n    return x + 1\n"
    with sandbox.trials(PROBLEM) as trials:
        assert trials.passed([loop], [0], max_steps=600) == [[True]]
        trials.end()
        assert trials.passed([loop], [0], max_steps=400) == [[False]]


def test_steps_that_a_program_catches_come_again(sandbox):
    stubborn = (
        "def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n"
    )
    with sandbox.trials(PROBLEM) as trials:
        assert trials.passed([stubborn, RIGHT], [0], max_steps=1000) == [[False], [True]]


def test_a_run_between_trials_has_a_process_of_its_own(sandbox):
    spoils = "import builtins\nbuiltins.min = lambda *a: 0\n" + RIGHT
    with sandbox.trials(PROBLEM) as trials:
        assert trials.passed([spoils], [0]) == [[False]]
        assert trials.run(RIGHT).passed
        assert trials.passed([RIGHT], [0]) == [[True]]


def test_trials_on_other_tests_take_turns(sandbox):
    other = assertion_problem("assert f(9) == 5")
    with sandbox.trials(PROBLEM) as trials:
        beside = trials.on(other)
        for _ in range(2):
            assert trials.passed([RIGHT], [0, 1, 2]) == [[True, True, True]]
            assert beside.passed([RIGHT, "def f(x):\n    return x\n"], [0]) == [[True], [False]]
        assert trials.cpu_ms == beside.cpu_ms > 0


def test_what_other_tests_give_a_program_is_theirs_alone(sandbox):
    floors = "def f(x):\n    return math.floor(x) + 1\n"
    with sandbox.trials(assertion_problem("assert f(1) == 2")) as trials:
        beside = trials.on(call_problem(([2], 3)))
        for _ in range(2):
            assert trials.passed([floors], [0]) == [[False]]
            assert beside.passed([floors], [0]) == [[True]]
