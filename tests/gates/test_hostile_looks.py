"""Whatever a program looks like, the gates answer, soon and without harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verl_egca.gates.code import MAX_CHARACTERS
from verl_egca.gates.facts import facts_of

LINKS = 60
HOSTILE = {
    "deep blocks": "def f(x):\n"
    + "".join("    " * (i + 1) + "for i in x:\n" for i in range(90))
    + "    " * 91
    + "pass",
    "deep parentheses": "def f(x):\n    return " + "(" * 90 + "x" + ")" * 90,
    "a long sum": "def f(x):\n    return " + "+".join(["x"] * 20_000),
    "a deep sum": "def f(x):\n    return " + "+".join(["x"] * 900),
    "a long elif": "def f(x):\n    if x: pass\n" + "".join(f"    elif x == {i}: pass\n" for i in range(2_000)),
    "a long and": "def f(x):\n    return " + " and ".join(["x"] * 3_000),
    "a long comparison": "def f(x):\n    return " + " < ".join(["x"] * 3_000),
    "many branches": "def f(x):\n" + "    if x: y = 1\n" * 2_500,
    "many arguments": "def f(x):\n    return max(" + ",".join(["x"] * 3_000) + ")",
    "many generators": "def f(x):\n    return [x " + "for x in x " * 500 + "]",
    "many cases": "def f(x):\n    match x:\n" + "".join(f"        case {i}: return {i}\n" for i in range(900)),
    "calls that double": "".join(f"def g{i}(x):\n    return g{i + 1}(x) + g{i + 1}(x)\n" for i in range(LINKS))
    + f"def g{LINKS}(x):\n    return x\ndef f(x):\n    return g0(x)",
    "a chain of calls": "".join(f"def g{i}(x):\n    return g{i + 1}(x)\n" for i in range(1_500))
    + "def g1500(x):\n    return x\ndef f(x):\n    return g0(x)",
    "all call all": "".join(f"def g{i}(x): return {'+'.join(f'g{j}(x)' for j in range(30))}\n" for i in range(30))
    + "def f(x): return g0(x)",
    "namesakes": "def g(): g\n" * 3_000 + "def f(x): g",
    "many variables of many functions": "def f(x):\n"
    + "".join(f"    a{i} = 0\n" for i in range(2_000))
    + "".join(f"    def g{i}(y): 0\n" for i in range(1_000)),
    "lambdas in lambdas": "f = lambda x: " + "(lambda y: " * 60 + "x" + ")" * 60,
    "a decorated self": "@f\ndef f(x): return f\nf = f",
    "a huge number": "def f(x):\n    return " + "9" * 60_000,
    "a lone surrogate": "def f(x):\n    return '\udc80'",
    "a null byte": "def f(x):\n\0",
    "too long": "def f(x):\n    return 1\n" + "#" * MAX_CHARACTERS,
    "nothing": "",
    "a star": "from os import *\nfrom . import x\ndef f(*a, **k): return a",
    "outside all loops": "def f(x):\n    break\n    continue\nreturn 1",
}


@pytest.mark.parametrize("program", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_program_is_judged_within_bounds_or_not_at_all(program):
    facts_of(program, "f")


KEYWORDS = (
    "def f(x):|if x:|for a in x:|while x:|return|f(x)|lambda: 0|break|else:|try:|except:|yield|[a for a in x]|    |\n"
)


@given(st.lists(st.sampled_from(KEYWORDS.split("|")), max_size=40).map(" ".join) | st.text())
def test_any_text_is_judged_or_not(text):
    facts_of(text, "f")
