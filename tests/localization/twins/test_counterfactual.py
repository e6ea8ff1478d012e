"""Twins: what is blamed is proven by running the program with it changed."""

from dataclasses import replace

import pytest

from verl_egca.assessment import Assessor
from verl_egca.execution.sandbox import Sandbox
from verl_egca.gates.mode import Mode
from verl_egca.localization.options import Options
from verl_egca.localization.references import References
from verl_egca.localization.registry import make_localizer

from ...problems import assertion_problem, stdio_problem

PROBLEM = assertion_problem(
    *("assert f([3, 1, 2]) == 3", "assert f([-5, -2]) == -2", "assert f([7]) == 7", "assert f([1, 9, 4]) == 9"),
    reference="def f(values):\n    return max(values)\n",
)
WRONG_START = """def f(xs):
    best = 0
    for x in xs:
        if x > best:
            best = x
    return best
"""
WRONG_TEST = WRONG_START.replace("best = 0", "best = xs[0]").replace("x > best", "x < best")


def blamed(sandbox, program, problem=PROBLEM, name="counterfactual", **options):
    chosen = Options(**options)
    return Assessor(sandbox, make_localizer(name, chosen)).assess(problem, program, seed=0)


def text_of(program, place):
    lines = program.split("\n")
    assert place.line == place.end_line
    return lines[place.line - 1][place.col : place.end_col]


def test_the_blamed_expression_is_the_one_whose_change_makes_all_tests_pass(sandbox):
    found = blamed(sandbox, WRONG_TEST).localization
    assert found.confirmed == "full"
    assert text_of(WRONG_TEST, found.ranges[0]) == "x < best"
    (edit,) = found.evidence["edits"]
    twin = WRONG_TEST[: edit["start"]] + edit["text"] + WRONG_TEST[edit["end"] :]
    assert sandbox.run(PROBLEM, twin).passed
    assert "+        if x > best:" in found.evidence["diff"]


@pytest.mark.parametrize(
    ("granularity", "text"), [("expression", "x < best"), ("statement", "if x < best"), ("token", "<")]
)
def test_how_much_is_blamed_is_a_setting(sandbox, granularity, text):
    found = blamed(sandbox, WRONG_TEST, granularity=granularity).localization
    assert text_of(WRONG_TEST, found.ranges[0]) == text


def test_what_only_some_failing_tests_need_is_partial(sandbox):
    two = assertion_problem(
        *("assert f(1) == 11", "assert f(2) == 22", "assert f(3) == 'x' * 40", "assert f(5) == 55"),
        reference=None,
    )
    found = blamed(sandbox, "def f(n):\n    a = n * 10\n    return a - n\n", two).localization
    assert found.confirmed == "partial"


def test_an_exception_is_blamed_on_its_cause(sandbox):
    program = "def f(xs):\n    last = len(xs)\n    best = xs[0]\n    for x in xs:\n        best = max(best, x)\n    return max(best, xs[last])\n"
    found = blamed(sandbox, program)
    assert found.mode is Mode.SYNTAX
    assert found.localization.confirmed == "full"
    reported = blamed(sandbox, program, runtime_errors="reported").localization
    assert (reported.localizer, reported.ranges[0].line) == ("reported", 6)


def test_an_endless_loop_is_blamed_on_its_cause(sandbox):
    program = "def f(xs):\n    i, best = 1, xs[0]\n    while i < len(xs):\n        best = max(best, xs[i])\n        i -= 1\n    return best\n"
    found = blamed(sandbox, program).localization
    assert (found.confirmed, found.ranges[0].line) == ("full", 5)


def test_scripts_too(sandbox):
    problem = stdio_problem(("2 3\n", "5\n"), ("10 -4\n", "6\n"))
    found = blamed(sandbox, "a, b = map(int, input().split())\nprint(a * b)\n", problem).localization
    assert (found.confirmed, found.ranges[0].line) == ("full", 2)


def test_what_can_not_be_proven_falls_to_the_best_guess_or_to_none(sandbox):
    program = "def f(xs):\n    total = 1\n    for x in xs:\n        total = total * 3 % 1000\n    return [total] * 50\n"
    alone = PROBLEM.model_copy(update={"reference": None})
    guess = blamed(sandbox, program, alone, name="egca").localization
    assert guess.confirmed == "none"
    assert guess.evidence["unproven"] == "no_twin"
    none = blamed(sandbox, program, alone, name="egca", unconfirmed="uniform")
    assert (none.localization, none.not_localized) == (None, "no_twin")


def test_the_budget_is_kept_and_counted_in_trials(sandbox):
    program = "def f(xs):\n    total = 1\n    for x in xs:\n        total = total * 3 % 1000\n    return [total] * 50\n"
    assert blamed(sandbox, program, budget_ms=10).not_localized == "no_twin"
    found = blamed(sandbox, WRONG_START).localization
    assert found.evidence["trials"] <= 800


def test_the_same_sample_gives_the_same_answer_on_one_worker_or_two():
    with Sandbox() as one, Sandbox(workers=2) as two:
        first, second, third = (without_time(blamed(s, WRONG_START).localization) for s in (one, two, one))
    assert first == second == third


