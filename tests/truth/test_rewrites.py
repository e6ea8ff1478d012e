"""Each rewrite on a small program: what it makes, that it means the same, and the traps that it leaves alone."""

from __future__ import annotations

import ast
from textwrap import dedent
from typing import Any

import pytest

from truth.rewrites.branches import (
    ContinueIntoGuard,
    ElseIntoRest,
    GuardWithContinue,
    MergeConditions,
    RestIntoElse,
    SplitConditions,
    SwapBranches,
)
from truth.rewrites.comprehensions import ComprehensionToLoop, LoopToComprehension
from truth.rewrites.exits import DirectReturns, SingleExit
from truth.rewrites.folds import FlagToLoop, LoopToSearch, LoopToSum, SearchToLoop, SumToLoop
from truth.rewrites.functions import ExtractHelper, HoistHelper
from truth.rewrites.logic import ChainComparison, DeMorgan, MirrorComparison, SplitChain
from truth.rewrites.loops import ForToWhile, WhileToFor
from truth.rewrites.program import Program, Rewrite
from truth.rewrites.recursion import LinearRecursionToLoop, TailCallToLoop
from truth.rewrites.strings import ConcatenationToFormat, FormatToConcatenation
from truth.rewrites.temporaries import ExtractTemporary, InlineTemporary
from truth.rewrites.ternaries import IfToTernary, TernaryToIf
from truth.rewrites.updates import AppendToConcatenation, AugmentedToPlain, ConcatenationToAppend, PlainToAugmented


def all_results(rewrite: Rewrite, source: str) -> list[str]:
    """The program after each single application."""
    source = dedent(source)
    count = len(rewrite.sites(Program(ast.parse(source), "f")))
    results = []
    for index in range(count):
        program = Program(ast.parse(source), "f")
        rewrite.sites(program)[index]()
        results.append(ast.unparse(ast.fix_missing_locations(program.tree)))
    return results


def outcome(source: str, arguments: tuple[Any, ...]) -> Any:
    space: dict[str, Any] = {}
    exec(source, space)
    try:
        result = space["f"](*arguments)
    except Exception as error:
        return type(error)
    return list(result) if hasattr(result, "__next__") else result


