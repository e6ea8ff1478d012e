"""Objects, classes and functions of the program that a test uses itself."""

import pytest

from verl_egca.execution.verdict import Outcome

from ..problems import assertion_problem

STACK = '''
class MinStack:
    """A stack."""
    LIMIT = 5
    def __init__(self, xs=()): self.xs = list(xs)
    def push(self, x):
        self.xs.append(x)
        return self
    def pop(self): return self.xs.pop()
    def top(self): return self.xs[-1]
    def index(self, x): return self.xs.index(x)
    def __len__(self): return len(self.xs)
    def __contains__(self, x): return x in self.xs
    def __iter__(self): return iter(self.xs)
    def __reversed__(self): return iter(self.xs[::-1])
    def __getitem__(self, i): return self.xs[i]
    def __setitem__(self, i, v): self.xs[i] = v
    def __delitem__(self, i): del self.xs[i]
    def __eq__(self, o): return isinstance(o, MinStack) and self.xs == o.xs
    def __lt__(self, o): return len(self.xs) < len(o.xs)
    def __hash__(self): return hash(tuple(self.xs))
    def __repr__(self): return f"MinStack({self.xs})"
    def __str__(self): return "<" + ",".join(map(str, self.xs)) + ">"
    def __format__(self, form): return form + str(self)
    def __add__(self, o): return MinStack(self.xs + list(o))
    def __radd__(self, o): return MinStack(list(o) + self.xs)
    def __iadd__(self, o):
        self.xs += list(o)
        return self
    def __neg__(self): return MinStack(self.xs[::-1])
    def __int__(self): return len(self.xs)
    def __bool__(self): return bool(self.xs)
    def __call__(self, n): return self.xs * n
    def __enter__(self): return self
    def __exit__(self, kind, error, traceback):
        self.xs.clear()
        return kind is ValueError
    @property
    def size(self): return len(self.xs)
    @classmethod
    def of(cls, *xs): return cls(xs)
    @staticmethod
    def name(): return "min"
class Big(MinStack): pass
'''
USES = {
    "state": "s = MinStack()\ns.push(1)\ns.push(2)\nassert s.pop() == 2 and s.top() == 1 and s.xs == [1]",
    "chains": "assert MinStack().push(1).push(2).xs == [1, 2]",
    "methods that plain data has, too": "s = MinStack([4, 5])\nassert s.index(5) == 1 and s.pop() == 5",
    "attributes set": "s = MinStack()\ns.xs = [7]\nassert s.top() == 7",
    "length": "assert len(MinStack([1, 2])) == 2",
    "truth": "assert not MinStack() and MinStack([0])\nassert bool(MinStack()) is False",
    "in": "assert 1 in MinStack([1]) and 2 not in MinStack([1])",
    "iteration": "assert list(MinStack([1, 2])) == [1, 2] and sum(MinStack([1, 2])) == 3",
    "reversed": "assert list(reversed(MinStack([1, 2]))) == [2, 1]",
    "unpacking": "a, b = MinStack([1, 2])\nassert (a, b) == (1, 2)",
    "items": "s = MinStack([1, 2])\ns[0] = 9\nassert s[0] == 9\ndel s[0]\nassert s[0] == 2",
    "equality": "assert MinStack([1]) == MinStack([1])\nassert MinStack([1]) != MinStack([2])",
    "order": "assert MinStack() < MinStack([1])\nassert max([MinStack([1]), MinStack()]) == MinStack([1])",
    "text": "s = MinStack([1])\nassert str(s) == '<1>' and repr(s) == 'MinStack([1])' and f'{s}' == '<1>' and f'{s:x}' == 'x<1>'",
    "sets and keys": "assert len({MinStack([1]), MinStack([1]), MinStack([2])}) == 2\nassert {MinStack([1]): 3}[MinStack([1])] == 3",
    "operators": "assert (MinStack([1]) + [2]).xs == [1, 2]\nassert ([0] + MinStack([1])).xs == [0, 1]\nassert (-MinStack([1, 2])).xs == [2, 1]",
    "in place": "s = t = MinStack([1])\ns += [2]\nassert s is t and t.xs == [1, 2]",
    "int": "assert int(MinStack([1, 2])) == 2",
    "calls": "assert MinStack([1])(2) == [1, 1]",
    "with": "s = MinStack([1])\nwith s as t:\n    assert t is s and s.size == 1\nassert s.size == 0",
    "with, and an error that it ends": "with MinStack() as s:\n    raise ValueError('x')\nassert s.size == 0",
    "properties": "assert MinStack([1]).size == 1",
    "class methods": "assert MinStack.of(1, 2).xs == [1, 2] and MinStack.name() == 'min' and MinStack.LIMIT == 5",
    "isinstance": "assert isinstance(Big(), MinStack) and not isinstance(MinStack(), Big) and not isinstance(3, MinStack)\nassert isinstance(Big(), (int, MinStack))",
    "issubclass": "assert issubclass(Big, MinStack) and not issubclass(MinStack, Big)",
    "type": "assert type(Big()) is Big and type(Big()) == Big and type(Big()) != MinStack and type(3) is int",
    "its class": "assert Big().__class__.__name__ == type(Big()).__name__ == Big.__name__ == 'Big'",
    "documentation": "assert MinStack.__doc__ == MinStack().__doc__ == 'A stack.'",
    "hasattr": "s = MinStack()\nassert hasattr(s, 'push') and not hasattr(s, 'nothing') and getattr(s, 'nothing', 5) == 5",
    "callable": "assert callable(MinStack) and callable(MinStack().push)",
    "bound methods": "push = MinStack().push\nassert push(1).xs == [1]",
    "copies": "import copy\ns = MinStack([[1]])\nt, u = copy.copy(s), copy.deepcopy(s)\ns.xs[0].append(2)\nassert t == s or t.xs == [[1]]\nassert u.xs == [[1]]",
    "identity": "s = MinStack()\nassert s is s and s in [MinStack([1]), s] and [s].index(s) == 0",
    "several at once": "many = [MinStack([n]) for n in range(5)]\nassert [s.top() for s in sorted(many, key=lambda s: -s.top())] == [4, 3, 2, 1, 0]",
    "unittest": "import unittest\ncase = unittest.TestCase()\ncase.assertEqual(MinStack([1]), MinStack([1]))\ncase.assertIsInstance(MinStack(), MinStack)\ncase.assertIn(1, MinStack([1]))\ncase.assertFalse(MinStack())\ncase.assertEqual(MinStack([1]).xs, [1])",
}  # fmt: skip


