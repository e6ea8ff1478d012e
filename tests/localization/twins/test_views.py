"""The reference in other words: short and at length, without temporaries."""

import ast

import pytest

from verl_egca.localization.twins.patterns import rewrite
from verl_egca.localization.twins.views import Reference, shortened, written_out

LONG_AND_SHORT = [
    ("out = []\nfor x in xs:\n    if x > n:\n        for y in x:\n            out.append(y)", "out = [y for x in xs if x > n for y in x]"),
    ("seen = set()\nfor a, b in pairs:\n    seen.add(a)", "seen = {a for a, b in pairs}"),
    ("d = {}\nfor x in xs:\n    d[x] = x + 1", "d = {x: x + 1 for x in xs}"),
    ("t = 0\nfor x in xs:\n    t += x", "t = sum((x for x in xs))"),
    ("for x in xs:\n    if x == 1:\n        return False\nreturn True", "return all((x != 1 for x in xs))"),
    ("for x in xs:\n    if x == 1:\n        return True\nreturn False", "return any((x == 1 for x in xs))"),
    ("if a:\n    return 1\nelse:\n    return 2", "return 1 if a else 2"),
]  # fmt: skip


def rewritten(text, rewrites):
    body = ast.parse(text).body
    for one in rewrites:
        body = one(body)
    return ast.unparse(ast.Module(body, []))


@pytest.mark.parametrize(("long", "short"), LONG_AND_SHORT)
def test_what_is_said_at_length_is_said_in_short_and_the_reverse(long, short):
    assert rewritten(long, shortened) == short
    assert rewritten(short, written_out) == long


def test_other_statements_may_stand_between_an_assignment_and_what_goes_on_with_it():
    assert rewritten("a = []\nb = 2\nfor x in xs:\n    a.append(x)", shortened) == "b = 2\na = [x for x in xs]"
    kept = "a = []\nb = len(a)\nfor x in xs:\n    a.append(x)"
    assert rewritten(kept, shortened) == kept


def test_a_variable_is_the_same_wherever_it_stands():
    swap = rewrite("$a = $b\n$b = $a", "$a, $b = $b, $a")
    assert rewritten("x = y[0]\ny[0] = x", [swap]) == "x, y[0] = (y[0], x)"
    assert rewritten("x = y\nz = x", [swap]) == "x = y\nz = x"


def test_the_views_of_a_reference_begin_with_itself_and_none_is_there_twice():
    text = "def f(xs):\n    n = len(xs)\n    return n + sum([x for x in xs])"
    made = [ast.unparse(view) for view in Reference(ast.parse(text)).views]
    assert made == [
        text,
        "def f(xs):\n    return len(xs) + sum([x for x in xs])",
        "def f(xs):\n    result = 0\n    for x in xs:\n        result += x\n    return len(xs) + result",
    ]


def test_a_temporary_stays_where_its_value_may_have_become_another():
    text = "def f(xs):\n    n = len(xs)\n    xs.pop()\n    return n"
    assert [ast.unparse(view) for view in Reference(ast.parse(text)).views] == [text]