SAME = [
    (LoopToComprehension(), "def f(xs):\n    out = []\n    for x in xs:\n        if x > 1:\n            out.append(x * 2)\n    return out", "[x * 2 for x in xs if x > 1]"),
    (LoopToComprehension(), "def f(xs):\n    d = {}\n    for x in xs:\n        d[x] = x + 1\n    return d", "{x: x + 1 for x in xs}"),
    (LoopToComprehension(), "def f(xs):\n    s = set()\n    for x in xs:\n        for y in xs:\n            s.add(x * y)\n    return s", "{x * y for x in xs for y in xs}"),
    (LoopToComprehension(), "def f(xs):\n    out = []\n    for x in xs:\n        if x > 1:\n            out.append(x)\n        else:\n            out.append(0)\n    return out", "[x if x > 1 else 0 for x in xs]"),
    (ComprehensionToLoop(), "def f(xs):\n    out = [x * 2 for x in xs if x > 1]\n    return out", "out.append(x * 2)"),
    (ComprehensionToLoop(), "def f(xs):\n    return sorted({x: y for x in xs for y in xs if y < x}.items())", "collected[x] = y"),
    (ComprehensionToLoop(), "def f(x):\n    return [x for x in x], x", "for x_item in x"),
    (ComprehensionToLoop(), "def f(xs):\n    xs = [x + 1 for x in xs]\n    return xs", "xs = collected"),
    (SumToLoop(), "def f(xs):\n    return sum(x * x for x in xs if x > 1)", "total += x * x"),
    (LoopToSum(), "def f(xs):\n    t = 0\n    for x in xs:\n        t += x * 2\n    return t", "t = sum((x * 2 for x in xs))"),
    (SearchToLoop(), "def f(xs):\n    return any(x > 2 for x in xs)", "return True"),
    (SearchToLoop(), "def f(xs):\n    return all(x > 0 for x in xs)", "if not x > 0"),
    (FlagToLoop(), "def f(xs):\n    if any(x > 2 for x in xs):\n        return 1\n    return 2", "break"),
    (LoopToSearch(), "def f(xs):\n    for x in xs:\n        if x == 2:\n            return False\n    return True", "all((x != 2 for x in xs))"),
    (LoopToSearch(), "def f(xs):\n    for x in xs:\n        for y in xs:\n            if x + y == 5:\n                return True\n    return False", "any((x + y == 5 for x in xs for y in xs))"),
    (ForToWhile(), "def f(xs):\n    t = 0\n    for x in xs:\n        if x == 2:\n            continue\n        t += x\n    return t", "x = items[position]\n        position += 1"),
    (ForToWhile(), "def f(xs):\n    t = 0\n    for i in range(1, len(xs)):\n        t += xs[i]\n    return t", "while i < len(xs)"),
    (ForToWhile(), "def f(xs):\n    t = []\n    for i in range(len(xs) - 1, -1, -1):\n        t.append(xs[i])\n    return t", "i -= 1"),
    (ForToWhile(), "def f(xs):\n    t = 0\n    for i in range(3):\n        if i == 1:\n            continue\n        t += i\n    return t, i", "i = position"),
    (ForToWhile(), "def f(xs):\n    for i, x in enumerate(xs):\n        if x == 9:\n            break\n    else:\n        return -1\n    return i", "i, x = items[position]"),
    (WhileToFor(), "def f(xs):\n    t = 0\n    i = 0\n    while i < len(xs):\n        t += xs[i]\n        i += 1\n    return t", "for i in range(len(xs))"),
    (ExtractTemporary(), "def f(xs):\n    return len(xs) * 2 + 1", "value = len(xs)"),
    (InlineTemporary(), "def f(xs):\n    n = len(xs)\n    return n * 2", "return len(xs) * 2"),
    (SwapBranches(), "def f(xs):\n    if len(xs) == 2:\n        return 1\n    elif xs:\n        return 2\n    else:\n        return 3", "if len(xs) != 2"),
    (RestIntoElse(), "def f(xs):\n    if not xs:\n        return 0\n    return xs[0]", "else:\n        return xs[0]"),
    (ElseIntoRest(), "def f(xs):\n    if not xs:\n        return 0\n    else:\n        return xs[0]", "return 0\n    return xs[0]"),
    (GuardWithContinue(), "def f(xs):\n    t = 0\n    for x in xs:\n        if x > 1:\n            t += x\n    return t", "if not x > 1:\n            continue"),
    (ContinueIntoGuard(), "def f(xs):\n    t = 0\n    for x in xs:\n        if x > 1:\n            continue\n        t += x\n    return t", "if not x > 1:\n            t += x"),
    (MergeConditions(), "def f(xs):\n    if xs:\n        if xs[0] > 0:\n            return 1\n    return 2", "if xs and xs[0] > 0"),
    (SplitConditions(), "def f(xs):\n    if xs and xs[0] > 0 and len(xs) > 1:\n        return 1\n    return 2", "if xs[0] > 0 and len(xs) > 1"),
    (TernaryToIf(), "def f(xs):\n    return 1 if xs else 2", "if xs:\n        return 1\n    else:"),
    (IfToTernary(), "def f(xs):\n    if xs:\n        y = 1\n    else:\n        y = 2\n    return y", "y = 1 if xs else 2"),
    (IfToTernary(), "def f(xs):\n    if len(xs) > 2:\n        return True\n    return False", "return len(xs) > 2"),
    (SingleExit(), "def f(xs):\n    '''Doc.'''\n    if not xs:\n        return 0\n    if len(xs) > 2:\n        return 1\n    return 2", "'''Doc.'''|return outcome"),
    (DirectReturns(), "def f(xs):\n    if xs:\n        r = 1\n    elif len(xs) > 4:\n        r = 2\n    else:\n        r = 3\n    return r", "return 3"),
    (DeMorgan(), "def f(xs):\n    if xs and len(xs) == 3:\n        return 1\n    return 2", "not (not xs or len(xs) != 3)"),
    (DeMorgan(), "def f(xs):\n    if not (xs or len(xs) == 3):\n        return 1\n    return 2", "not xs and len(xs) != 3"),
    (MirrorComparison(), "def f(xs):\n    return len(xs) < 3", "3 > len(xs)"),
    (SplitChain(), "def f(xs):\n    return 1 < len(xs) < 4", "1 < len(xs) and len(xs) < 4"),
    (ChainComparison(), "def f(xs):\n    return 1 < len(xs) and len(xs) < 4", "1 < len(xs) < 4"),
    (AugmentedToPlain(), "def f(xs):\n    n = 0\n    for x in xs:\n        n += x\n    return n", "n = n + x"),
    (PlainToAugmented(), "def f(xs):\n    n = 0\n    for x in xs:\n        n = n + x\n    return n", "n += x"),
    (AppendToConcatenation(), "def f(xs):\n    out = []\n    for x in xs:\n        out.append(x)\n    return out", "out += [x]"),
    (ConcatenationToAppend(), "def f(xs):\n    out = []\n    for x in xs:\n        out += [x]\n    return out", "out.append(x)"),
    (ConcatenationToFormat(), "def f(xs):\n    return 'n=' + str(len(xs)) + '!'", "f'n={len(xs)}!'"),
    (FormatToConcatenation(), "def f(xs):\n    return f'n={len(xs)}!'", "'n=' + str(len(xs)) + '!'"),
    (ExtractHelper(), "def f(xs):\n    n = 2\n    return [x * n for x in xs]", "def compute(n, xs):|return compute(n, xs)"),
    (HoistHelper(), "def f(xs):\n    def g(x):\n        return x + 1 if x > 2 else g(x + 1)\n    return [g(x) for x in xs]", "def g(x):"),
    (TailCallToLoop(), "def f(xs, acc=0):\n    if not xs:\n        return acc\n    return f(xs[1:], acc + xs[0])", "while True|xs, acc = (xs[1:], acc + xs[0])|continue"),
    (LinearRecursionToLoop(), "def f(xs, i=0):\n    if i >= len(xs):\n        return 0\n    return xs[i] + f(xs, i + 1)", "accumulated += xs[i]|return accumulated + 0"),
]  # fmt: skip


