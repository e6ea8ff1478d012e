"""The sets on a few problems: every sample fails as it should, truth is where the mistake is, all of it repeatable."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from truth import sets
from truth.mutate import Mutant
from truth.sets import CHECK_LIMITS, Case, Item, Planted, Result, Solution
from verl_egca.data.formats import load_problems
from verl_egca.evaluation.samples import load_samples
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome, Verdict
from verl_egca.problem import AssertionTests, Problem
from verl_egca.statements import statements


class OneByOne:
    """Checks in this process."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def __call__(self, work: Callable[[Sandbox, Item], Result], items: Sequence[Item], what: str, /) -> list[Result]:
        return [work(self._sandbox, item) for item in items]


@pytest.fixture(scope="module")
def checks():
    with Sandbox(CHECK_LIMITS) as sandbox:
        yield OneByOne(sandbox)


def problem(task_id: str, reference: str, *assertions: str) -> Problem:
    tests = AssertionTests(assertions=assertions)
    return Problem(task_id=task_id, prompt="Write f.", tests=tests, entry_point="f", reference=reference)


SUMS = problem("sums", "def f(xs):\n    return sum(xs)\n", "assert f([1, 2]) == 3", "assert f([4, 5, -9, 7]) == 7")
LARGEST = problem("largest", "def f(xs):\n    return max(xs)\n", "assert f([1, 3, 2]) == 3", "assert f([-4, -5]) == -4")
SOLUTIONS = [
    Solution(SUMS, "def f(xs):\n    total = 0\n    i = 0\n    while i < len(xs):\n        total += xs[i]\n        i += 1\n    return total\n"),
    Solution(LARGEST, "def f(xs):\n    best = xs[0]\n    for x in xs[1:]:\n        if x > best:\n            best = x\n    return best\n"),
]  # fmt: skip


def test_one_mistake_gives_a_wrong_value_or_a_run_time_error(checks: OneByOne) -> None:
    planted = sets.singles(SOLUTIONS, 1, checks)
    wrong, raising = sets.second(planted), sets.runtime(planted)
    assert {case.problem.task_id for case in wrong} == {"sums", "largest"}
    assert not {case.program for case in wrong} & {case.program for case in raising}
    for case in wrong:
        assert case.verdict is None or case.verdict.first_failure.outcome is Outcome.WRONG
        assert case.problem.reference in (SUMS.reference, LARGEST.reference)
        assert len(case.operators) == len(case.truth) == 1
        assert case.lines
    assert len({(case.problem.task_id, case.index) for case in wrong}) == len(wrong)
    endless = [case for case in raising if case.operators == ("omitted loop update",)]
    assert [sorted(case.lines)[0] for case in endless] == [5]
    assert all(case.verdict is None for case in endless)  # how many cases time out depends on the limits


def test_of_two_mistakes_each_fails_a_test_alone(checks: OneByOne) -> None:
    planted = sets.pairs(SOLUTIONS, 1, checks)
    assert planted
    with Sandbox(CHECK_LIMITS) as sandbox:
        for one in planted:
            assert not any(sandbox.run(one.solution.problem, text).passed for text in one.mutant.alone)
    assert all(len(case.truth) == 2 for case in sets.second_two(planted))


