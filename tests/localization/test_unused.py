"""Statements that a proof leaves without effect."""

import pytest

from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.program import Program
from verl_egca.localization.unused import Effects


def unused(source, old, new, entry_point="f"):
    start = source.index(old)
    program = Program(source)
    edit = Edit(start, start + len(old), new, "test", (start, start + len(old)))
    return [program.segment(one).split("\n")[0] for one in Effects(program, entry_point).unused([edit])]


HELPER = "def g(x):\n    return x + 2\n\ndef f(x):\n    return g(x)\n"
CASES = {
    "a value that is no longer read": (
        "def f(n):\n    a = n * 9\n    return a\n",
        "return a",
        "return n * 8",
        ["a = n * 9"],
    ),
    "a function that is no longer called": (HELPER, "g(x)\n", "x + 1\n", ["def g(x):", "return x + 2"]),
    "a branch that does nothing any more": (
        "def f(x):\n    if x > 2:\n        x += 1\n    return x\n",
        "x += 1",
        "pass",
        ["if x > 2:"],
    ),
    "what only fed what is not read": (
        "def f(xs):\n    seen = {}\n    for x in xs:\n        seen[x] = 1\n    return len(seen)\n",
        "len(seen)",
        "len(xs)",
        ["seen = {}", "for x in xs:", "seen[x] = 1"],
    ),
    "nothing, where all that is there is still used": (HELPER, "x + 2", "x + 1", []),
    "nothing that the edit itself replaces": ("def f(n):\n    a = n\n    return a\n", "a = n\n", "a = n + 1\n", []),
    "no function that shows what it finds": (
        "def g(x):\n    print(x)\n\ndef f(x):\n    g(x)\n    return x\n",
        "return x",
        "return x + 1",
        [],
    ),
    "no method": (
        "class A:\n    def g(self):\n        return 1\n\ndef f(x):\n    return A().g()\n",
        "return 1",
        "return 2",
        [],
    ),
}


@pytest.mark.parametrize(("source", "old", "new", "wanted"), CASES.values(), ids=CASES.keys())
def test_left_without_effect(source, old, new, wanted):
    assert unused(source, old, new) == wanted


def test_a_twin_that_is_no_program_tells_nothing():
    assert unused("def f(n):\n    a = n\n    return a\n", "return a", "return (") == []


def test_a_script_without_an_entry_point():
    assert unused("a = int(input())\nb = a * 2\nprint(b)\n", "print(b)", "print(a * 3)", None) == ["b = a * 2"]