@pytest.mark.parametrize(("rewrite", "source", "expected"), SAME, ids=lambda value: type(value).__name__)
def test_a_rewrite_says_the_same_in_other_words(rewrite: Rewrite, source: str, expected: str) -> None:
    results = all_results(rewrite, source)
    texts = [text.replace('"""', "'''") for text in results]
    assert any(all(part in text for part in expected.split("|")) for text in texts), results
    for result in results:
        for xs in ([], [1], [1, 2, 3], [2, 3, 9], [5, -1, 2, 2]):
            assert outcome(result, (list(xs),)) == outcome(source, (list(xs),)), result


TRAPS = [
    ("the loop variable is read after the loop", LoopToComprehension(), "def f(xs):\n    out = []\n    for x in xs:\n        out.append(x)\n    return out, x"),
    ("the loop reads what it collects", LoopToComprehension(), "def f(xs):\n    out = []\n    for x in xs:\n        if x not in out:\n            out.append(x)\n    return out"),
    ("a closure keeps the loop variable", LoopToComprehension(), "def f(xs):\n    out = []\n    for x in xs:\n        out.append(lambda: x)\n    return [g() for g in out]"),
    ("a walrus binds in the loop", LoopToComprehension(), "def f(xs):\n    out = []\n    for x in xs:\n        out.append((y := x))\n    return out, y"),
    ("a handler sees what was collected", LoopToComprehension(), "def f(xs):\n    try:\n        out = []\n        for x in xs:\n            out.append(1 // x)\n    except ZeroDivisionError:\n        pass\n    return out"),
    ("the list belongs to a closure", LoopToComprehension(), "def f(xs):\n    out = []\n    for x in xs:\n        out.append(g())\n    def g():\n        return len(out)\n    return out"),
    ("an outer loop goes on with the variable", LoopToComprehension(), "def f(xs):\n    for x in xs:\n        out = []\n        for x in xs:\n            out.append(x)\n        print(x)\n    return out"),
    ("list is not the builtin", LoopToComprehension(), "def f(xs, list=tuple):\n    out = list()\n    for x in xs:\n        out.append(x)\n    return out"),
    ("a closure keeps the comprehension's variable", ComprehensionToLoop(), "def f(xs):\n    return [lambda: x for x in xs]"),
    ("the total is a global", LoopToSum(), "t = 0\ndef f(xs):\n    global t\n    t = 0\n    for x in xs:\n        t += x\n    return t"),
    ("sum starts from something", SumToLoop(), "def f(xs):\n    return sum((x for x in xs), [])"),
    ("the body changes what it iterates", ForToWhile(), "def f(xs):\n    for x in xs:\n        xs.append(x)\n        if len(xs) > 9:\n            break\n    return xs"),
    ("the body passes on what it iterates", ForToWhile(), "def f(xs):\n    for x in xs:\n        g(xs)\n    return xs\ndef g(xs):\n    xs.pop()"),
    ("an iterator may never end", ForToWhile(), "def f(xs):\n    ys = iter(xs)\n    for y in ys:\n        if y:\n            break\n    return next(ys)"),
    ("a generator function stays lazy", ForToWhile(), "def f(xs):\n    for x in xs:\n        yield x"),
    ("the index is read after the loop", WhileToFor(), "def f(xs):\n    i = 0\n    while i < len(xs):\n        print(i)\n        i += 1\n    return i"),
    ("a continue skips the step", WhileToFor(), "def f(xs):\n    i = 0\n    while i < len(xs):\n        if xs.pop():\n            continue\n        i += 1"),
    ("the second operand may be skipped", ExtractTemporary(), "def f(xs):\n    y = xs and xs[0]\n    return y"),
    ("a walrus stays where it is", ExtractTemporary(), "def f(xs):\n    return (n := len(xs)) + n"),
    ("the temporary is read in a loop", InlineTemporary(), "def f(xs):\n    n = len(xs)\n    while n > len(xs):\n        xs.append(1)\n    return xs"),
    ("the temporary is read twice", InlineTemporary(), "def f(xs):\n    n = len(xs)\n    return n + n"),
    ("an iterator is used up", InlineTemporary(), "def f(xs):\n    ys = map(str, xs)\n    n = len(list(ys))\n    return list(ys) + [n]"),
    ("a call may change what was read before", InlineTemporary(), "def f(xs):\n    n = xs.pop()\n    return xs[0] + n"),
    ("+= changes a list in place", AugmentedToPlain(), "def f(xs):\n    xs += [1]\n    return xs"),
    ("x = x + y copies a list", PlainToAugmented(), "def f(xs):\n    xs = xs + [1]\n    return xs"),
    ("+= would make the closure's list local", AppendToConcatenation(), "def f(xs):\n    out = []\n    def g(x):\n        out.append(x)\n    for x in xs:\n        g(x)\n    return out"),
    ("the loop's clauses have an else", LoopToSearch(), "def f(xs):\n    for x in xs:\n        if x:\n            return True\n    else:\n        print(x)\n    return False"),
    ("values, not truths, are returned", DeMorgan(), "def f(xs):\n    return xs and xs[0]"),
    ("a format changes the text", FormatToConcatenation(), "def f(xs):\n    return f'{len(xs):03}'"),
    ("two calls of itself", LinearRecursionToLoop(), "def f(n):\n    if n < 2:\n        return 1\n    return f(n - 1) + f(n - 2)"),
    ("floats round", LinearRecursionToLoop(), "def f(n):\n    if n < 2:\n        return 1\n    return 1 / n + f(n - 1)"),
    ("a closure keeps the parameter", TailCallToLoop(), "def f(n, g):\n    if n < 2:\n        return g()\n    return f(n - 1, lambda: n)"),
    ("a nested function uses its surroundings", HoistHelper(), "def f(xs):\n    k = 2\n    def g(x):\n        return x * k\n    return g(1)"),
    ("nonlocal", HoistHelper(), "def f(xs):\n    k = 2\n    def g():\n        nonlocal k\n        k += 1\n    g()\n    return k"),
    ("a local import", ExtractHelper(), "def f(xs):\n    import math\n    return math.sqrt(xs) + 2"),
    ("a variable that may not be bound yet", ExtractHelper(), "def f(xs):\n    if xs:\n        y = 2\n    return xs and y + xs[0] * 2 > 1"),
    ("a function that may fall off its end", SingleExit(), "def f(xs):\n    if xs:\n        return 1\n    if len(xs) > 2:\n        return 2"),
    ("a method", TailCallToLoop(), "class A:\n    def f(self, n):\n        return f(self, n)"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "rewrite", "source"), TRAPS, ids=[trap[0] for trap in TRAPS])
def test_a_rewrite_leaves_alone(why: str, rewrite: Rewrite, source: str) -> None:
    assert all_results(rewrite, source) in ([], [ast.unparse(ast.parse(source))]), why