@pytest.mark.parametrize("reference", [STACK, None], ids=["with a reference", "without"])
def test_objects_of_a_class_under_test_are_used_as_in_python(sandbox, reference):
    for use in USES.values():
        exec(STACK + use, {})
    problem = assertion_problem(*USES.values(), entry_point="MinStack", reference=reference)
    verdict = sandbox.run(problem, STACK)
    assert verdict.passed, verdict.first_failure


def test_a_class_that_is_wrong_fails(sandbox):
    wrong = STACK.replace("self.xs == o.xs", "False").replace("return x in self.xs", "return False")
    wrong = wrong.replace("self.xs.clear()", "pass").replace('"<" +', '"(" +')
    for name in ("equality", "in", "with", "text"):
        verdict = sandbox.run(assertion_problem(USES[name], entry_point="MinStack"), wrong)
        assert verdict.first_failure.outcome is Outcome.WRONG, name


OTHERS = """
from enum import Enum
class Color(Enum):
    RED = 1
    BLUE = 2
LIMIT = [1, 2]
def f(x): return Color.RED if x else Color.BLUE
def count(n):
    i = 0
    while i < n:
        got = yield i
        i += got or 1
class Steps:
    def __init__(self, n): self.n, self.i = n, 0
    def __iter__(self): return self
    def __next__(self):
        if self.i >= self.n: raise StopIteration
        self.i += 1
        return self.i
    def reset(self): self.i = 0
def counter():
    n = 0
    def step(by=1):
        nonlocal n
        n += by
        return n
    return step
async def later(x):
    import asyncio
    await asyncio.sleep(0)
    if x < 0: raise ValueError('negative')
    return x + 1
"""


