"""What the static extractor asks is kept by the reference, and by the reference in other words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truth.rewrite import rewritten
from verl_egca.data.formats import load_problems
from verl_egca.gates.check import broken_constraints
from verl_egca.gates.static_extraction import static_constraints

from .constrained_problems import constrained_problem

BREAKS_ON_PURPOSE = {"LinearRecursionToLoop", "TailCallToLoop"}  # whose point it is that nothing recurses


@pytest.fixture(scope="module")
def references(shared_data):
    return [p for name in ("HumanEval.jsonl.gz", "mbpp.jsonl") for p in load_problems(shared_data / name)]


def test_every_reference_keeps_its_own_constraints(references):
    for problem in references:
        constraints = static_constraints(problem)
        assert constraints, problem.task_id
        assert not list(broken_constraints(constraints, problem.reference, problem.entry_point)), problem.task_id


@given(place=st.integers(0, 1137), seed=st.integers(0, 1 << 30))
def test_the_reference_in_other_words_keeps_them_but_for_recursion_that_became_a_loop(references, place, seed):
    problem = references[place % len(references)]
    other = rewritten(problem.reference, problem.entry_point, seed)
    broken = {one.kind for one in broken_constraints(static_constraints(problem), other.source, problem.entry_point)}
    assert broken <= ({"recursion"} if BREAKS_ON_PURPOSE & set(other.applied) else set())


def test_no_reference_asks_nothing():
    assert static_constraints(constrained_problem(reference=None)) == ()
    assert static_constraints(constrained_problem(reference="def f(")) == ()


def test_what_is_asked_reads_as_a_persons_list():
    reference = (
        "from collections import deque\n\ndef f(xs, n):\n    q = deque(sorted(xs))\n    return q.popleft() + n\n"
    )
    words = [one.words for one in static_constraints(constrained_problem(reference=reference))]
    assert words == [
        "Define a function f with 2 parameters.",
        "Do not use recursion.",
        "Do not nest loops.",
        "Use a deque.",
        "Do not use dictionaries, sets or a heap.",
        "Use sorted() or list.sort().",
        "Import nothing but collections.",
        "Do not change the arguments.",
    ]
