"""Which programs break which constraints."""

import pytest

from verl_egca.constraints import (
    Builtin,
    Comprehension,
    Imports,
    Iteration,
    LoopNesting,
    Mutation,
    Recursion,
    Signature,
    Structure,
    TimeComplexity,
)
from verl_egca.gates.check import broken_constraint


def keeps(constraint, program, **others):
    return broken_constraint([constraint], program, "f", **others) is None


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("dict", "def f(x):\n    return {}"),
        ("dict", "def f(x):\n    return {a: 1 for a in x}"),
        ("dict", "from collections import Counter as C\ndef f(x):\n    return C(x)"),
        ("dict", "import collections as c\ndef f(x):\n    return c.defaultdict(int)"),
        ("set", "def f(x):\n    return {1, x}"),
        ("set", "def f(x):\n    return frozenset(x)"),
        ("deque", "from collections import deque\ndef f(x):\n    return deque(x)"),
        ("heap", "import heapq\ndef f(x):\n    heapq.heapify(x)"),
        ("heap", "from heapq import heappush as push\ndef f(x):\n    push(x, 1)"),
        ("list", "def f(x):\n    return [x]"),
        ("tuple", "def f(x):\n    return x, x"),
        ("string", "def f(x):\n    return ''.join(x)"),
        ("string", "def f(x):\n    s = ''\n    for a in x:\n        s += a\n    return s"),
        ("string", "def f(x):\n    return f'{x}!'"),
    ],
)
def test_a_data_structure_is_seen_however_it_is_made(name, program):
    assert keeps(Structure(rule="required", names=(name,)), program)
    assert not keeps(Structure(rule="forbidden", names=(name,)), program)


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("tuple", "def f(a, b):\n    a, b = b, a\n    return a"),
        ("tuple", "def f(x):\n    return x[1, 2]"),
        ("list", "def f(x):\n    [a, b] = x\n    return a"),
        ("string", "def f(x):\n    return x + x"),
        ("dict", "def f(dict):\n    return dict"),
    ],
)
def test_what_only_looks_like_a_data_structure_is_none(name, program):
    assert keeps(Structure(rule="forbidden", names=(name,)), program)


@pytest.mark.parametrize(
    "program",
    [
        "def f(x):\n    return f(x - 1)",
        "def f(x):\n    return g(x)\ndef g(x):\n    return f(x)",
        "def f(x):\n    def g(y):\n        return g(y - 1)\n    return g(x)",
        "f = lambda x: f(x - 1)",
        "class A:\n    def go(self):\n        return self.go()\ndef f(x):\n    return A().go()",
    ],
)
def test_recursion_is_seen_through_other_functions(program):
    assert not keeps(Recursion(rule="forbidden"), program)


@pytest.mark.parametrize(
    "program",
    [
        "def f(x):\n    f = x\n    return f",  # a variable of that name
        "def f(x):\n    return g(x)\ndef g(f):\n    return f(1)",  # a parameter of that name
        "def f(x):\n    return x\ndef other(x):\n    return other(x)",  # nobody comes there
        "def f(x):\n    return x.f(1)",
    ],
)
def test_a_name_that_means_something_else_is_no_recursion(program):
    assert keeps(Recursion(rule="forbidden"), program)


@pytest.mark.parametrize(
    ("depth", "program"),
    [
        (0, "def f(x):\n    return sum(x)"),
        (1, "def f(x):\n    return sum(a for a in x)"),
        (1, "def f(x):\n    for a in [b for b in x]:\n        pass"),  # one after the other
        (2, "def f(x):\n    while x:\n        x = [b for b in x]"),
        (2, "def f(x):\n    return [b for a in x for b in a]"),
        (2, "def g(x):\n    for a in x:\n        pass\ndef f(x):\n    for a in x:\n        g(a)"),
        (1, "def g(x):\n    for a in x:\n        pass\ndef f(x):\n    g(x)\n    g(x)"),
        (2, "def g(x):\n    for a in x:\n        pass\ndef f(x):\n    return map(g, x)"),
        (1, "def f(x):\n    for a in x:\n        f(a)"),  # recursion is no nesting
        (1, "def f(x):\n    for a in x:\n        pass\nfor a in f([]):\n    for b in a:\n        print(b)"),
    ],
)
def test_loops_nest_through_comprehensions_and_calls(depth, program):
    assert keeps(LoopNesting(at_most=depth), program)
    assert depth == 0 or not keeps(LoopNesting(at_most=depth - 1), program)


