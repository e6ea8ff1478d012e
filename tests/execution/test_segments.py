"""Bodies of tests are cut only where that changes nothing: the verdict is what Python says of the whole."""

import pytest

from verl_egca.execution.cases import split_assertions

from ..problems import assertion_problem

STACK = """
class Stack:
    made = 0

    def __init__(self):
        self.items = []
        Stack.made += 1

    def push(self, x):
        self.items.append(x)

    def pop(self):
        return self.items.pop()

    def is_empty(self):
        return not self.items


def count():
    return Stack.made
"""
SORT = "def sort(xs):\n    xs.sort()\n"
TOTAL = "def total(xs, k=0):\n    return sum(x for x in xs if x >= k)\n"
COUNTER = "seen = []\ndef add(x):\n    seen.append(x)\n    return len(seen)\n"

TABLE = [
    # independent calls are cases of their own
    (TOTAL, "assert total([1]) == 1\nassert total([2]) == 2", 2),
    (TOTAL, "big = 10 ** 3\nassert total([big]) == big\nassert total([big, 1]) == big + 1", 2),
    (TOTAL, "want = sum([1, 2])\nassert total([1, 2]) == want\nassert total([2, 1]) == want", 2),
    (TOTAL, "xs = [1, 2]\nassert total(xs[:]) == 3\nassert total(list(xs), 2) == 2", 2),
    (TOTAL, "import copy\nxs = [[1], [2]]\nassert total(copy.deepcopy(xs)[0]) == 1\nassert total(xs[1]) == 2", 2),
    (TOTAL, "def same(xs, want):\n    assert total(xs) == want\nsame([1], 1)\nsame([2], 2)", 2),
    (TOTAL, "xs = []\nxs.append(1)\nassert total(list(range(3))) == 3\nassert total(tuple(xs)) == 1", 2),
    (TOTAL, "assert all(total([x]) == x for x in range(3))\nassert total([x for x in range(3)]) == 3", 2),
    (TOTAL, "for x in [[1], [2]]:\n    assert total(x) == sum(y for y in x if y > 0)", 2),
    (TOTAL, "import math\nfor x in [[1], [2]]:\n    assert math.isclose(total(x), x[0])", 2),
    (TOTAL, "def same(x):\n    assert total([x]) == x\nfor x in range(3):\n    same(x)", 1),
    (TOTAL, "from statistics import mean\nfor x in [[1], [2]]:\n    assert total(x) == mean(x)", 1),
    (TOTAL, "want = {1: 1}\nfor x in range(1, 3):\n    want[x] = x\n    assert total([x]) == want[x]", 2),
    # what the program made or may have changed keeps its statements together
    (TOTAL, "got = total([1, 2])\nassert got == 3\nassert isinstance(got, int)", 1),
    (TOTAL, "got = total([1, 2])\nassert got == 3\ngot = total([2])\nassert got == 2", 2),
    (SORT, "xs = [3, 1]\nassert sort(xs) is None\nassert xs == [1, 3]", 1),
    (SORT, "xs = [3, 1]\nys = xs\nassert sort(xs) is None\nassert ys == [1, 3]", 1),
    (SORT, "xs = [3, 1]\nboth = {'a': xs}\nassert sort(both['a']) is None\nassert xs == [1, 3]", 1),
    (SORT, "for xs in [[3, 1], [2, 1]]:\n    want = sorted(xs)\n    sort(xs)\n    assert xs == want", 2),
    (SORT, "xs = [3, 1]\nfor _ in range(2):\n    assert sort(xs) is None\n    assert xs == [1, 3]", 1),
    (SORT, "xs, ys = [3, 1], [2]\nfor zs in (xs, ys, xs):\n    assert sort(zs) is None\nassert xs == [1, 3]", 1),
    (STACK, "s = Stack()\ns.push(1)\nassert s.pop() == 1\nassert s.is_empty()", 1),
    (STACK, "s = Stack()\nassert s.is_empty()\nfor x in range(3):\n    s.push(x)\n    assert not s.is_empty()", 1),
    (STACK, "s = Stack()\nassert s.is_empty()\ns = Stack()\ns.push(2)\nassert s.pop() == 2", 2),
    (
        STACK,
        "def make():\n    s = Stack()\n    s.push(5)\n    return s\ns = make()\nassert s.pop() == 5\nassert s.is_empty()",
        1,
    ),
    (STACK, "before = count()\na = Stack()\nb = Stack()\nassert count() == before + 2", 1),
    # and each call is made once, so that what the program itself remembers is as it was
    (COUNTER, "add(5)\nassert add(6) == 2\nadd(7)\nassert add(8) == 4", 2),
    (COUNTER, "add(5)\nfor n in range(2, 4):\n    assert add(0) == n", 1),
    (COUNTER, "for n in range(1, 4):\n    assert add(0) == n\nassert add(0) == 4", 4),
]


