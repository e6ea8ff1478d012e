"""Repair from above: the reference in the candidate's names, with all taken away that is not needed."""

import ast

import pytest

from verl_egca.assessment import Assessor
from verl_egca.execution.sandbox import Sandbox
from verl_egca.localization.options import Options
from verl_egca.localization.registry import make_localizer
from verl_egca.localization.repair import patches, smallest_repair
from verl_egca.localization.repair.whole import wholes
from verl_egca.localization.twins.alignment import align
from verl_egca.localization.twins.views import Reference
from verl_egca.problem import AssertionTests, Problem

REFERENCE = """def tally(words, least):
    counts = {}
    for word in words:
        word = word.strip().lower()
        counts[word] = counts.get(word, 0) + 1
    found = [word for word in counts if counts[word] >= least]
    found.sort()
    return found
"""
THREE = """def tally(ws, k):
    seen = {}
    for w in ws:
        w = w.strip()
        seen[w] = seen.get(w, 2) + 1
    out = [w for w in seen if seen[w] > k]
    out.sort()
    return out
"""
TESTS = (
    "assert tally(['a', 'b', 'A '], 2) == ['a']",
    "assert tally(['x', 'y'], 1) == ['x', 'y']",
    "assert tally(['q', 'q', 'Q', 'r'], 3) == ['q']",
    "assert tally([], 1) == []",
)


def problem_of(reference=REFERENCE, tests=TESTS, entry_point="tally"):
    return Problem(
        task_id="t", prompt="", tests=AssertionTests(assertions=tests), entry_point=entry_point, reference=reference
    )


def aligned(candidate, reference, entry_point):
    return align(ast.parse(candidate), Reference(ast.parse(reference)), entry_point)


def test_three_mistakes_are_proven_together_and_no_more_is_changed():
    with Sandbox() as sandbox:
        found = Assessor(sandbox, make_localizer("counterfactual")).assess(problem_of(), THREE, seed=0).localization
        assert found.confirmed == "full"
        edits = found.evidence["edits"]
        twin = THREE
        for edit in reversed(edits):
            twin = twin[: edit["start"]] + edit["text"] + twin[edit["end"] :]
        assert sandbox.run(problem_of(), twin).passed
    assert {THREE.count("\n", 0, edit["start"]) + 1 for edit in edits} == {4, 5, 6}
    assert len(found.ranges) == 2


@pytest.mark.parametrize(("several", "lines"), [("first", [4]), ("all", [4, 5, 6])])
def test_which_of_several_places_are_blamed_is_a_setting(sandbox, several, lines):
    localizer = make_localizer("counterfactual", Options(several=several))
    found = Assessor(sandbox, localizer).assess(problem_of(), THREE, seed=0).localization
    assert [place.line for place in found.ranges] == lines


def passes(*calls):
    """Whether a text passes, by running it here; the texts are ours."""

    def decide(text):
        space = {}
        try:
            exec(text, space)
            return all(eval(call, space) for call in calls)
        except Exception:
            return False

    return decide


@pytest.mark.parametrize(
    ("candidate", "reference", "call"),
    [
        ("def f(n):\n    return n\n", "def f(x):\n    def g(n):\n        return n + 1\n    return g(x)\n", "f(1) == 2"),
        ("def f(n):\n    return n\n", "import math\nBASE = 2\ndef f(x):\n    return math.gcd(x, BASE)\n", "f(4) == 2"),
        ("def f(n):\n    return n\n", "def h(y):\n    return y * 2\ndef f(x):\n    return h(x)\n", "f(4) == 8"),
        ("def f(n, d=1):\n    return n\n", "def f(x, y=3):\n    return x + y\n", "f(1) == 4"),
        ("def twice(a):\n    return a\ndef f(n):\n    return twice(n)\n", "def double(z):\n    return z + z\ndef f(x):\n    return double(x)\n", "f(2) == 4"),
        ("def f(n):\n    def g(m):\n        return m\n    return g(n)\n", "def h(y):\n    return y * 3\ndef f(x):\n    return h(x)\n", "f(4) == 12"),
        ("def g(m):\n    return m\ndef f(n):\n    return g(n)\n", "def f(x):\n    def h(y):\n        return y * 3\n    return h(x)\n", "f(4) == 12"),
        ("class Solution:\n    def f(self, n):\n        return n\n", "class Solution:\n    def h(self, y):\n        return -y\n    def f(self, x):\n        return self.h(x)\n", "Solution().f(2) == -2"),
    ],
    ids=["a nested function", "imports and constants", "a helper", "defaults", "another helper's name", "a helper within", "a helper within the reference", "a method"],
)  # fmt: skip
def test_the_whole_passes_by_construction(candidate, reference, call):
    entry_point = "Solution().f" if "class" in candidate else "f"
    texts = list(wholes(aligned(candidate, reference, entry_point), entry_point))
    assert texts
    assert all(passes(call)(text) for text in texts)


def test_a_script_is_repaired_as_a_whole():
    candidate = "a, b = map(int, input().split())\nprint(a - b)\n"
    reference = "x, y = map(int, input().split())\nprint(x + y)\n"
    (first, *_) = wholes(aligned(candidate, reference, None), None)
    assert first == "a, b = map(int, input().split())\nprint(a + b)"


def test_where_the_trials_end_what_has_passed_counts():
    asked = []

    def twice(text):
        asked.append(text)
        return (passes("tally(['a', 'b', 'A '], 2) == ['a']")(text)) if len(asked) <= 2 else None

    found = smallest_repair(patches(THREE, aligned(THREE, REFERENCE, "tally"), "tally"), twice, 1 / 3)
    assert found is not None
    assert len(asked) <= 4


def test_a_reference_that_does_not_pass_says_nothing():
    assert smallest_repair(patches(THREE, aligned(THREE, REFERENCE, "tally"), "tally"), lambda _: False, 1 / 3) is None
