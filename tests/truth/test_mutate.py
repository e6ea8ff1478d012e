"""Each operator on an example, and that places are where the mistake is."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truth.mutate import Mutant, mutants

# (operator, source, the mutant's line or lines, the text of the region)
EXAMPLES = [
    ("comparison boundary", "def f(a, b):\n    return a < b", "    return a <= b", "<="),
    ("comparison boundary", "def f(a, b):\n    return (a) >= (b)", "    return (a) > (b)", ">"),
    ("comparison direction", "def f(a, b):\n    return a not in b", "    return a in b", "in"),
    ("arithmetic operator", "def f(a, b):\n    return (a) // b", "    return (a) / b", "/"),
    ("augmented operator", "def f(a, b):\n    a += b\n    return a", "    a -= b", "-="),
    ("swapped operands", "def f(a, b):\n    return a - b", "    return b - a", "b - a"),
    ("removed term", "def f(a, b):\n    return (a - 1) * b + 2", "    return (a - 1) * b", "(a - 1) * b"),
    ("removed term", "def f(a, b):\n    return (a > 1) and b", "    return (a > 1)", "(a > 1)"),
    ("boolean operator", "def f(a, b):\n    return a and b", "    return a or b", "or"),
    ("negated condition", "def f(a):\n    if a > 1:\n        return 2", "    if not (a > 1):", "not (a > 1)"),
    ("removed not", "def f(a, b):\n    return not (a and b)", "    return (a and b)", "(a and b)"),
    ("constant", "def f(a):\n    return a * 10", "    return a * 11", "11"),
    ("constant", "def f(a):\n    return True", "    return False", "False"),
    ("constant", "def f(a):\n    return ','.join(a)", "    return ''.join(a)", "''"),
    ("initial value", "def f(xs):\n    t = 0\n    for x in xs:\n        t += x\n    return t", "    t = 1", "1"),
    ("dict default", "def f(d):\n    return d.get('k', 0)", "    return d.get('k', 1)", "1"),
    ("range bound", "def f(n):\n    return list(range(n))", "    return list(range(n - 1))", "n - 1"),
    ("range bound", "def f(n):\n    return list(range(2, n + 1))", "    return list(range(2, n))", "n"),
    ("slice bound", "def f(x, n):\n    return x[:n]", "    return x[:n + 1]", "n + 1"),
    ("slice bound", "def f(x, n):\n    return x[1:n]", "    return x[1:]", "1:"),
    ("index off by one", "def f(x, i):\n    return x[i]", "    return x[i + 1]", "i + 1"),
    ("index off by one", "def f(x):\n    return x[-1]", "    return x[-2]", "-2"),
    ("wrong variable", "def f(a, b):\n    return a * a", "    return b * a", "b"),
    ("swapped arguments", "def f(a, b):\n    return pow(a, (b + 1))", "    return pow(b + 1, (a))", "b + 1, (a"),
    ("wrong function", "def f(a):\n    return min(a)", "    return max(a)", "max"),
    ("wrong function", "def f(a):\n    return a.upper()", "    return a.lower()", "lower"),
    ("removed call", "def f(a):\n    return a.strip()", "    return a", "a"),
    ("removed call", "def f(a, b):\n    return abs(a - b) < 2", "    return (a - b) < 2", "(a - b)"),
    ("removed keyword", "def f(a):\n    return sorted(a, reverse=True)", "    return sorted(a)", "sorted(a)"),
    ("break or continue", "def f(a):\n    for x in a:\n        if x:\n            break\n    return x", "            continue", "continue"),
    ("break or continue", "def f(a):\n    for x in a:\n        if x:\n            break\n    return x", "            pass", "pass"),
    ("return depth", "def f(a):\n    for x in a:\n        x += 1\n    return x", "        return x", "return x"),
    ("return depth", "def f(a):\n    for x in a:\n        x += 1\n        return x\n    return 0", "    return x", "return x"),
    ("omitted statement", "def f(a):\n    b = 1\n    a = 2\n\n    c = 3\n    return c", "    b = 1\n\n    c = 3", ""),
    ("omitted statement", "def f(a):\n    '''Doc.'''\n    a.sort()\n    return a", "    return a", ""),
    ("omitted statement", "def f(a):\n    for x in a: x += 1\n    return x", "    for x in a: pass", "pass"),
    ("omitted loop update", "def f(a):\n    while a > 0:\n        b = a\n        a -= 1\n    return b", "        b = a", ""),
    ("omitted base case", "def f(a):\n    b = a\n    if a:\n        return 1\n    return f(b)", "    b = a\n    return f(b)", ""),
    ("omitted guard", "def f(a):\n    b = 1\n    if a > 2:\n        b = 2\n        a = 1\n    return b", "    b = 1\n    b = 2", ""),
    ("omitted guard", "def f(a):\n    '''Doc.'''\n    if a > 2:\n        b = 2\n        a = 1\n    return b", "    b = 2", ""),
    ("removed call", "def f(a):\n    return f(f(a))", "    return f(a)", "f(a)"),
    ("omitted branch", "def f(a):\n    if a > 2:\n        b = 2\n    else:\n        b = 1\n    return b", "    if a > 2:\n        b = 2", ""),
    ("omitted branch", "def f(a):\n    if a > 2:\n        b = 2\n    elif a > 1:\n        b = 1\n    else:\n        b = 0\n    return b", "    if a > 2:\n        b = 2", ""),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "source", "lines", "region"), EXAMPLES)
def test_an_operator_plants_its_mistake_and_says_where(operator: str, source: str, lines: str, region: str) -> None:
    found = [mutant for mutant in mutants(source, 0) if mutant.operators == (operator,)]
    assert (lines, region) in [(text_of_lines(mutant), text_of_region(mutant)) for mutant in found]


def text_of_lines(mutant: Mutant, which: int = 0) -> str:
    place = mutant.places[which]
    return "\n".join(mutant.source.split("\n")[place.line - 1 : place.end_line])


def text_of_region(mutant: Mutant, which: int = 0) -> str:
    return mutant.source[mutant.places[which].start : mutant.places[which].end]


LONG = dedent('''
    """Module: naïve “text”."""

    LIMIT = 10  # not a docstring


    def helper(items, first: int = 0):
        """Doc: return items."""
        total = first   # the start
        for index in range(len(items)):
            if items[index] > LIMIT and not items[index] == 12:
                continue
            elif items[index] < 0:
                total -= abs(items[index])
            else:
                # every other one
                total += items[index] * 2
        return total


    def f(items, names):
        if not items:
            return "é" + f"{names}!"
        counts = {}
        while len(items) > 3:
            items = items[1:-1]
            counts[len(items)] = counts.get(len(items), 0) + 1
        text = ("à la carte, " +
                ",".join(sorted(names, reverse=True)))
        return helper(items, 2), counts, text.strip()
''')


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), edits=st.integers(1, 2))
def test_mutants_compile_differ_and_have_places_inside_the_text(seed: int, edits: int) -> None:
    for number, mutant in enumerate(mutants(LONG, seed, edits)):
        if number == 40:
            break
        assert ast.dump(ast.parse(mutant.source)) != ast.dump(ast.parse(LONG))
        assert len(mutant.places) == len(mutant.operators) == edits
        for place in mutant.places:
            assert 1 <= place.line <= place.end_line <= mutant.source.count("\n") + 1
            assert 0 <= place.start <= place.end <= len(mutant.source)


def test_outside_of_its_lines_a_mutant_is_the_source_word_for_word() -> None:
    source = LONG.split("\n")
    for mutant in mutants(LONG, 3, within="helper"):
        (place,) = mutant.places
        lines = mutant.source.split("\n")
        assert lines[: place.line - 1] == source[: place.line - 1]
        tail = lines[place.end_line :]
        moved = mutant.operators[0] in ("omitted guard", "omitted branch")  # what is under the gap moves or is gone
        assert moved or tail == source[len(source) - len(tail) :]


def test_each_mutant_comes_once_and_the_seed_decides_the_order() -> None:
    first = [mutant.source for mutant in mutants(LONG, 1)]
    assert len(first) == len(set(first))
    assert first == [mutant.source for mutant in mutants(LONG, 1)]
    other = [mutant.source for mutant in mutants(LONG, 2)]
    assert first != other
    assert set(first) == set(other)


def test_two_mistakes_are_in_different_statements() -> None:
    for number, mutant in enumerate(mutants(LONG, 5, edits=2)):
        if number == 200:
            break
        first, second = mutant.places
        assert first.end <= second.start


def test_at_first_the_operators_come_in_turn() -> None:
    found = [mutant.operators[0] for mutant in mutants(LONG, 0)]
    assert len(set(found[:15])) == 15
    assert len(set(found)) >= 18


def test_one_function_of_a_module_can_be_broken_alone() -> None:
    start = LONG.index("def f(")
    assert all(mutant.source.startswith(LONG[:start]) for mutant in mutants(LONG, 0, within="f"))
    with pytest.raises(ValueError, match="no function 'g'"):
        next(mutants(LONG, 0, within="g"))


def test_docstrings_annotations_and_fstrings_stay() -> None:
    for mutant in mutants(LONG, 0):
        for kept in ('"""Module: naïve “text”."""', '"""Doc: return items."""', "first: int", 'f"{names}!"'):
            assert kept in mutant.source or mutant.operators[0] in ("removed term", "omitted base case")


def test_each_mistake_of_a_mutant_also_comes_alone() -> None:
    singles = {mutant.source for mutant in mutants(LONG, 5)}
    for number, mutant in enumerate(mutants(LONG, 5, edits=2)):
        if number == 50:
            break
        assert len(set(mutant.alone)) == 2
        assert set(mutant.alone) <= singles
