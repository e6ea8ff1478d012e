"""A program written as a class is judged and blamed as the function that it could have been."""

from textwrap import indent

import pytest

from verl_egca.assessment import Assessor
from verl_egca.gates.complexity import measured_complexity
from verl_egca.gates.facts import facts_of
from verl_egca.gates.mode import Mode
from verl_egca.gates.static_extraction import static_constraints
from verl_egca.localization.registry import make_localizer
from verl_egca.problem import AssertionTests, CallTests, Problem
from verl_egca.source import SourceText

BIG_SUM = """def f(xs, k):
    total = 0
    for x in xs:
        if x >= k:
            total += x
    return total
"""
PALINDROME = """def f(s):
    left, right = 0, len(s) - 1
    while left < right:
        if s[left] != s[right]:
            return False
        left += 1
        right -= 1
    return True
"""
LARGEST = """def f(nums):
    best = cur = nums[0]
    for x in nums[1:]:
        cur = max(x, cur + x)
        best = max(best, cur)
    return best
"""
EXAMPLES = [
    (BIG_SUM, (">= k", "> k"), "x > k", [(([1, 2, 3], 2), 5), (([], 1), 0), (([5], 5), 5)]),
    (PALINDROME, ("right -= 1", "right -= 2"), "2", [(("abba",), True), (("abcba",), True), (("xabcbax",), True)]),
    (LARGEST, ("best = max(best, cur)", "best = cur"), "cur", [(([1],), 1), (([5, 4, -1, 7],), 15), (([3, -1],), 3)]),
]


def as_method(function):
    name, _, rest = function.partition("(")
    return "class Solution:\n" + indent(f"{name}(self, {rest}", "    ")


def same(program):
    return program


def calls(cases):
    return CallTests(arguments=tuple(given for given, _ in cases), expected=tuple(wanted for _, wanted in cases))


def assertions(called, cases):
    lines = (f"assert {called}({', '.join(map(repr, given))}) == {wanted!r}" for given, wanted in cases)
    return AssertionTests(assertions=tuple(lines))


FORMS = {
    "a function": ("f", calls, same, same),
    "a method by its name": ("f", calls, as_method, as_method),
    "a method of an object": ("Solution().f", calls, as_method, as_method),
    "assertions": ("Solution().f", lambda cases: assertions("Solution().f", cases), as_method, as_method),
    "a candidate": ("Solution().f", lambda cases: assertions("candidate", cases), as_method, as_method),
    "a method for a function": ("f", calls, as_method, same),
    "a function for a method": ("f", calls, same, as_method),
}


@pytest.fixture(scope="module")
def assess(sandbox):
    def run(program, **fields):
        assessor = Assessor(sandbox, make_localizer("egca"))
        problem = Problem(task_id=str(hash(str(fields))), prompt="", **fields)
        return assessor.assess(problem, program, seed=0)

    return run


def blamed(program, assessment):
    text = SourceText(program)
    (place,) = assessment.localization.ranges
    return program[text.offset(place.line, place.col) : text.offset(place.end_line, place.end_col)]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize(("reference", "slip", "place", "cases"), EXAMPLES, ids=["bound", "step", "update"])
def test_the_slip_is_proven_in_the_same_place(assess, form, reference, slip, place, cases):
    entry_point, tests, ours, theirs = form
    program = ours(reference.replace(*slip))
    found = assess(program, entry_point=entry_point, tests=tests(cases), reference=theirs(reference))
    assert found.mode is Mode.LOGIC
    assert found.localization.confirmed == "full"
    assert blamed(program, found) == place


STATEFUL = """class Solution:
    def f(self, xs):
        self.seen = set()
        return sum(self.weight(x) for x in xs)

    def weight(self, x):
        if x in self.seen:
            return 0
        self.seen.add(x)
        return x
"""


def test_a_slip_in_another_method_is_proven_there(assess):
    program = STATEFUL.replace("return 0", "return 1")
    cases = [(([1, 2],), 3), (([2, 2, 3],), 5), (([4, 4, 4],), 4)]
    found = assess(program, entry_point="f", tests=calls(cases), reference=STATEFUL)
    assert (found.localization.confirmed, blamed(program, found)) == ("full", "1")


def test_a_line_that_is_missing_in_a_method_is_proven(assess):
    program = STATEFUL.replace("        self.seen.add(x)\n", "")
    cases = [(([1, 2],), 3), (([2, 2, 3],), 5), (([4, 4, 4],), 4)]
    found = assess(program, entry_point="Solution().f", tests=calls(cases), reference=STATEFUL)
    assert found.localization.confirmed == "full"


@pytest.mark.parametrize("entry_point", ["f", "Solution().f"])
def test_gates_look_at_a_method_as_at_a_function(entry_point):
    for function in (BIG_SUM, PALINDROME, LARGEST):
        method = as_method(function)
        assert facts_of(method, entry_point).loop_nesting == facts_of(function, "f").loop_nesting == 1


def test_a_method_has_the_signature_of_the_function_that_it_stands_for():
    assert facts_of(as_method(BIG_SUM), "f").signatures == facts_of(BIG_SUM, "f").signatures == {"f": (2, 2)}


def test_a_method_may_change_its_object_and_not_its_arguments():
    assert not facts_of(STATEFUL, "f").mutated
    changing = "class Solution:\n    def f(self, xs):\n        xs.sort()\n        return xs\n"
    assert facts_of(changing, "Solution().f").mutated == {"xs"}


@pytest.mark.parametrize(
    ("entry_point", "tests"),
    [
        ("f", calls([(([1, 2, 3], 2), 5)])),
        ("Solution().f", calls([(([1, 2, 3], 2), 5)])),
        ("Solution().f", assertions("Solution().f", [(([1, 2, 3], 2), 5)])),
        ("Solution().f", assertions("candidate", [(([1, 2, 3], 2), 5)])),
    ],
)
def test_the_complexity_of_a_method_is_measured(sandbox, entry_point, tests):
    problem = Problem(task_id="t", prompt="", entry_point=entry_point, tests=tests)
    assert measured_complexity(sandbox, problem, as_method(BIG_SUM)) == "linear"


def test_a_module_that_programs_find_without_an_import_may_be_imported():
    reference = "def f(xs):\n    heapq.heapify(xs)\n    return np.array(xs)[0]\n"
    tests = calls([(([2, 1],), 1)])
    problem = Problem(
        task_id="t",
        prompt="",
        entry_point="f",
        tests=tests,
        reference=reference,
        preamble="import numpy as np\n",
    )
    (imports,) = [one for one in static_constraints(problem) if one.kind == "imports"]
    assert set(imports.modules) == {"heapq", "numpy"}


def test_a_case_that_builds_on_another_is_blamed_on_no_place(assess):
    reference = "class Stack:\n    def __init__(self):\n        self.items = []\n\n    def pop(self):\n        return self.items.pop()\n"
    setup = "stack = Stack()\ndef test_push():\n    stack.items.extend([1, 2])\n    assert len(stack.items) == 2\ndef test_pop():\n    assert stack.pop() == 2\n"
    tests = AssertionTests(setup=setup, assertions=("test_push()", "test_pop()"))
    found = assess(reference.replace("pop()", "pop(0)"), entry_point="Stack", tests=tests, reference=reference)
    assert (found.mode, found.localization, found.not_localized) == (Mode.LOGIC, None, "needs_other_cases")
