"""Modules of tests, as people have them: right programs pass and wrong ones fail, as under pytest; the rest is refused."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verl_egca.data.pytest_modules import entry_point_of, module_tests
from verl_egca.data.rows import BadInput
from verl_egca.execution.verdict import Outcome
from verl_egca.problem import Problem

from . import modules_of_llms, modules_of_people, modules_of_tests

MODULES = [*modules_of_tests.MODULES, *modules_of_llms.MODULES, *modules_of_people.MODULES]
BY_NAME = {module.name: module for module in MODULES}


def read(source, **options):
    return module_tests(source, lambda why: BadInput("test_it.py", None, None, why), **options)


def problem(module):
    tests, entry = read(module.tests, reference=module.program)
    return Problem(task_id=module.name, prompt="", tests=tests, entry_point=entry, reference=module.program)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_right_program_passes_and_a_wrong_one_fails(sandbox, module):
    judged = problem(module)
    verdict = sandbox.run(judged, module.program)
    assert verdict.passed, verdict.first_failure
    assert module.cases in (None, len(verdict.cases)), [case.case for case in verdict.cases]
    for program in module.wrong_programs():
        failure = sandbox.run(judged, program).first_failure
        assert failure is not None, program
        assert failure.outcome in (Outcome.WRONG, Outcome.EXCEPTION), (failure, program)


@pytest.mark.parametrize("module", modules_of_llms.NEVER_WRONG, ids=lambda module: module.name)
def test_what_has_no_verdict_is_no_verdict(sandbox, module):
    judged = problem(module)
    failure = sandbox.run(judged, module.program).first_failure
    assert failure is None or failure.outcome is Outcome.UNSUPPORTED
    for program in module.wrong_programs():
        assert not sandbox.run(judged, program).passed


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_the_tests_are_the_same_without_a_reference(module):
    with_one, without = read(module.tests, reference=module.program), read(module.tests)
    assert with_one[0] == without[0]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "parametrize",
            ["assert big_sum([5], 5) == 5", "assert big_sum([1], 5) == 0", "assert big_sum([5, 6], 6) == 6"],
        ),
        ("test-case", ["TestBigSum_test_none()", "TestBigSum_test_some()"]),
        ("assertions", ["assert big_sum([1, 2], 2) == 2", "assert big_sum([]) == 0"]),
        ("check-of-a-method", ["check(candidate)"]),
        ("fixture-with-parameters", ["test_a(0, 1)", "test_a(0, 2)", "test_a(1, 1)", "test_a(1, 2)"]),
        ("parametrize-computed", ["test_a_all()"]),
    ],
)
def test_each_run_of_a_test_is_an_assertion(name, texts):
    assert [*read(BY_NAME[name].tests)[0].assertions] == texts


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("from-solution", "big_sum"),
        ("module-alias", "big_sum"),
        ("name-alias", "big_sum"),
        ("alias-of-a-name-that-the-tests-define", "big_sum"),
        ("check-of-a-method", "Solution().big_sum"),
        ("fixture", "Stack"),
        ("helper-that-asserts", "big_sum"),
        ("test-case", "big_sum"),
        ("linked-list", "LinkedList"),
        ("graph", "shortest_path"),
    ],
)
def test_the_entry_point_is_what_the_tests_call(name, entry):
    assert read(BY_NAME[name].tests, reference=BY_NAME[name].program)[1] == entry


REFUSED = [
    ("x = 1\n", "asserts nothing; lines such as `assert f(1) == 2` are wanted"),
    ("def test_a():\n    print(f(1))\n", "asserts nothing; lines such as"),
    ("def test_a():\n    assert 1 + 1 == 2\n", "asserts nothing about a program: its tests call none"),
    ("assert f(1 ==\n", "is not Python (line 1: '(' was never closed); a module of tests is wanted"),
    ("async def test_a():\n    assert await f(1) == 2\n", "line 1, test_a: is asynchronous"),
    (
        "def test_a(capsys):\n    f(1)\n    assert capsys.readouterr().out == '1'\n",
        "line 1, test_a: needs the fixture capsys, which looks at what a program prints",
    ),
    ("def test_a(tmp_path):\n    assert f(tmp_path)\n", "needs the fixture tmp_path, which reads or writes files"),
    ("def test_a(monkeypatch):\n    assert f(1)\n", "needs the fixture monkeypatch, which replaces parts of a program"),
    ("def test_a(numbers):\n    assert f(numbers)\n", "needs the fixture numbers, which the file does not define"),
    (
        "from unittest.mock import patch\n\n@patch('solution.g')\ndef test_a(g):\n    assert f(1)\n",
        "line 3, test_a: is decorated with @patch('solution.g'), which can't be followed",
    ),
    (
        "from unittest.mock import patch\n\ndef test_a():\n    with patch('builtins.print') as p:\n        f(1)\n    p.assert_called_once()\n",
        "line 4, test_a: uses unittest.mock.patch, which replaces",
    ),
    (
        "import solution\n\ndef test_a():\n    solution.LIMIT = 3\n    assert solution.f(1) == 2\n",
        "line 4, test_a: sets a name of the program",
    ),
    (
        "import solution\n\ndef test_a():\n    assert hasattr(solution, 'f')\n",
        "uses the module solution itself; `from solution import …`",
    ),
    (
        "import subprocess\n\ndef test_a():\n    assert subprocess.run(['f']).returncode == 0 and f(1)\n",
        "uses subprocess.run, which starts processes or threads",
    ),
    ("import os\n\ndef test_a():\n    assert f(os.getcwd()) == 1\n", "uses os.getcwd, which reads or writes files"),
    (
        "def test_a():\n    with open('x', 'w') as file:\n        file.write('1')\n    assert f('x') == 1\n",
        "line 2, test_a: uses open, which reads or writes files",
    ),
    (
        "import inspect\n\ndef test_a():\n    assert 'for' not in inspect.getsource(f)\n",
        "uses inspect.getsource, which looks at the program's source",
    ),
    (
        "import io\nfrom contextlib import redirect_stdout\n\ndef test_a():\n    out = io.StringIO()\n    with redirect_stdout(out):\n        f(1)\n    assert out.getvalue() == '1'\n",
        "uses contextlib.redirect_stdout, which looks at what a program prints",
    ),
    (
        "import pytest\n\ndef test_a():\n    if f(1) is None:\n        pytest.skip('no')\n    assert f(1) == 2\n",
        "uses pytest.skip, which ends a test without a verdict",
    ),
    (
        "import pytest\n\n@pytest.mark.xfail(strict=True)\ndef test_a():\n    assert f(1) == 2\n",
        "expects a failure (xfail, strict)",
    ),
    (
        "import pytest\n\n@pytest.mark.parametrize('a, b', [(1,)])\ndef test_a(a, b):\n    assert f(a) == b\n",
        "has 1 values for the 2 parameters a, b",
    ),
    (
        "import pytest\n\n@pytest.mark.parametrize('a', [1], indirect=True)\ndef test_a(a):\n    assert f(a)\n",
        "has parameters that can't be followed",
    ),
    (
        "import sympy_like\nfrom tensorflow import nothing\n\ndef test_a():\n    assert f(1) == nothing\n",
        "line 2: imports tensorflow, which is not installed here",
    ),
    (
        "from solution import f\n\ndef f(x):\n    return x\n\ndef test_a():\n    assert f(1) == 1\n",
        "line 1: imports f, of which the tests have another",
    ),
    (
        "def test_a():\n    try:\n        assert f(1) == 2\n    except Exception as error:\n        print(error)\n",
        "line 4, test_a: catches the failure of an assertion; let it fail",
    ),
    (
        "try:\n    assert f(1) == 2\n    print('passed')\nexcept AssertionError:\n    print('failed')\n",
        "line 4: catches the failure of an assertion; let it fail",
    ),
    (
        "def check(candidate):\n    assert candidate(1) == 2\n",
        "defines check(candidate), but not what it checks; end it with `check(f)`",
    ),
    (
        "class TestA:\n    def __init__(self):\n        pass\n    def test_a(self):\n        assert f(1)\n",
        "line 1, TestA: has an __init__, so that pytest runs none of its tests",
    ),
    (
        "from helpers_of_mine import Base\n\nclass TestA(Base):\n    def test_a(self):\n        assert f(1)\n",
        "derives from helpers_of_mine.Base, which the file does not define",
    ),
    (
        "import unittest\n\nclass A(unittest.IsolatedAsyncioTestCase):\n    async def test_a(self):\n        assert await f(1)\n",
        "has asynchronous tests",
    ),
    (
        "import unittest\n\nclass A(unittest.TestCase):\n    def test_a(self):\n        with self.assertLogs():\n            f(1)\n",
        "uses self.assertLogs, which waits for warnings or log lines",
    ),
]


@pytest.mark.parametrize(("source", "words"), REFUSED, ids=lambda value: value[:40])
def test_what_could_not_be_judged_is_refused_with_line_and_remedy(source, words):
    with pytest.raises(BadInput) as refused:
        read(source)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("setup", "assertions", "reference", "entry"),
    [
        ("", ["assert f(1) == 2"], None, "f"),
        ("", ["assert sorted(f(1)) == [2]", "assert g(1)"], None, "f"),
        ("", ["assert abs(mean([1]) - 1) < 1e-9"], None, "mean"),
        ("import math", ["assert math.isclose(f(1), math.pi)"], None, "f"),
        ("def same(a, b):\n    assert a == b", ["same(f(1), 2)"], None, "f"),
        ("", ["assert Solution().f(1) == 2"], None, "Solution().f"),
        ("", ["s = Solution()\nassert s.f(1) == 2"], None, "Solution"),
        ("", ["assert Stack().pop() == 1", "assert Stack().size() == 0"], None, "Stack"),
        ("", ["assert reverse(ListNode(1)) is None"], None, "reverse"),
        ("", ["node = ListNode(1)\nassert reverse(node) is None"], None, "reverse"),
        ("", ["assert isinstance(f(1), int)"], "def g(): pass\ndef f(x): return x\n", "f"),
        ("", ["assert helper(f) == 1"], "f = lambda: 1\n", "f"),
        ("", ["assert 1 == 1"], None, None),
        ("", ["assert g(1) == 2"], "def f(x): return x\n", None),
        ("", ["not python ("], None, None),
    ],
)
def test_the_entry_point_of_assertions(setup, assertions, reference, entry):
    assert entry_point_of(setup, assertions, reference) == entry


@given(st.sampled_from(MODULES), st.lists(st.integers(0, 10**6), min_size=1, max_size=3), st.booleans())
def test_no_text_ends_in_anything_but_tests_or_one_sentence(module, places, with_reference):
    lines = module.tests.splitlines(keepends=True)
    for place in places:
        lines[place % len(lines)] = "" if place % 2 else lines[(place // 7) % len(lines)]
    try:
        tests, _ = read("".join(lines), reference=module.program if with_reference else None)
    except BadInput:
        return
    for text in (tests.setup, *tests.assertions):
        ast.parse(text)
