"""Small modules of tests in the ways that people and LLMs write them, each with a right program and edits that break it.

Each was run under pytest 9.2 with its program as solution.py: the right one passes there, the wrong ones fail.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Module:
    """``wrong`` are (text, replacement) pairs in ``program``; each makes a program that fails. ``cases`` where it matters."""

    name: str
    tests: str
    program: str
    wrong: tuple[tuple[str, str], ...]
    cases: int | None = None

    def wrong_programs(self):
        for text, replacement in self.wrong:
            assert text in self.program, (self.name, text)
            yield self.program.replace(text, replacement)


BIG_SUM = """def big_sum(nums, k=0):
    total = 0
    for x in nums:
        if x >= k:
            total += x
    return total
"""
LATER = ((">=", ">"),)

STACK = """class Stack:
    def __init__(self, limit=None):
        self.items = []
        self.limit = limit

    def push(self, x):
        if self.limit is not None and len(self.items) >= self.limit:
            raise OverflowError("stack is full")
        self.items.append(x)

    def pop(self):
        if not self.items:
            raise IndexError("pop from empty stack")
        return self.items.pop()

    def peek(self):
        return self.items[-1] if self.items else None

    def is_empty(self):
        return len(self.items) == 0

    def size(self):
        return len(self.items)
"""
FIFO = (("self.items.pop()", "self.items.pop(0)"),)

IMPORTS = [
    Module(
        "from-solution",
        "from solution import big_sum\n\ndef test_a():\n    assert big_sum([1, 2], 2) == 2\n",
        BIG_SUM,
        LATER,
    ),
    Module("star", "from solution import *\n\ndef test_a():\n    assert big_sum([1, 2], 2) == 2\n", BIG_SUM, LATER),
    Module("nothing-imported", "def test_a():\n    assert big_sum([1, 2], 2) == 2\n", BIG_SUM, LATER),
    Module("module", "import solution\n\ndef test_a():\n    assert solution.big_sum([1, 2], 2) == 2\n", BIG_SUM, LATER),
    Module(
        "module-alias", "import solution as s\n\ndef test_a():\n    assert s.big_sum([1, 2], 2) == 2\n", BIG_SUM, LATER
    ),
    Module(
        "name-alias",
        "from solution import big_sum as f\n\ndef test_a():\n    assert f([1, 2], 2) == 2\n",
        BIG_SUM,
        LATER,
    ),
    Module(
        "alias-of-a-name-that-the-tests-define",
        "from solution import big_sum as program_s\n\ndef big_sum(xs, k):\n    return sum(x for x in xs if x >= k)\n\n"
        "def test_a():\n    for xs in ([1, 2], [2], []):\n        assert program_s(xs, 2) == big_sum(xs, 2)\n",
        BIG_SUM,
        LATER,
    ),
    Module(
        "module-with-a-local-of-the-same-name",
        "import solution\n\ndef test_a():\n    big_sum = solution.big_sum\n    assert big_sum([1, 2], 2) == 2\n",
        BIG_SUM,
        LATER,
    ),
    Module(
        "in-the-test",
        "def test_a():\n    from solution import big_sum\n    assert big_sum([1, 2], 2) == 2\n",
        BIG_SUM,
        LATER,
    ),
    Module(
        "either-module",
        "try:\n    from solution import big_sum\nexcept ImportError:\n    from main import big_sum\n\n"
        "def test_a():\n    assert big_sum([1, 2], 2) == 2\n",
        BIG_SUM,
        LATER,
    ),
    Module(
        "path-first",
        "import os\nimport sys\nHERE = os.path.dirname(os.path.abspath(__file__))\nsys.path.insert(0, HERE)\n"
        "from solution import big_sum\n\ndef test_a():\n    assert big_sum([1, 2], 2) == 2\n",
        BIG_SUM,
        LATER,
    ),
]

PLAIN = [
    Module(
        "assertions",
        "from solution import big_sum\nassert big_sum([1, 2], 2) == 2\nassert big_sum([]) == 0\n",
        BIG_SUM,
        LATER,
        2,
    ),
    Module(
        "assertions-with-variables",
        "from solution import big_sum\nxs = [1, 2]\nassert big_sum(xs) == 3\nxs = [5]\nassert big_sum(xs, 5) == 5\n",
        BIG_SUM,
        LATER,
        2,
    ),
    Module(
        "assertions-on-one-object",
        "from solution import Stack\ns = Stack()\ns.push(1)\ns.push(2)\nassert s.pop() == 2\nassert s.pop() == 1\nassert s.is_empty()\n",
        STACK,
        FIFO,
        1,
    ),
    Module(
        "check-of-candidate",
        "from solution import big_sum\ndef check(candidate):\n    assert candidate([1, 2], 2) == 2\n    assert candidate([]) == 0\n\ncheck(big_sum)\n",
        BIG_SUM,
        LATER,
        2,
    ),
    Module(
        "check-of-a-method",
        "from solution import Solution\ndef check(candidate):\n    assert candidate(nums=[1, 2], k=2) == 2\n\ncheck(Solution().big_sum)\n",
        "class Solution:\n    def big_sum(self, nums, k):\n        return sum(x for x in nums if x >= k)\n",
        LATER,
    ),
    Module(
        "a-script-of-test-functions",
        "from solution import big_sum\n\ndef test_one():\n    assert big_sum([1, 2], 2) == 2\n\ndef test_none():\n    assert big_sum([]) == 0\n\n"
        'if __name__ == "__main__":\n    test_one()\n    test_none()\n    print("All tests passed!")\n',
        BIG_SUM,
        LATER,
        2,
    ),
    Module(
        "loop-over-a-table",
        "from solution import big_sum\n\nCASES = [\n    ([1, 2], 2, 2),\n    ([], 0, 0),\n]\n\ndef test_table():\n"
        "    for nums, k, want in CASES:\n        got = big_sum(nums, k)\n        assert got == want, f'{nums}, {k}: {got}'\n",
        BIG_SUM,
        LATER,
        2,
    ),
    Module(
        "helper-that-asserts",
        "from solution import big_sum\n\ndef same(nums, k, want):\n    assert big_sum(nums, k) == want\n\ndef test_a():\n"
        "    same([1, 2], 2, 2)\n    same([], 0, 0)\n",
        BIG_SUM,
        LATER,
        2,
    ),
    Module(
        "helper-that-prepares",
        "from solution import Stack\n\ndef make(*xs):\n    s = Stack()\n    for x in xs:\n        s.push(x)\n    return s\n\n"
        "def test_a():\n    s = make(1, 2, 3)\n    assert s.size() == 3\n    assert s.pop() == 3\n    assert s.size() == 2\n",
        STACK,
        FIFO,
    ),
    Module(
        "random-inputs",
        "import random\nfrom solution import big_sum\n\ndef test_random():\n    rng = random.Random(3)\n    for _ in range(20):\n"
        "        xs = [rng.randint(0, 5) for _ in range(6)]\n        assert big_sum(xs, 3) == sum(x for x in xs if x >= 3)\n",
        BIG_SUM,
        LATER,
    ),
]

PYTEST = [
    Module(
        "parametrize",
        "import pytest\nfrom solution import big_sum\n\n@pytest.mark.parametrize('nums, k, want', [([5], 5, 5), ([1], 5, 0), pytest.param([5, 6], 6, 6, id='two')])\n"
        "def test_a(nums, k, want):\n    assert big_sum(nums, k) == want\n",
        BIG_SUM,
        LATER,
        3,
    ),
    Module(
        "parametrize-names-as-a-list-and-more-statements",
        "import pytest\nfrom solution import big_sum\n\n@pytest.mark.parametrize(['nums', 'want'], [([5, 1], 6), ([], 0)], ids=['some', 'none'])\n"
        "def test_a(nums, want):\n    got = big_sum(nums, 1)\n    assert isinstance(got, int)\n    assert got == want\n",
        BIG_SUM,
        LATER,
        2,
    ),
    Module(
        "parametrize-computed",
        "import pytest\nfrom solution import big_sum\n\n@pytest.mark.parametrize('n', range(5))\n@pytest.mark.parametrize('k', [0, 2])\n"
        "def test_a(n, k):\n    assert big_sum(range(n), k) == sum(x for x in range(n) if x >= k)\n",
        BIG_SUM,
        LATER,
        10,
    ),
    Module(
        "parametrize-one-by-one",
        "from pytest import mark, param\nfrom solution import big_sum\nCASES = [param([2], 2), param([], 0, marks=mark.skip), param([1], 1)]\n\n"
        "@mark.parametrize('nums, want', CASES)\ndef test_a(nums, want):\n    assert big_sum(nums, want) == want\n",
        BIG_SUM,
        LATER,
        2,
    ),
    Module(
        "raises",
        "import pytest\nfrom solution import Stack\n\ndef test_empty():\n    with pytest.raises(IndexError):\n        Stack().pop()\n\n"
        "def test_text():\n    s = Stack(limit=1)\n    s.push(1)\n    with pytest.raises(OverflowError, match='full'):\n        s.push(2)\n",
        STACK,
        (("raise IndexError", "return ValueError"), ("stack is full", "no"), (">= self.limit", "> self.limit")),
        2,
    ),
    Module(
        "raises-and-looks-at-the-error",
        "import pytest\nfrom solution import Stack\n\ndef test_empty():\n    with pytest.raises(IndexError) as caught:\n        Stack().pop()\n"
        "    assert 'empty' in str(caught.value)\n    assert caught.type is IndexError or issubclass(caught.type, IndexError)\n",
        STACK,
        (("pop from empty stack", "no"),),
        1,
    ),
    Module(
        "raises-called",
        "import pytest\nfrom solution import big_sum\n\ndef test_none():\n    pytest.raises(TypeError, big_sum, None, 1)\n    assert big_sum([2], 2) == 2\n",
        BIG_SUM,
        ((">=", ">"), ("for x in nums", "for x in nums or []")),
    ),
    Module(
        "raises-one-of-several",
        "import pytest\nfrom solution import big_sum\n\n@pytest.mark.parametrize('bad', [None, 5, ['a']])\ndef test_bad(bad):\n"
        "    with pytest.raises((TypeError, ValueError)):\n        big_sum(bad, 1)\n",
        BIG_SUM,
        (("for x in nums", "for x in nums or []"),),
        3,
    ),
    Module(
        "try-and-fail",
        "import pytest\nfrom solution import big_sum\n\ndef test_none():\n    try:\n        big_sum(None)\n        pytest.fail('no error')\n    except TypeError:\n        pass\n",
        BIG_SUM,
        (("for x in nums", "for x in nums or []"),),
    ),
    Module(
        "approx",
        "import pytest\nfrom solution import mean\n\ndef test_a():\n    assert mean([0.1, 0.2]) == pytest.approx(0.15)\n"
        "    assert mean([1, 2]) == pytest.approx(1.5, rel=1e-3)\n    assert [mean([1])] == pytest.approx([1.0])\n",
        "def mean(xs):\n    return sum(xs) / len(xs)\n",
        (("len(xs)", "2"),),
        3,
    ),
    Module(
        "fixture",
        "import pytest\nfrom solution import Stack\n\n@pytest.fixture\ndef stack():\n    s = Stack()\n    s.push(1)\n    s.push(2)\n    return s\n\n"
        "def test_pop(stack):\n    assert stack.pop() == 2\n\ndef test_size(stack):\n    assert stack.size() == 2\n    stack.pop()\n    assert stack.size() == 1\n",
        STACK,
        FIFO,
        2,
    ),
    Module(
        "fixture-of-a-fixture-that-yields",
        "import pytest\nfrom solution import Stack\n\n@pytest.fixture()\ndef xs():\n    return [1, 2, 3]\n\n@pytest.fixture\ndef stack(xs):\n    s = Stack()\n"
        "    for x in xs:\n        s.push(x)\n    yield s\n    while not s.is_empty():\n        s.pop()\n\n"
        "def test_pop(stack, xs):\n    assert stack.pop() == xs[-1]\n",
        STACK,
        FIFO,
        1,
    ),
    Module(
        "fixture-shared-and-used-by-all",
        "import pytest\nfrom solution import Stack\nlog = []\n\n@pytest.fixture(scope='module')\ndef stack():\n    s = Stack()\n    yield s\n    s.items = None\n\n"
        "@pytest.fixture(autouse=True)\ndef logged():\n    log.append(1)\n\n"
        "def test_first(stack):\n    stack.push(1)\n    stack.push(2)\n    assert stack.size() == 2\n\ndef test_second(stack):\n    assert stack.pop() == 2\n    assert len(log) == 2\n",
        STACK,
        FIFO,
        3,
    ),
    Module(
        "fixture-with-parameters",
        "import pytest\nfrom solution import big_sum\n\n@pytest.fixture(params=[1, 2])\ndef n(request):\n    return request.param\n\n"
        "@pytest.mark.parametrize('k', [0, 1])\ndef test_a(n, k):\n    assert big_sum([n], k) == n\n",
        BIG_SUM,
        LATER,
        4,
    ),
    Module(
        "fixture-that-is-a-function",
        "import pytest\nfrom solution import Stack\n\n@pytest.fixture(name='make')\ndef make_fixture():\n    def _make(*xs):\n        s = Stack()\n        for x in xs:\n            s.push(x)\n        return s\n    return _make\n\n"
        "def test_a(make):\n    assert make(1, 2).pop() == 2\n    assert make().is_empty()\n",
        STACK,
        FIFO,
    ),
    Module(
        "skips-and-expected-failures",
        "import sys\nimport pytest\nfrom solution import big_sum\n\n@pytest.mark.skip(reason='slow')\ndef test_slow():\n    assert big_sum([1]) == 5\n\n"
        "@pytest.mark.skipif(sys.version_info < (3, 5), reason='old')\ndef test_new():\n    assert big_sum([2], 2) == 2\n\n"
        "@pytest.mark.skipif(sys.version_info > (3, 5), reason='new')\ndef test_old():\n    assert big_sum([2], 2) == 3\n\n"
        "@pytest.mark.xfail\ndef test_no():\n    assert big_sum([1]) == 7\n\n@pytest.mark.slow\ndef test_marked():\n    assert big_sum([3]) == 3\n",
        BIG_SUM,
        LATER,
    ),
    Module(
        "class",
        "from solution import big_sum\n\nclass TestBigSum:\n    def test_some(self):\n        assert big_sum([1, 2], 2) == 2\n        assert big_sum([1, 2], 0) == 3\n\n    def test_none(self):\n        assert big_sum([]) == 0\n",
        BIG_SUM,
        LATER,
        3,
    ),
    Module(
        "class-with-set-up-and-helpers",
        "import pytest\nfrom solution import Stack\n\nclass TestStack:\n    XS = (1, 2)\n\n    def setup_method(self):\n        self.stack = Stack()\n        for x in self.XS:\n            self.stack.push(x)\n\n"
        "    def size_is(self, n):\n        assert self.stack.size() == n\n\n    def test_pop(self):\n        assert self.stack.pop() == 2\n        self.size_is(1)\n\n"
        "    @pytest.mark.parametrize('x', [7, 8])\n    def test_push(self, x):\n        self.stack.push(x)\n        assert self.stack.pop() == x\n        self.size_is(2)\n",
        STACK,
        FIFO,
        3,
    ),
    Module(
        "class-with-fixtures",
        "import pytest\nfrom solution import Stack\n\nclass TestStack:\n    @pytest.fixture\n    def stack(self):\n        return Stack()\n\n    @pytest.fixture(autouse=True)\n    def filled(self, stack):\n        stack.push(1)\n        stack.push(2)\n\n"
        "    def test_pop(self, stack):\n        assert stack.pop() == 2\n\n    @staticmethod\n    def test_static():\n        assert Stack().is_empty()\n",
        STACK,
        FIFO,
        2,
    ),
    Module(
        "imported-packages",
        "import math\nimport pytest\nnp = pytest.importorskip('numpy')\nfrom solution import mean\n\ndef test_a():\n    np.testing.assert_allclose(mean([0.1, 0.2]), 0.15)\n"
        "    assert math.isclose(mean([1, 2]), 1.5)\n",
        "def mean(xs):\n    return sum(xs) / len(xs)\n",
        (("len(xs)", "3"),),
        2,
    ),
]

UNITTEST = [
    Module(
        "test-case",
        "import unittest\nfrom solution import big_sum\n\nclass TestBigSum(unittest.TestCase):\n    def test_some(self):\n        self.assertEqual(big_sum([1, 2], 2), 2)\n        self.assertTrue(big_sum([1]) == 1, 'one')\n        self.assertIsInstance(big_sum([]), int)\n\n"
        "    def test_none(self):\n        self.assertFalse(big_sum([]))\n\nif __name__ == '__main__':\n    unittest.main()\n",
        BIG_SUM,
        LATER,
        4,
    ),
    Module(
        "expected-errors",
        "import unittest\nfrom solution import Stack\n\nclass T(unittest.TestCase):\n    def test_with(self):\n        with self.assertRaises(IndexError):\n            Stack().pop()\n\n"
        "    def test_called(self):\n        self.assertRaises(IndexError, Stack().pop)\n\n"
        "    def test_text(self):\n        with self.assertRaisesRegex(IndexError, 'empty'):\n            Stack().pop()\n\n"
        "    def test_caught(self):\n        with self.assertRaises(IndexError) as caught:\n            Stack().pop()\n        self.assertIn('stack', str(caught.exception))\n",
        STACK,
        (("raise IndexError", "return ValueError"), ("pop from empty stack", "no"), ("IndexError", "KeyError")),
        4,
    ),
    Module(
        "set-up-and-tear-down",
        "import unittest\nfrom solution import Stack\n\nclass TestStack(unittest.TestCase):\n    def setUp(self):\n        self.stack = Stack()\n        self.stack.push(1)\n\n    def tearDown(self):\n        self.stack.items.clear()\n\n"
        "    def test_push(self):\n        self.stack.push(2)\n        self.assertEqual(self.stack.pop(), 2)\n        self.assertEqual(self.stack.size(), 1)\n",
        STACK,
        FIFO,
        1,
    ),
    Module(
        "set-up-once",
        "import unittest\nfrom solution import Stack\n\nclass TestStack(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        cls.stack = Stack()\n\n"
        "    def test_1_push(self):\n        self.stack.push(1)\n        self.stack.push(2)\n        self.assertEqual(self.stack.size(), 2)\n\n    def test_2_pop(self):\n        self.assertEqual(self.stack.pop(), 2)\n",
        STACK,
        FIFO,
        2,
    ),
    Module(
        "sub-tests",
        "import unittest\nfrom solution import big_sum\n\nclass TestBigSum(unittest.TestCase):\n    def test_all(self):\n        for nums, k, want in [([1, 2], 2, 2), ([], 0, 0)]:\n            with self.subTest(nums=nums, k=k):\n                self.assertEqual(big_sum(nums, k), want)\n",
        BIG_SUM,
        LATER,
        2,
    ),
    Module(
        "almost-equal-and-others",
        "import unittest\nfrom solution import parts\n\nclass TestParts(unittest.TestCase):\n    def test_values(self):\n        self.assertAlmostEqual(parts(1, 3)[0], 0.333333333)\n        self.assertAlmostEqual(parts(1, 3)[0], 0.33, places=2)\n        self.assertAlmostEqual(parts(1, 3)[0], 0.3, delta=0.1)\n"
        "        self.assertCountEqual(parts(1, 2), [2, 0.5])\n        self.assertListEqual(list(parts(4, 2)), [2.0, 2])\n        self.assertGreater(parts(1, 2)[1], 1)\n        self.assertNotEqual(parts(1, 2)[0], 1)\n        self.assertIsNone(parts(1, 0))\n        self.assertIn(2.0, parts(4, 2))\n        self.assertRegex(str(parts(4, 2)[0]), r'2\\.0')\n",
        "def parts(a, b):\n    if b == 0:\n        return None\n    return a / b, b\n",
        (("a / b", "a // b"), ("b == 0", "b == 1")),
        10,
    ),
    Module(
        "inherited",
        "import unittest\nfrom solution import big_sum\n\nclass Base(unittest.TestCase):\n    def same(self, nums, want):\n        self.assertEqual(big_sum(nums, 2), want)\n\nclass TestSome(Base):\n    def test_a(self):\n        self.same([1, 2], 2)\n        self.same([], 0)\n",
        BIG_SUM,
        LATER,
    ),
    Module(
        "skips",
        "import unittest\nfrom solution import big_sum\n\nclass TestSome(unittest.TestCase):\n    @unittest.skip('later')\n    def test_no(self):\n        self.assertEqual(big_sum([1]), 8)\n\n    @unittest.skipIf(1 > 2, 'never')\n    def test_a(self):\n        self.assertEqual(big_sum([2], 2), 2)\n",
        BIG_SUM,
        LATER,
        1,
    ),
    Module(
        "numpy",
        "import unittest\nimport numpy as np\nfrom solution import mean\n\nclass TestCases(unittest.TestCase):\n    def test_case_1(self):\n        np.testing.assert_almost_equal(mean([1.0, 2.0]), 1.5)\n    def test_case_2(self):\n        self.assertTrue(np.isclose(mean([0.1, 0.2]), 0.15))\n",
        "def mean(xs):\n    return sum(xs) / len(xs)\n",
        (("len(xs)", "3"),),
        2,
    ),
]

MODULES = [*IMPORTS, *PLAIN, *PYTEST, *UNITTEST]
