"""Whole rewriting: names, determinism, docstrings, and that programs full of traps still mean the same."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truth.rewrite import rewrite, rewritten

PROGRAMS = {
    "continue": """
def f(xs):
    total = 0
    for x in xs:
        if x % 2:
            continue
        total += x
    return total
""",
    "shadowed comprehension variables": """
def f(xs):
    x = 10
    ys = [x for x in xs for xs in [[x, x]] for x in xs]
    return ys, x, [[x for x in range(x)] for x in xs]
""",
    "nonlocal": """
def f(xs):
    count = 0
    def bump(by=1):
        nonlocal count
        count += by
    for x in xs:
        bump()
        bump(x)
    return count
""",
    "default arguments": """
def f(xs, start=0, *rest, end=None):
    def g(a, b=start, *, c=2):
        return a + b + c
    return [g(x) + g(x, 1, c=3) for x in xs]
""",
    "generator": """
def f(xs):
    def evens(items):
        for item in items:
            if item % 2 == 0:
                yield item
    found = evens(xs)
    first = next(found, None)
    return first, list(found)
""",
    "walrus": """
def f(xs):
    out = []
    while xs and (last := xs[-1]) > 2:
        out.append(last)
        xs = xs[:-1]
    return out, [y for x in xs if (y := x * 2) > 2]
""",
    "global": """
LIMIT = 3
calls = 0
def f(xs):
    global calls
    calls = 0
    for x in xs:
        if x < LIMIT:
            calls += 1
    return calls
""",
    "closures over a loop variable": """
def f(xs):
    fs = []
    for x in xs:
        fs.append(lambda y: x + y)
    return [g(1) for g in fs]
""",
    "class": """
class Box:
    size = 2
    def __init__(self, items):
        self.items = items
    def total(self):
        total = 0
        for item in self.items:
            total += item * self.size
        return total
def f(xs):
    box = Box(items=xs)
    return box.total()
""",
    "exceptions": """
def f(xs):
    out = []
    for x in xs:
        try:
            out.append(10 // x)
        except ZeroDivisionError as error:
            out.append(str(error))
        finally:
            out.append(None)
    return out
""",
    "recursion": """
def f(xs):
    def length(items):
        if not items:
            return 0
        return 1 + length(items[1:])
    def last(items, best):
        if not items:
            return best
        return last(items[1:], items[0])
    return length(xs), last(xs, None), fact(len(xs))
def fact(n):
    if n <= 1:
        return 1
    else:
        return n * fact(n - 1)
""",
    "match": """
def f(xs):
    match xs:
        case []:
            return 0
        case [one]:
            return one
        case [first, *rest]:
            return first + sum(rest) if all(r > 0 for r in rest) else -1
""",
}  # fmt: skip


def result(source: str, xs: list[int]) -> Any:
    space: dict[str, Any] = {}
    exec(source, space)
    try:
        return space["f"](list(xs))
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("name", PROGRAMS)
@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), xs=st.lists(st.integers(-3, 9), max_size=5))
def test_a_rewritten_program_means_the_same(name: str, seed: int, xs: list[int]) -> None:
    source = PROGRAMS[name]
    made = rewrite(source, "f", seed, keep=())
    assert result(made, xs) == result(source, xs), made


def test_the_same_seed_makes_the_same_program_and_another_seed_another() -> None:
    source = PROGRAMS["continue"]
    assert rewrite(source, "f", 1) == rewrite(source, "f", 1)
    assert len({rewrite(source, "f", seed) for seed in range(10)}) > 5


def test_docstrings_and_the_entry_point_stay() -> None:
    source = 'def helper(x):\n    """Why."""\n    return x\n\ndef f(x):\n    """What it does.\n\n    >>> f(1)\n    1\n    """\n    return helper(x) + 0\n'
    for seed in range(20):
        tree = ast.parse(rewrite(source, "f", seed, keep=()))
        named = {
            node.name: ast.get_docstring(node, clean=False) for node in tree.body if isinstance(node, ast.FunctionDef)
        }
        assert named["f"] == "What it does.\n\n    >>> f(1)\n    1\n    "
        assert "Why." in named.values()


def test_helpers_of_the_module_are_renamed_only_where_the_caller_says_what_is_used_outside() -> None:
    source = "def helper(x):\n    return x\n\ndef f(x):\n    return helper(x)\n"
    assert all("def helper(" in rewrite(source, "f", seed) for seed in range(10))
    assert all("def helper(" in rewrite(source, "f", seed, keep={"helper"}) for seed in range(10))
    assert any("def helper(" not in rewrite(source, "f", seed, keep=()) for seed in range(10))


def test_a_parameter_that_is_given_by_keyword_keeps_its_name() -> None:
    source = "def f(xs):\n    def g(a, b):\n        return a - b\n    return g(b=1, a=xs)\n"
    assert all("(a, b)" in rewrite(source, "f", seed) for seed in range(20))


def test_no_name_changes_where_names_are_looked_up_by_text() -> None:
    source = "def f(value):\n    local = 2\n    return eval('value + local')\n"
    for seed in range(10):
        assert "Rename" not in rewritten(source, "f", seed).applied


def test_new_names_are_not_those_of_the_outside() -> None:
    source = "def f(xs):\n    return len(xs) * 2 + 1\n"
    kept = {"compute", "value", "amount"}
    for seed in range(20):
        stored = {
            node.id for node in ast.walk(ast.parse(rewrite(source, "f", seed, keep=kept))) if isinstance(node, ast.Name)
        }
        assert not stored & kept
