"""The gate in the pipeline: which samples go to CONSTRAINT, why, and what that does to their reward."""

import pytest

from verl_egca.assessment import Assessor
from verl_egca.config.settings import Settings
from verl_egca.constraints import Recursion, TimeComplexity
from verl_egca.execution.verdict import CaseVerdict, Outcome, Verdict
from verl_egca.gates.mode import Mode
from verl_egca.gates.program_gate import ProgramGate
from verl_egca.localization.base import FailingSample, Localization, Localizer
from verl_egca.localization.confirmed import Confirmed
from verl_egca.localization.registry import make_localizer
from verl_egca.sample import SampleScorer
from verl_egca.source import SourceRange

from .constrained_problems import constrained_problem

RECURSIVE = "def f(xs):\n    return [xs[0] ** 2] + f(xs[1:]) if xs else []\n"
UNLIKE = "def f(xs):\n    return f(xs[1:]) + [str(len(xs))] if xs else ['', None]\n"  # a repair rewrites 75.5 % of it
WRONG = "def f(xs):\n    return [x + x for x in xs]\n"
NO_RECURSION = constrained_problem(Recursion(rule="forbidden"))
FREE = constrained_problem()


class Guesses(Localizer):
    """A localizer that always blames the first line, proven or not."""

    name = "trace"

    def __init__(self, confirmed=Confirmed.NONE, **evidence):
        super().__init__()
        self.confirmed, self.evidence, self.asked = confirmed, evidence, 0

    def localize(self, sample: FailingSample) -> Localization:
        self.asked += 1
        return Localization((SourceRange(1, 0, 1, 3),), self.name, self.confirmed, ((1, 1),), self.evidence)


def assessed(sandbox, problem, program, localizer=None, **settings):
    gates = ProgramGate(sandbox, **settings)
    return Assessor(sandbox, localizer or Guesses(), gates).assess(problem, program, seed=0)


def test_a_passing_program_that_breaks_a_constraint_is_CONSTRAINT_and_says_what_it_breaks(sandbox):  # noqa: N802
    found = assessed(sandbox, NO_RECURSION, RECURSIVE)
    assert found.mode is Mode.CONSTRAINT
    assert str(found.broken) == "recursion: Do not use recursion. Found: recursion."
    assert assessed(sandbox, NO_RECURSION, RECURSIVE, constraints=False).mode is Mode.CORRECT


def test_a_run_time_error_comes_before_a_constraint(sandbox):
    assert assessed(sandbox, NO_RECURSION, "def f(xs):\n    return f(xs[1:]) if xs else 1 / 0\n").mode is Mode.SYNTAX


def test_the_paper_sends_whatever_is_not_comparable_to_CONSTRAINT_before_it_is_localized(sandbox):  # noqa: N802
    localizer = Guesses(Confirmed.FULL)
    found = assessed(sandbox, FREE, UNLIKE, localizer, comparability="paper")
    assert (found.mode, localizer.asked) == (Mode.CONSTRAINT, 0)
    wanted = "comparability: Be mended by rewriting at most 50 % of it. Found: 75.5 % must be rewritten."
    assert str(found.broken) == wanted


def test_by_default_only_what_is_neither_comparable_nor_proven_goes_there_and_its_guess_is_kept(sandbox):
    found = assessed(sandbox, FREE, UNLIKE, Guesses(Confirmed.NONE))
    assert (found.mode, found.localization) == (Mode.CONSTRAINT, None)
    assert found.guess.ranked == ((1, 1),)
    assert assessed(sandbox, FREE, UNLIKE, Guesses(Confirmed.FULL)).mode is Mode.LOGIC
    assert assessed(sandbox, FREE, UNLIKE, Guesses(Confirmed.NONE), comparability="off").mode is Mode.LOGIC
    assert assessed(sandbox, FREE, UNLIKE, Guesses(Confirmed.NONE), share=0.8).mode is Mode.LOGIC


@pytest.mark.parametrize(("share", "mode"), [(0.501, Mode.CONSTRAINT), (0.5, Mode.LOGIC), (None, Mode.LOGIC)])
def test_a_share_that_localization_found_or_did_not_find_is_taken(sandbox, share, mode):
    assert assessed(sandbox, FREE, UNLIKE, Guesses(share=share)).mode is mode