def function_of(body):
    return "def test_it():\n" + "".join(f"    {line}\n" for line in body.splitlines())


@pytest.mark.parametrize(("program", "body", "cases"), TABLE)
@pytest.mark.parametrize("as_function", [True, False])
def test_a_right_program_passes_whatever_state_the_test_carries_on(sandbox, program, body, cases, as_function):
    exec(program + body, {})
    setup, item = (function_of(body), "test_it()") if as_function else ("", body)
    verdict = sandbox.run(assertion_problem(item, setup=setup, entry_point="none"), program)
    assert verdict.passed, verdict.first_failure
    assert len(verdict.cases) == cases


WRONG = [
    (STACK.replace("pop()", "pop(0)"), "s = Stack()\ns.push(1)\ns.push(2)\nassert s.pop() == 2\nassert s.pop() == 1"),
    (STACK.replace("not self.items", "True"), "s = Stack()\nassert s.is_empty()\ns.push(1)\nassert not s.is_empty()"),
    ("def sort(xs):\n    return sorted(xs)\n", "xs = [3, 1]\nsort(xs)\nassert xs == [1, 3]"),
    ("def sort(xs):\n    return sorted(xs)\n", "for xs in [[1], [3, 1]]:\n    sort(xs)\n    assert xs == sorted(xs)"),
    (TOTAL, "total(None)\nassert total([1]) == 1"),
    (TOTAL, "assert total([1]) == 1\ntotal(None)"),
    (TOTAL, "assert total([1]) == 1\ntotal(None)\nassert total([2]) == 2"),
    (TOTAL, "total(None)\nfor x in range(2):\n    assert total([x]) == x"),
    (TOTAL, "assert total([1]) == 1\nfor x in range(2):\n    total(None)\n    assert total([x]) == x"),
    (TOTAL, "xs = [1, 2]\ntotal(xs)\nassert False, 'never right'"),
]


@pytest.mark.parametrize(("program", "body"), WRONG)
@pytest.mark.parametrize("as_function", [True, False])
def test_a_wrong_program_fails_wherever_the_test_is_cut(sandbox, program, body, as_function):
    with pytest.raises((AssertionError, TypeError)):
        exec(program + body, {})
    setup, item = (function_of(body), "test_it()") if as_function else ("", body)
    assert not sandbox.run(assertion_problem(item, setup=setup, entry_point="none"), program).passed


def test_what_a_case_needs_of_the_ones_before_is_copied_and_no_more():
    body = "big = 10\nother = 5\nassert f(other) == 5\nassert f(big) == 10\nassert f(2) == 2"
    cases = split_assertions(function_of(body), ("test_it()",))
    assert [case.text for case in cases] == ["assert f(other) == 5", "assert f(big) == 10", "assert f(2) == 2"]


@pytest.mark.parametrize(
    "decision",
    [
        "with pytest.raises(ValueError):\n    f(1)",
        "pytest.raises(ValueError, f, 1)",
        "np.testing.assert_allclose(f(1), 1)",
        "assert_equal(f(1), 1)",
        "self.assertEqual(f(1), 1)",
        "if f(1) != 1:\n    pytest.fail('no')",
        "try:\n    f(1)\n    assert False\nexcept ValueError:\n    pass",
    ],
)
def test_each_way_to_decide_is_a_case(decision):
    body = f"{decision}\n{decision}\nassert f(2) == 2"
    assert len(split_assertions(function_of(body), ("test_it()",))) == 3


def test_a_thousand_assertions_are_cut_in_no_time_worth_mention():
    body = "\n".join(f"big = {n}\nassert f(big, [{n}]) == {n}" for n in range(1000))
    assert len(split_assertions(function_of(body), ("test_it()",))) == 1000
