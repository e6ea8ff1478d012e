"""More modules of tests: what people do in theirs beside calling a function and comparing."""

from .modules_of_llms import module
from .modules_of_tests import BIG_SUM, FIFO, LATER, STACK

SLIP, QUEUE = LATER[0], FIFO[0]

MODULES = [
    module(
        "global-object",
        """
from solution import Stack
stack = Stack()
def test_a():
    stack.push(1); stack.push(2)
    assert stack.size() == 2
def test_b():
    assert stack.pop() == 2
    assert stack.pop() == 1
""",
        STACK,
        QUEUE,
    ),
    module(
        "setup-module",
        """
from solution import Stack
stack = None
def setup_module(module):
    global stack
    stack = Stack()
    stack.push(1)
    stack.push(2)
def teardown_module():
    stack.items.clear()
def test_b():
    assert stack.pop() == 2
""",
        STACK,
        QUEUE,
    ),
    module(
        "setup-function",
        """
from solution import Stack
state = {}
def setup_function(function):
    state['s'] = Stack()
    state['s'].push(1); state['s'].push(2)
def teardown_function():
    state.clear()
def test_a():
    assert state['s'].pop() == 2
def test_b():
    assert state['s'].size() == 2
""",
        STACK,
        QUEUE,
    ),
    module(
        "class-attribute-object",
        """
from solution import Stack
class TestS:
    shared = []
    def test_a(self):
        s = Stack(); s.push(1); s.push(2)
        self.shared.append(s.pop())
        assert self.shared == [2]
    def test_b(self):
        assert self.shared == [2]
        assert Stack().is_empty()
""",
        STACK,
        QUEUE,
    ),
    module(
        "class-parametrize",
        """
import pytest
from solution import big_sum
@pytest.mark.parametrize("k,want", [(0, 3), (2, 2)])
class TestIt:
    def test_list(self, k, want):
        assert big_sum([1, 2], k) == want
    @pytest.mark.parametrize("kind", [tuple, list], ids=lambda k: k.__name__)
    def test_kind(self, kind, k, want):
        assert big_sum(kind([1, 2]), k) == want
""",
        BIG_SUM,
        SLIP,
        cases=6,
    ),
    module(
        "mixin",
        """
import unittest
from solution import big_sum
class Checks:
    def check(self, xs, k, want):
        got = big_sum(xs, k)
        self.assertEqual(got, want, msg=f"{xs} {k}")
    def test_shared(self):
        self.check([1, 2], 2, self.WANT)
class TestA(Checks, unittest.TestCase):
    WANT = 2
class TestB(Checks, unittest.TestCase):
    WANT = 2
    def test_own(self):
        self.check([], 2, 0)
""",
        BIG_SUM,
        SLIP,
    ),
    module(
        "control-flow",
        """
from solution import big_sum
def test_while():
    n = 0
    while n < 3:
        assert big_sum([n], n) == n
        n += 1
def test_zip():
    for xs, want in zip([[1], [2, 3]], [1, 5]):
        if len(xs) == 1:
            assert big_sum(xs, 1) == want
        else:
            assert big_sum(xs) == want
def test_try():
    try:
        result = big_sum(None)
    except TypeError as error:
        assert 'None' in str(error)
    else:
        assert False, result
def test_all():
    assert all(big_sum([n], n) == n for n in range(4)), "some"
    assert not big_sum([])
    assert big_sum([1]) in (1, 2)
    assert 0 < big_sum([1], 1) < 2
    assert (big_sum([1]), big_sum([2])) == (1, 2)
    assert [big_sum([n]) for n in range(3)] == [0, 1, 2]
    assert {k: big_sum([k], k) for k in (1, 2)} == {1: 1, 2: 2}
def test_nested():
    def expected(xs, k):
        return 0 if not xs else (xs[0] if xs[0] >= k else 0) + expected(xs[1:], k)
    for k in range(3):
        xs = list(range(5))
        assert big_sum(xs, k) == expected(xs, k)
def test_lambda():
    want = lambda xs, k: sum(x for x in xs if x >= k)
    cases = {"a": ([1, 2], 2), "b": ([], 1)}
    for name, (xs, k) in cases.items():
        assert big_sum(xs, k) == want(xs, k), name
def test_break():
    for n in range(10):
        if n == 3:
            break
        assert big_sum([n], n) == n
def test_enumerate():
    wanted = [0, 1, 3]
    total = []
    for i, w in enumerate(wanted):
        total.append(i)
        assert big_sum(total) == w
""",
        BIG_SUM,
        SLIP,
    ),
    module(
        "raises-many",
        """
import pytest
from solution import Stack
def test_many():
    s = Stack(limit=1)
    with pytest.raises(IndexError):
        s.pop()
    s.push(1)
    with pytest.raises(OverflowError) as e:
        s.push(2)
    assert str(e.value) == "stack is full"
    assert e.value.args == ("stack is full",)
    with pytest.raises(Exception):
        s.push(3)
    assert s.size() == 1
def test_not_raised():
    s = Stack(limit=2)
    s.push(1)
    s.push(2)
def test_match():
    with pytest.raises(IndexError, match=r"empty \\w+"):
        Stack().pop()
""",
        STACK,
        (">= self.limit", "> self.limit"),
        ("pop from empty stack", "nothing"),
        ("raise OverflowError", "raise ValueError"),
    ),
    module(
        "globals-and-helpers",
        """
import json
from collections import defaultdict
from solution import big_sum
CALLS = 0
DATA = json.loads('[[1, 2], [3]]')
EXPECTED = {2: 5, 0: 6}
def run(xs, k):
    global CALLS
    CALLS += 1
    return big_sum(xs, k)
def flat(xss):
    out = []
    for xs in xss:
        out.extend(xs)
    return out
def test_data():
    for k, want in EXPECTED.items():
        assert run(flat(DATA), k) == want
    assert CALLS == 2
def test_groups():
    groups = defaultdict(list)
    for n in range(6):
        groups[n % 2].append(n)
    assert run(groups[0], 2) == 6
    assert run(groups[1], 2) == 8
""",
        BIG_SUM,
        SLIP,
    ),
    module(
        "main-runs-all",
        """
from solution import big_sum
def run_tests():
    tests = [([1, 2], 2, 2), ([], 0, 0)]
    for i, (xs, k, want) in enumerate(tests):
        result = big_sum(xs, k)
        assert result == want, f"Test {i} failed: {result}"
    print("ok")
if __name__ == "__main__":
    run_tests()
""",
        BIG_SUM,
        SLIP,
        cases=2,
    ),
    module(
        "top-level-loop",
        """
from solution import big_sum
tests = [
    {"input": [[1, 2], 2], "output": 2},
    {"input": [[], 0], "output": 0},
]
for t in tests:
    assert big_sum(*t["input"]) == t["output"]
print("passed")
""",
        BIG_SUM,
        SLIP,
        cases=2,
    ),
    module(
        "test-returns-true",
        """
from solution import big_sum
def test_a():
    assert big_sum([2], 2) == 2
    return True
def test_b():
    result = big_sum([2], 2)
    if result != 2:
        raise AssertionError(f"got {result}")
""",
        BIG_SUM,
        SLIP,
    ),
    module(
        "unittest-more",
        """
import unittest
from unittest import TestCase, main
from solution import Stack, big_sum
class TestStack(TestCase):
    maxDiff = None
    def setUp(self):
        self.s = Stack(limit=2)
        self.addCleanup(self.s.items.clear)
    def test_dict(self):
        self.assertDictEqual({1: big_sum([1], 1)}, {1: 1})
        self.assertSequenceEqual([big_sum([1])], (1,))
        self.assertTupleEqual((1,), (big_sum([1]),))
        self.assertSetEqual({big_sum([1])}, {1})
        self.assertGreaterEqual(big_sum([3], 3), 3)
        self.assertLess(big_sum([]), 1)
        self.assertNotIn(big_sum([]), [1, 2])
        self.assertIsNot(big_sum([]), None)
        self.assertNotIsInstance(big_sum([]), str)
        self.assertAlmostEquals if False else None
        self.assertMultiLineEqual(str(big_sum([4], 4)), '4')
    def test_limit(self):
        self.s.push(1)
        self.s.push(2)
        self.assertRaisesRegex(OverflowError, 'full', self.s.push, 3)
        self.assertEqual(first=self.s.size(), second=2)
        self.assertEqual(self.s.pop(), 2, "last in first out")
    def test_fail(self):
        try:
            self.s.pop()
        except IndexError:
            return
        self.fail("no error")
    def runs(self):
        pass
if __name__ == "__main__":
    main(verbosity=2)
""",
        STACK + "\n" + BIG_SUM,
        SLIP,
        QUEUE,
        ("raise IndexError", "return ValueError"),
        ("stack is full", "x"),
    ),
    module(
        "float-lists",
        """
import math
import pytest
from solution import scale
def test_a():
    assert scale([0.1, 0.2], 3) == pytest.approx([0.3, 0.6])
    assert scale([], 2) == []
    for got, want in zip(scale([0.1, 0.7], 3), [0.3, 2.1]):
        assert math.isclose(got, want, rel_tol=1e-9)
    assert all(abs(a - b) < 1e-9 for a, b in zip(scale([0.1], 3), [0.3]))
    assert scale([1], 2) == pytest.approx([2], abs=1e-3)
    assert {'a': scale([0.1], 3)[0]} == pytest.approx({'a': 0.3})
    assert math.isnan(scale([float('nan')], 1)[0])
    assert scale([float('inf')], 1)[0] == math.inf
""",
        "def scale(xs, k):\n    return [x * k for x in xs]\n",
        ("x * k", "x + k"),
    ),
    module(
        "type-names",
        """
from typing import List, Optional
from solution import find
def test_a():
    xs: List[int] = [1, 2]
    r: Optional[int] = find(xs, 2)
    assert r == 1
    assert find(xs, 9) is None
    assert type(find(xs, 1)) is int
    assert type(find(xs, 1)) == int
    assert isinstance(find(xs, 9), type(None))
    assert callable(find)
    assert find.__name__ == 'find'
    assert find.__doc__
""",
        "def find(xs, x):\n    '''Where it is.'''\n    return xs.index(x) if x in xs else None\n",
        ("else None", "else -1"),
        ("'''Where it is.'''", "pass"),
    ),
]
