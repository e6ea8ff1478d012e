"""Named tuples cross as tuples with names; what their class adds stays with the program, and gives no verdict."""

import pytest

from verl_egca.execution.verdict import Outcome
from verl_egca.values.codec import decode, encode
from verl_egca.values.named_tuples import made, plain_class, read

from ..problems import assertion_problem, call_problem

POINT = "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')\n"
WITH_METHODS = """from typing import NamedTuple

class Point(NamedTuple):
    x: int
    y: int = 0

    def norm(self):
        return self.x + self.y

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)
"""
PROGRAM = """
def f(a, b):
    return Point(a, b)

def total(p):
    return p.x + p.y

def kind(p):
    return isinstance(p, Point)

def many(n):
    return [Point(i, (i, Point(0, i))) for i in range(n)]
"""


def outcome(sandbox, program, test, setup=""):
    return sandbox.run(assertion_problem(test, setup=setup), program + PROGRAM).cases[0].outcome


@pytest.mark.parametrize(
    "test",
    [
        "assert f(1, 2).x == 1",
        "assert f(1, 2) == (1, 2)",
        "assert f(1, 2)[1] == 2",
        "a, b = f(1, 2)\nassert a + b == 3",
        "assert f(1, 2) == Point(1, 2)",
        "assert Point(y=1, x=2)._asdict() == {'x': 2, 'y': 1}",
        "assert f(1, 2)._replace(x=5) == (5, 2)",
        "assert repr(f(1, 2)) == 'Point(x=1, y=2)'",
        "assert total(Point(1, 2)) == 3",
        "assert kind(Point(1, 2)) and kind(f(1, 2)) and not kind((1, 2))",
        "assert many(3)[2].y[1].y == 2",
        "assert {f(1, 2): 3}[Point(1, 2)] == 3",
        "assert sorted([f(2, 1), f(1, 2)])[0].x == 1",
    ],
)
def test_fields_are_there_by_name(sandbox, test):
    exec(POINT + PROGRAM + test, {})
    assert outcome(sandbox, POINT, test) is Outcome.PASSED


def test_the_tests_own_named_tuples_are_given_with_their_names(sandbox):
    setup = "from collections import namedtuple\nPair = namedtuple('Pair', 'x y')\n"
    assert outcome(sandbox, POINT, "assert total(Pair(1, 2)) == 3", setup) is Outcome.PASSED
    assert outcome(sandbox, POINT, "assert total(Pair(1, 2)) == 4", setup) is Outcome.WRONG


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        ("assert f(1, 2).y == 2", Outcome.PASSED),
        ("assert f(1, 2) == (1, 2)", Outcome.PASSED),
        ("assert f(1, 2).norm() == 3", Outcome.UNSUPPORTED),
        ("assert f(1, 2) + f(1, 2) == (2, 4)", Outcome.UNSUPPORTED),
        ("assert f(1, 2) == (1, 3)", Outcome.WRONG),
    ],
)
def test_what_the_class_adds_gives_no_verdict(sandbox, test, wanted):
    assert outcome(sandbox, WITH_METHODS, test) is wanted


def test_an_equality_of_the_programs_own_decides_nothing(sandbox):
    program = "from collections import namedtuple\nclass Point(namedtuple('Point', 'x y')):\n    def __eq__(self, other):\n        return True\n"
    assert outcome(sandbox, program, "assert f(1, 2) == (7, 7)") is Outcome.UNSUPPORTED


def test_calls_take_one_for_json_s_list(sandbox):
    problem = call_problem(((1, 2), [1, 2]))
    assert sandbox.run(problem, POINT + PROGRAM).passed
    assert not sandbox.run(call_problem(((1, 2), [2, 1])), POINT + PROGRAM).passed


@pytest.mark.parametrize(
    "body", [["P", ["x"], [], [1, 2]], ["not a name", ["x"], [], [1]], ["P", ["x", "x"], [], [1, 2]], [1, 2]]
)
def test_nonsense_is_no_named_tuple(body):
    def other(tag, data):
        name, fields, _ = read(data[:3])
        return made(plain_class(name, fields), data[3])

    with pytest.raises((ValueError, TypeError, IndexError)):
        decode({"N": body}, other)


def test_what_only_looks_like_one_is_a_tuple():
    class Odd(tuple):
        _fields = ("x", 3)

    assert encode(Odd((1, 2)), None) == {"t": [1, 2]}
