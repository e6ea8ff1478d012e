"""How much two programs look alike at a glance."""

import ast

from verl_egca.localization.twins.resemblance import resemblance

PROGRAM = 'def f(xs):\n    """Adds."""\n    total = 0\n    for x in xs:\n        total += x\n    return total\n'


def alike(one, two):
    return resemblance(ast.parse(one), ast.parse(two))


def test_names_layout_and_docstrings_make_no_difference():
    other = "def summed(values):\n    acc = 0\n\n    for v in values: acc += v\n    return (acc)\n"
    assert alike(PROGRAM, other) == 1.0


def test_a_small_change_leaves_programs_alike_and_another_way_does_not():
    assert 0.8 < alike(PROGRAM, PROGRAM.replace("= 0", "= 1")) < 1.0
    assert alike(PROGRAM, "def f(xs):\n    return sum(x for x in xs)\n") < 0.5