def test_the_same_seed_makes_the_same_sets(checks: OneByOne) -> None:
    made = [sets.second(sets.singles(SOLUTIONS[1:], seed, checks), 2) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


def test_a_solution_that_fails_its_tests_is_no_ground_for_mistakes(checks: OneByOne) -> None:
    assert sets.singles([Solution(SUMS, "def f(xs):\n    return 1\n")], 1, checks) == []


def test_few_samples_are_of_many_problems_and_operators() -> None:
    def planted(task: str, operator: str) -> Planted:
        one = problem(task, "")
        return Planted(Solution(one, ""), Mutant("", (operator,), (), ("",)), Verdict(()))

    given = [planted("a", "common") for _ in range(9)] + [planted("b", "common"), planted("a", "rare")]
    assert [one.mutant.operators for one in sets.balanced(given, 2)] == [("common",), ("rare",)]
    kept = sets.balanced(given, 4)
    assert sum(one.solution.problem.task_id == "b" for one in kept) == 1
    assert sum(one.mutant.operators == ("rare",) for one in kept) == 1
    assert len(sets.balanced(given, 100)) == 11


def test_humanevalfix_has_its_wrong_lines_and_stays_right_in_other_words(shared_data: Path, checks: OneByOne) -> None:
    given = sets.some(sets.fix_even(shared_data / "humanevalfix_python_even.jsonl"), 3, seed=1)
    rewritten = sets.fix_rewritten(given, 1, checks)
    assert rewritten == sets.fix_rewritten(given, 1, checks)
    for before, after in zip(given, rewritten, strict=True):
        assert before.lines
        assert before.program[: before.written] == before.problem.prompt
        assert (before.program, before.truth) == (after.program, after.truth)
        assert before.problem.reference != after.problem.reference


def test_humanevalfix_in_other_words_has_the_same_mistakes(shared_data: Path, checks: OneByOne) -> None:
    given = sets.some(sets.fix_even(shared_data / "humanevalfix_python_even.jsonl"), 6, seed=1)
    disguised = sets.fix_disguised(given, 1, checks)
    assert disguised == sets.fix_disguised(given, 1, checks)
    assert disguised
    known = {case.problem.task_id: case for case in given}
    for case in disguised:
        assert case.program != known[case.problem.task_id].program
        assert case.problem == known[case.problem.task_id].problem
        assert 0 < len(case.lines) <= max(2, len(known[case.problem.task_id].lines))


def test_helpers_that_tests_call_are_left_whole(shared_data: Path) -> None:
    problems = load_problems(shared_data / "HumanEval.jsonl.gz")
    within = {solution.problem.task_id: solution.within for solution in sets.second_solutions(problems)}
    assert set(filter(None, within.values())) <= {"find_zero", "decode_cyclic", "decode_shift"}
    assert len(within) >= 80


def test_only_what_compiles_and_fails_is_taken_of_what_a_policy_writes(checks: OneByOne) -> None:
    wrong = "def f(xs):\n    return 0\n"
    written = [(SUMS, SUMS.reference or ""), (SUMS, wrong), (SUMS, "def f(:\n"), (SUMS, wrong), (LARGEST, wrong)]
    cases = sets.failing("starter", written, checks)
    assert [(case.problem.task_id, case.index, case.truth) for case in cases] == [
        ("sums", 0, None),
        ("largest", 0, None),
    ]


def test_what_two_readers_labelled_is_true_of_the_programs_that_they_read(shared_data: Path) -> None:
    families = (("HumanEval.jsonl.gz", "humaneval"), ("mbpp.jsonl", "mbpp"))
    model = [
        Case("model", sample.problem, 0, sample.program.source, (), None)
        for problems, name in families
        for sample in load_samples(
            shared_data / f"samples_{name}_codellama.jsonl",
            {problem.task_id: problem for problem in load_problems(shared_data / problems)},
        )
    ]
    cases = sets.labelled(model)
    assert len(cases) == 100
    assert sets.labelled([replace(case, program=f"{case.program}\n# another model's\n") for case in model]) == []
    for case in cases:
        begins = {statement.place.line for statement in statements(case.program)}
        assert case.truth is not None
        assert len(case.truth) == 2
        assert all(case.truth), case.problem.task_id
        assert case.lines <= begins, case.problem.task_id


def test_debugbench_has_a_wrong_line_for_each_program(shared_data: Path) -> None:
    cases = sets.debugbench(shared_data / "debugbench_leetcode_even")
    assert len(cases) == 66
    assert all(0 < line <= case.program.count("\n") + 1 for case in cases for line in case.lines)


def test_written_sets_are_read_back_as_samples(tmp_path: Path, checks: OneByOne) -> None:
    cases = sets.second(sets.singles(SOLUTIONS[1:], 1, checks))
    sets.write(cases, tmp_path)
    problems = {one.task_id: one for one in load_problems(tmp_path / "second.problems.jsonl")}
    samples = load_samples(tmp_path / "second.samples.jsonl", problems)
    assert [(s.problem, s.sample_index, s.program.source) for s in samples] == [
        (case.problem, case.index, case.program) for case in cases
    ]
    first = json.loads((tmp_path / "second.samples.jsonl").read_text().split("\n")[0])
    assert first["truth"] == [list(place) for place in cases[0].truth]