def test_the_order_of_samples_makes_no_difference():
    programs = [WRONG_START, WRONG_TEST, "def f(xs):\n    return xs[-1]\n", "def f(xs):\n    return min(xs)\n"]
    found = []
    for order in (programs, programs[::-1]):
        with Sandbox() as sandbox:
            assessor = Assessor(sandbox, make_localizer("egca"))
            answers = {program: assessor.assess(PROBLEM, program, seed=0).localization for program in order}
        found.append({program: without_time(answers[program]) for program in programs})
    assert found[0] == found[1]


def test_a_hostile_program_has_no_say_in_another_s_blame(sandbox):
    spoils = "import builtins\nbuiltins.max = lambda *a: 0\n" + WRONG_START
    first = Assessor(sandbox, make_localizer("egca"))
    before = without_time(first.assess(PROBLEM, WRONG_TEST, seed=0).localization)
    second = Assessor(sandbox, make_localizer("egca"))  # which knows nothing of the reference yet
    second.assess(PROBLEM, spoils, seed=0)
    assert without_time(second.assess(PROBLEM, WRONG_TEST, seed=0).localization) == before


def test_references_are_traced_where_no_program_has_run(sandbox):
    spoils = "import builtins\nbuiltins.max = lambda *a: 0\n" + WRONG_START
    references = [References().of(PROBLEM) for _ in range(2)]
    with sandbox.trials(PROBLEM) as trials:
        clean = references[0].traces([0, 1], trials)
        trials.passed([spoils], [0])
        assert references[1].traces([0, 1], trials) == clean


HOSTILE = {
    "exponential": "def g(n):\n    return 1 if n < 2 else g(n - 1) + g(n - 2)\n\ndef f(xs):\n    return g(60) * xs[0]\n",
    "huge values": "def f(xs):\n    n = 7\n    for x in xs:\n        n = n ** n ** 3\n    return n\n",
    "deep recursion": "def g(n):\n    return g(n + 1) + 1\n\ndef f(xs):\n    return g(xs[0])\n",
    "endless": "def f(xs):\n    while xs:\n        xs.append(len(xs))\n    return xs[0]\n",
    "catches all": "def f(xs):\n    while True:\n        try:\n            while True:\n                pass\n        except BaseException:\n            pass\n",
    "large data": "def f(xs):\n    best = [0] * 10 ** 6\n    for x in xs:\n        best = best + [x]\n    return best[0]\n",
    "ends the process": "import os\n\ndef f(xs):\n    if len(xs) > 1:\n        os._exit(0)\n    return xs[0]\n",
    "forges steps": "class StepsExceeded(BaseException):\n    pass\n\ndef f(xs):\n    raise StepsExceeded\n",
    "writes to its trace": "import os\n\ndef f(xs):\n    os.write(4, b'[[]]\\n' * 1000)\n    return 0\n",
}


@pytest.mark.parametrize("program", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_a_program_does_its_search_ends_within_the_budget(sandbox, program):
    most = 200
    found = blamed(sandbox, program, budget_ms=most, name="egca")
    assert found.localization is not None or found.not_localized != "localizer_error"
    if found.localization is not None and "trials" in found.localization.evidence:
        assert found.localization.evidence["trials"] <= 5 * most  # a trial that is cut off counts for many
    assert blamed(sandbox, WRONG_TEST).localization.confirmed == "full"


def test_a_pair_of_edits_is_proven_together_and_the_first_to_run_is_blamed(sandbox):
    program = "def f(xs):\n    best = xs[0]\n    for x in xs[2:]:\n        if x < best:\n            best = x\n    return best\n"
    found = blamed(sandbox, program).localization
    assert found.confirmed == "full"
    text = program
    for edit in sorted(found.evidence["edits"], key=lambda edit: -edit["start"]):
        text = text[: edit["start"]] + edit["text"] + text[edit["end"] :]
    assert sandbox.run(PROBLEM, text).passed
    assert len(found.evidence["edits"]) == 2
    assert found.ranges[0].line == 3


def test_evidence_tells_where_the_program_and_its_twin_part(sandbox):
    parted = blamed(sandbox, WRONG_TEST).localization.evidence["divergence"]
    assert parted == {
        "candidate": {"kind": "branch", "name": "", "value": "False"},
        "twin": {"kind": "branch", "name": "", "value": "True"},
    }


def without_time(found):
    return replace(found, evidence={key: value for key, value in found.evidence.items() if key != "cpu_ms"})


def test_the_best_guess_is_in_the_loop_where_edits_bring_the_value_nearer(sandbox):
    problem = assertion_problem("assert f(3) == 1010", "assert f(5) == 52000", "assert f(0) == 17")
    program = "def f(n):\n    b = n * 7\n    a = n + b\n    for i in range(n):\n        a += b\n    return a\n"
    found = blamed(sandbox, program, problem, name="egca").localization
    assert (found.localizer, found.confirmed) == ("guess", "none")
    assert found.ranges[0].line in (4, 5)  # the loop, not what sets it up or returns


def test_no_edit_brings_in_what_only_the_tests_say(sandbox):
    problem = assertion_problem("assert f(3) == 40_417", "assert f(1) == 1", "assert f(2) == 2", reference=None)
    assert blamed(sandbox, "def f(n):\n    return n\n", problem).not_localized == "no_twin"