@pytest.mark.parametrize(
    "test",
    [
        "assert f(1) == Color.RED and f(0) is Color.BLUE and f(1) != Color.BLUE",
        "assert f(1).name == 'RED' and f(1).value == 1 and Color(2) == Color['BLUE'] and f(1) in Color",
        "assert list(Color) == [Color.RED, Color.BLUE] and len(Color) == 2 and {f(1): 3}[Color.RED] == 3",
        "assert [f(n) for n in (1, 0)] == [Color.RED, Color.BLUE]",
        "assert LIMIT == [1, 2] and LIMIT[1] == 2",
        "assert list(count(3)) == [0, 1, 2]",
        "g = count(9)\nassert next(g) == 0 and g.send(5) == 5",
        "it = Steps(2)\nassert next(it) == 1 and it.i == 1 and list(it) == [2]\nit.reset()\nassert list(it) == [1, 2]",
        "step, other = counter(), counter()\nassert step() == 1 and step(by=4) == 5 and other() == 1",
        "import asyncio\nassert asyncio.run(later(2)) == 3",
        "import asyncio\nasync def test():\n    assert await later(1) == 2\n    assert await asyncio.gather(later(1), later(2)) == [2, 3]\nasyncio.run(test())",
        "assert f.__name__ == 'f' and f.__doc__ is None",
    ],
)  # fmt: skip
def test_enumerations_generators_closures_coroutines_and_values_are_used_as_in_python(sandbox, test):
    exec(OTHERS + test, {})
    verdict = sandbox.run(assertion_problem(test), OTHERS)
    assert verdict.passed, verdict.first_failure


OF_PLAIN_DATA = """
from collections import Counter, OrderedDict
class LRUCache(OrderedDict):
    def __init__(self, capacity):
        super().__init__()
        self.capacity = capacity
    def get(self, key):
        if key not in self: return -1
        self.move_to_end(key)
        return self[key]
    def put(self, key, value):
        self[key] = value
        self.move_to_end(key)
        if len(self) > self.capacity: self.popitem(last=False)
class Matrix(list):
    def __mul__(self, n): return Matrix([[x * n for x in row] for row in self])
    def transposed(self): return Matrix(map(list, zip(*self)))
class Money(int):
    def __add__(self, other): return Money(int(self) + other)
    def shown(self): return f"{int(self)} coins"
class Vector(tuple):
    def __new__(cls, *xs): return super().__new__(cls, xs)
    def __add__(self, other): return Vector(*(a + b for a, b in zip(self, other)))
class Text(str):
    def __eq__(self, other): return self.lower() == other.lower()
    __hash__ = str.__hash__
"""


@pytest.mark.parametrize(
    "test",
    [
        "c = LRUCache(2)\nc.put(1, 1)\nc.put(2, 2)\nassert c.get(1) == 1\nc.put(3, 3)\nassert c.get(2) == -1 and len(c) == 2 and list(c) == [1, 3]",
        "m = Matrix([[1, 2], [3, 4]])\nassert m == [[1, 2], [3, 4]] and m * 2 == Matrix([[2, 4], [6, 8]]) and m[0] == [1, 2]",
        "m = Matrix([[1, 2]])\nassert (m * 3).transposed() == [[3], [6]]",
        "assert Matrix([[1]]) != [[2]] and Matrix([1]) < [2]",
        "assert Money(3) + 4 == 7 and (Money(3) + 4).shown() == '7 coins'",
        "assert Vector(1, 2) + Vector(3, 4) == (4, 6) == Vector(4, 6)",
        "assert Text('A') == Text('a')",
    ],
)  # fmt: skip
def test_classes_under_test_may_be_of_plain_data(sandbox, test):
    exec(OF_PLAIN_DATA + test, {})
    entry = test.split("(")[0].split()[-1]
    verdict = sandbox.run(assertion_problem(test, entry_point=entry), OF_PLAIN_DATA)
    assert verdict.passed, verdict.first_failure


