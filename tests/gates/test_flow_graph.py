"""Programs that do the same in other words have one graph; others have other graphs."""

import networkx as nx
import pytest

from verl_egca.gates.comparability import similarity
from verl_egca.gates.flow_graph import flow_graph

SAME = {
    "a comprehension is a loop": (
        "def f(x):\n    return [a for a in x if a]",
        "def f(x):\n    out = []\n    for a in x:\n        if a:\n            out.append(a)\n    return out",
    ),
    "for is while": (
        "def f(x):\n    for i in range(x):\n        print(i)",
        "def f(x):\n    i = 0\n    while i < x:\n        print(i)\n        i += 1",
    ),
    "a conditional expression is a branch": (
        "def f(x):\n    return 1 if x else 2",
        "def f(x):\n    if x:\n        return 1\n    return 2",
    ),
    "and is a nested branch": (
        "def f(x, y):\n    if x and y:\n        return 1\n    return 2",
        "def f(x, y):\n    if x:\n        if y:\n            return 1\n    return 2",
    ),
    "a chain of comparisons is and": (
        "def f(x):\n    if 0 < x < 9:\n        return 1\n    return 2",
        "def f(x):\n    if 0 < x and x < 9:\n        return 1\n    return 2",
    ),
    "a guard is a condition": (
        "def f(x):\n    for a in x:\n        if not a:\n            continue\n        print(a)",
        "def f(x):\n    for a in x:\n        if a:\n            print(a)",
    ),
    "one exit is several": (
        "def f(x):\n    if x:\n        r = 1\n    else:\n        r = 2\n    return r",
        "def f(x):\n    if x:\n        return 1\n    return 2",
    ),
    "a helper is its body": (
        "def f(x):\n    return g(x)\ndef g(x):\n    for a in x:\n        print(a)",
        "def f(x):\n    for a in x:\n        print(a)",
    ),
    "sum is a loop": (
        "def f(x):\n    return sum(x)",
        "def f(x):\n    t = 0\n    for a in x:\n        t += a\n    return t",
    ),
    "any is a search": (
        "def f(x):\n    return any(a > 1 for a in x)",
        "def f(x):\n    for a in x:\n        if a > 1:\n            return True\n    return False",
    ),
    "max is a loop with a decision": (
        "def f(x):\n    return max(x)",
        "def f(x):\n    best = x[0]\n    for a in x:\n        if a > best:\n            best = a\n    return best",
    ),
    "a condition says True or False itself": (
        "def f(x):\n    return x > 1",
        "def f(x):\n    if x > 1:\n        return True\n    else:\n        return False",
    ),
    "while True with a break is a condition": (
        "def f(x):\n    while True:\n        if x > 9:\n            break\n        x += 1",
        "def f(x):\n    while not x > 9:\n        x += 1",
    ),
    "match is a chain of branches": (
        "def f(x):\n    match x:\n        case 1:\n            return 2\n        case _:\n            return 3",
        "def f(x):\n    if x == 1:\n        return 2\n    else:\n        return 3",
    ),
    "filter is a comprehension": (
        "def f(x):\n    return list(filter(lambda a: a > 1, x))",
        "def f(x):\n    return [a for a in x if a > 1]",
    ),
    "what nobody calls leaves no trace": (
        "def f(x):\n    return x\ndef g(x):\n    while x:\n        pass",
        "def f(y):\n    z = y\n    return z",
    ),
    "an annotation and a docstring leave no trace": (
        'def f(x: "int if True else str") -> int:\n    """Says."""\n    return x',
        "def f(x):\n    return x",
    ),
}


@pytest.mark.parametrize(("first", "second"), SAME.values(), ids=SAME)
def test_the_same_in_other_words_has_the_same_graph(first, second):
    graphs = [flow_graph(program, "f") for program in (first, second)]
    assert nx.is_isomorphic(*graphs, node_match=lambda a, b: a == b)
    assert similarity(first, second, "f") == 1.0


OTHER = {
    "recursion and a loop": (
        "def f(n):\n    if n < 2:\n        return 1\n    return n * f(n - 1)",
        "def f(n):\n    r = 1\n    for i in range(n):\n        r *= i\n    return r",
    ),
    "nested loops and one": (
        "def f(x):\n    for a in x:\n        for b in x:\n            if a + b == 0:\n                return True",
        "def f(x):\n    seen = set()\n    for a in x:\n        if -a in seen:\n            return True\n        seen.add(a)",
    ),
    "sorting and a search": (
        "def f(x):\n    return sorted(x)[0]",
        "def f(x):\n    for a in x:\n        if all(a <= b for b in x):\n            return a",
    ),
}


@pytest.mark.parametrize(("first", "second"), OTHER.values(), ids=OTHER)
def test_another_algorithm_has_another_graph(first, second):
    assert similarity(first, second, "f") < 0.6


def test_a_loop_that_never_turns_is_still_a_graph():
    for body in ("while True: pass", "while 0: pass", "return\n    while x: x", "break_ = 1"):
        graph = flow_graph(f"def f(x):\n    {body}\n", "f")
        assert {label for _, label in graph.nodes(data="label")} >= {"entry", "exit"}


def test_a_program_without_the_entry_point_is_compared_as_a_whole():
    assert similarity("for a in input():\n    print(a)", "x = input()\nfor b in x:\n    print(b)", None) == 1.0