def test_iteration_is_a_loop_or_a_comprehension():
    for program in ("def f(x):\n    while x: pass", "def f(x):\n    return {a for a in x}"):
        assert keeps(Iteration(rule="required"), program)
    assert not keeps(Iteration(rule="required"), "def f(x):\n    return sum(x)")


def test_a_generator_expression_counts_as_a_comprehension():
    assert keeps(Comprehension(rule="required"), "def f(x):\n    return sum(a for a in x)")
    assert not keeps(Comprehension(rule="required"), "def f(x):\n    for a in x: pass")


@pytest.mark.parametrize(
    ("constraint", "program", "kept"),
    [
        (Imports(rule="only", modules=()), "from typing import List\ndef f(x: List):\n    return x", True),
        (Imports(rule="only", modules=()), "import re\ndef f(x):\n    return x", True),  # not used
        (Imports(rule="only", modules=()), "def f(x):\n    import re\n    return x", False),
        (Imports(rule="only", modules=("math",)), "from math import sqrt\ndef f(x):\n    return sqrt(x)", True),
        (Imports(rule="only", modules=("math",)), "import re\ndef f(x):\n    return re.sub('', '', x)", False),
        (Imports(rule="required", modules=("math",)), "def f(x):\n    return x ** 0.5", False),
        (Imports(rule="forbidden", modules=("os",)), "from os import *\ndef f(x):\n    return x", False),
    ],
)
def test_modules_count_where_they_are_used(constraint, program, kept):
    assert keeps(constraint, program) is kept


def test_sorted_is_a_lists_sort_as_well():
    for program in ("def f(x):\n    return sorted(x)", "def f(x):\n    x.sort()\n    return x"):
        assert keeps(Builtin(rule="required", names=("sorted",)), program)


def test_a_builtin_that_the_program_defines_itself_is_its_own():
    assert keeps(
        Builtin(rule="forbidden", names=("eval",)), "def eval(x):\n    return x\ndef f(x):\n    return eval(x)"
    )
    assert not keeps(Builtin(rule="forbidden", names=("eval",)), "def f(x):\n    return eval(x)")


@pytest.mark.parametrize(
    ("line", "mutates"),
    [
        ("x.append(1)", True),
        ("x[0] = 1", True),
        ("del x[0]", True),
        ("x += [1]", True),
        ("y = x; y = 1", False),
        ("x = list(x); x.append(1)", False),
        ("x += 1", False),
        ("y = []; y.append(x)", False),
    ],
)
def test_an_argument_is_changed_in_place_before_it_gets_another_value(line, mutates):
    assert keeps(Mutation(rule="forbidden"), f"def f(x):\n    {line}\n    return x") is not mutates


@pytest.mark.parametrize(
    ("header", "kept"), [("x, y", True), ("x, y=1", True), ("*xs", True), ("x", False), ("x, y, z", False)]
)
def test_a_signature_is_what_can_be_called(header, kept):
    assert keeps(Signature(function="f", parameters=2), f"def f({header}):\n    return 1") is kept


def test_a_function_of_another_name_breaks_the_signature():
    broken = broken_constraint([Signature(function="f", parameters=1)], "def g(x):\n    return x", "f")
    assert str(broken) == "signature: Define a function f with 1 parameter. Found: no function f."


def test_code_that_only_shows_an_example_binds_nobody():
    program = "def f(x):\n    return x\n\nif __name__ == '__main__':\n    for a in {1}:\n        print(eval('f')(a))\n"
    for constraint in (
        LoopNesting(at_most=0),
        Structure(rule="forbidden", names=("set",)),
        Builtin(rule="forbidden", names=("eval",)),
    ):
        assert keeps(constraint, program)


def test_a_table_that_the_module_makes_for_the_function_counts():
    program = "table = {}\nfor i in range(9):\n    table[i] = i * i\n\ndef f(x):\n    return table[x]\n"
    assert keeps(Structure(rule="required", names=("dict",)), program)


def test_complexity_is_what_is_measured_and_kept_where_nothing_is():
    constraint = TimeComplexity(at_most="linear")
    assert keeps(constraint, "def f(x):\n    return x")
    assert keeps(constraint, "def f(x):\n    return x", measure=lambda: None)
    assert keeps(constraint, "def f(x):\n    return x", measure=lambda: "logarithmic")
    assert not keeps(constraint, "def f(x):\n    return x", measure=lambda: "quadratic")


def test_programs_that_are_not_python_break_nothing():
    assert keeps(Recursion(rule="required"), "def f(")