def test_classes_of_plain_data_that_are_wrong_fail(sandbox):
    program = OF_PLAIN_DATA.replace("x * n", "x").replace("self.lower() == other.lower()", "False")
    for entry, test in (("Matrix", "assert Matrix([[1]]) * 2 == [[2]]"), ("Text", "assert Text('A') == Text('a')")):
        (case,) = sandbox.run(assertion_problem(test, entry_point=entry), program).cases
        assert case.outcome is Outcome.WRONG


@pytest.mark.parametrize(
    "test",
    [
        "assert f(2) + 1 == 3",
        "assert abs(f(2) - 3) < 1e-6",
        "assert f(2) > 1",
        "assert 1 in f(2)",
        "assert f(2).startswith('x')",
        "assert f(2).count(1) == 1",
        "class Mine(f(2).__class__): pass",
        "import inspect\nassert inspect.signature(f).parameters",
    ],
)
def test_what_would_take_the_program_s_word_is_neither_passed_nor_failed(sandbox, test):
    program = (
        "class X:\n    def startswith(self, x): return True\n    def count(self, x): return 1\ndef f(x): return X()\n"
    )
    (case,) = sandbox.run(assertion_problem(test), program).cases
    assert case.outcome is Outcome.UNSUPPORTED


def test_an_assertion_that_fails_in_a_block_of_the_program_s_stays_failed(sandbox):
    program = "class Quiet:\n    def __enter__(self): return self\n    def __exit__(self, *error): return True\ndef f(x): return x\n"
    (case,) = sandbox.run(assertion_problem("with Quiet():\n    assert f(1) == 2"), program).cases
    assert case.outcome is Outcome.WRONG


DECORATORS = """
import functools
def twice(function):
    @functools.wraps(function)
    def run(*arguments, **keywords):
        return 2 * function(*arguments, **keywords)
    return run
def retry(times):
    def decorate(function):
        def run(*arguments):
            for n in range(times):
                try:
                    return function(*arguments)
                except Exception:
                    if n == times - 1:
                        raise
        return run
    return decorate
"""


@pytest.mark.parametrize(
    "test",
    [
        "@twice\ndef g(x, y=1):\n    'text'\n    return x + y\nassert g(1) == 4 and g(1, y=3) == 8\nassert g.__name__ == 'g' and g.__doc__ == 'text'",
        "calls = []\n@retry(3)\ndef g(x):\n    calls.append(x)\n    if len(calls) < 3:\n        raise ValueError('no')\n    return x\nassert g(5) == 5 and calls == [5, 5, 5]",
        "import pytest\n@retry(2)\ndef g():\n    raise KeyError('k')\nwith pytest.raises(KeyError):\n    g()",
    ],
)  # fmt: skip
def test_decorators_of_the_program_s_decorate_functions_of_the_test(sandbox, test):
    exec(DECORATORS + test, {})
    verdict = sandbox.run(assertion_problem(test, entry_point="twice"), DECORATORS)
    assert verdict.passed, verdict.first_failure


@pytest.mark.parametrize(
    "test",
    [
        "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    greet('you')\nassert out.getvalue() == 'hello you\\n'",
        "from unittest.mock import patch\nwith patch('builtins.input', side_effect=['4', '5']):\n    assert add() == 9",
        "import io, sys\nold, sys.stdin = sys.stdin, io.StringIO('7\\n8\\n1\\n2\\n')\ntry:\n    assert add() == 15 and add() == 3\nfinally:\n    sys.stdin = old",
    ],
)  # fmt: skip
def test_what_a_test_puts_in_the_place_of_the_standard_streams_the_program_meets(sandbox, test):
    program = "def greet(name): print('hello', name)\ndef add(): return int(input()) + int(input())\n"
    exec(program + test, {})
    verdict = sandbox.run(assertion_problem(test, entry_point="add"), program)
    assert verdict.passed, verdict.first_failure


def test_a_program_that_is_called_in_a_thread_of_the_test_s_is_not_failed(sandbox):
    test = "import threading\nout = []\nt = threading.Thread(target=lambda: out.append(f(1)))\nt.start()\nt.join()\nassert out == [2]"
    (case,) = sandbox.run(assertion_problem(test), "def f(x): return x + 1\n").cases
    assert case.outcome is Outcome.UNSUPPORTED
    assert "in a thread" in case.error.message