def test_a_guess_of_the_search_brings_its_share(sandbox):
    found = assessed(sandbox, FREE, UNLIKE, make_localizer("egca"))
    assert (found.guess.localizer, found.guess.evidence["share"]) == ("guess", 0.755)


def test_where_the_reference_is_wrong_nothing_is_incomparable(sandbox):
    wrong = constrained_problem(reference="def f(xs):\n    return xs\n")
    assert assessed(sandbox, wrong, UNLIKE, comparability="paper").mode is Mode.LOGIC


class Fails(Localizer):
    """A localizer that fails as none should."""

    name = "trace"

    def localize(self, sample):
        raise RuntimeError("no")


def test_a_localizer_that_fails_is_counted_as_such_and_not_held_against_the_program(sandbox):
    found = assessed(sandbox, FREE, UNLIKE, Fails())
    assert (found.mode, found.not_localized) == (Mode.LOGIC, "localizer_error")


@pytest.mark.parametrize("comparability", ["paper", "unproven", "off"])
def test_comparable_programs_and_passing_ones_stay_where_they_are(sandbox, comparability):
    assert assessed(sandbox, FREE, WRONG, comparability=comparability).mode is Mode.LOGIC
    assert assessed(sandbox, FREE, RECURSIVE, comparability=comparability).mode is Mode.CORRECT


def test_without_a_reference_nothing_is_incomparable(sandbox):
    assert assessed(sandbox, constrained_problem(reference=None), UNLIKE, comparability="paper").mode is Mode.LOGIC


@pytest.mark.parametrize("name", ["uniform", "executed"])
def test_methods_that_know_no_reference_are_not_asked_for_likeness(sandbox, name):
    for comparability in ("paper", "unproven"):
        assert assessed(sandbox, FREE, UNLIKE, make_localizer(name), comparability=comparability).mode is Mode.LOGIC


def test_a_complexity_is_measured_by_runs_of_the_sample(sandbox):
    reference = "def f(xs):\n    return sum(xs)\n"
    problem = constrained_problem(
        TimeComplexity(at_most="linear"), reference=reference, tests=("assert f([1, 2, 3]) == 6",)
    )
    slow = (
        "def f(xs):\n    t = 0\n    for a in xs:\n        for b in xs:\n            t += a\n    return t // len(xs)\n"
    )
    assert assessed(sandbox, problem, reference).mode is Mode.CORRECT
    found = assessed(sandbox, problem, slow)
    assert (found.mode, found.broken.found) == (Mode.CONSTRAINT, "quadratic growth.")


class BrokenSandbox:
    """Fails as no sandbox should."""

    def trace(self, *_):
        raise RuntimeError("no")

    trials = trace


def test_a_failure_of_ours_costs_no_sample_its_mode(caplog):
    gates = ProgramGate(BrokenSandbox())
    problem = constrained_problem(TimeComplexity(at_most="linear"))
    assert gates.broken(problem, WRONG) is None
    assert "could not be checked" in caplog.text
    wrong = Verdict((CaseVerdict(0, "", Outcome.WRONG),))
    assert gates.incomparable(FailingSample(FREE, UNLIKE, wrong, BrokenSandbox(), 0), None, localized=True) is None
    assert "could not be compared" in caplog.text


def test_the_first_of_the_rules_decides(sandbox):
    assert assessed(sandbox, NO_RECURSION, UNLIKE, comparability="paper").broken.kind == "recursion"
    assert assessed(sandbox, FREE, UNLIKE, comparability="paper").broken.kind == "comparability"


class Letters:
    """A tokenizer with a token for each character."""

    all_special_ids = ()

    def decode(self, ids, **_):
        return "".join(map(chr, ids))

    def convert_ids_to_tokens(self, ids):
        return list(map(chr, ids))


@pytest.mark.parametrize(("program", "reward"), [(RECURSIVE, 1.0), (UNLIKE, 0.0)])
def test_a_record_names_the_constraint_and_its_reward_is_what_the_tests_say(sandbox, program, reward):
    scorer = SampleScorer(Letters(), Assessor(sandbox, Guesses(), ProgramGate(sandbox)), Settings())
    record, evidence = scorer.score(NO_RECURSION, list(map(ord, program)), truncated=False)
    assert (record.mode, record.reward, record.passed) == (Mode.CONSTRAINT, reward, bool(reward))
    assert record.constraint == "recursion: Do not use recursion. Found: recursion."
    assert record.spans == ()
    assert evidence.program == program.rstrip("\n") or evidence.program == program
