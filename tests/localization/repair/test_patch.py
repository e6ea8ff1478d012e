"""Hunks: all of them give the target, none the source, and each selection says what it changes."""

import ast
import itertools
import json
import random
from pathlib import Path

import pytest

from verl_egca.localization.repair.lines import lines_of, matched
from verl_egca.localization.repair.patch import Patch

SOLUTIONS = Path(__file__).parents[3] / "scripts" / "truth" / "second_solutions.jsonl"


def patch(source, target):
    return Patch(source, lines_of(source), ast.unparse(ast.parse(target)))


def same(one, two):
    return ast.dump(ast.parse(one)) == ast.dump(ast.parse(two))


def test_all_hunks_give_the_target_and_none_the_source():
    texts = [json.loads(line)["solution"] for line in SOLUTIONS.read_text().splitlines()]
    pairs = random.Random(1).sample(list(itertools.permutations(texts, 2)), 300)
    for source, target in pairs:
        found = patch(source, target)
        assert found.apply([]) == source
        assert same(found.apply(found.hunks), target)


@pytest.mark.parametrize(
    ("source", "target", "edits"),
    [
        ("if (a < b):\n    f(a)\n", "if a <= b:\n    f(a)\n", [(6, 7, "<=")]),
        ("x = 'a'  # why\n", 'x = "b"\n', [(4, 7, "'b'")]),
        ("for x in xs:\n  t += x\n", "for x in xs:\n    if x:\n        t += x\n", [(13, 15, "  if x:\n    ")]),
        ("def f():\n    return 1", "def f():\n    return 1\ng()\n", [(21, 21, "\ng()")]),
        ("def f():\n    '''Says.'''\n    return a\n", "def f():\n    a = 1\n    return a\n", [(25, 25, "    a = 1\n")]),
    ],
    ids=[
        "brackets and one word",
        "a string beside a comment",
        "a condition around",
        "after the end",
        "after a docstring",
    ],
)
def test_the_edits_are_small_and_keep_the_writing(source, target, edits):
    found = patch(source, target)
    told = [(edit.start, edit.end, edit.text) for edit in found.edits(found.hunks)]
    assert told == edits


def test_what_is_inside_a_block_follows_it():
    found = patch(
        "def f(xs):\n    for x in xs:\n        g(x)\n",
        "def f(xs):\n    g(xs)\n    if xs:\n        for x in xs:\n            g(x)\n",
    )
    (condition,) = [hunk for hunk in found.hunks if "if" in found.apply([hunk])]
    assert found.apply([condition]) == "def f(xs):\n    if xs:\n        for x in xs:\n            g(x)\n"


def test_a_header_without_its_block_gets_one():
    found = patch("f()\n", "if x:\n    g()\nf()\n")
    assert any(found.apply([hunk]) == "if x:\n    pass\nf()\n" for hunk in found.hunks)


def test_lines_match_in_order_by_likeness():
    ours, theirs = lines_of("a = 1\nb = a + 2\nreturn_(b)\n"), lines_of("b = a + 3\nprint(b)\nreturn_(b)\n")
    assert matched(ours, theirs) == [(1, 0), (2, 2)]


def test_what_has_no_words_has_no_lines():
    assert lines_of("") == lines_of("'''only text'''\n") == lines_of("x = (\n") == ()


def test_the_share_counts_what_is_taken_away_and_brought():
    found = patch("a = 1\nb = 2\nc = 3\n", "a = 1\nb = 2\nc = 4\n")
    assert found.share([]) == 0.0
    assert found.share(found.hunks) == pytest.approx(2 / 18)


def test_a_program_that_is_left_standing_beside_another_is_no_small_repair():
    old = "def f(x):\n" + "".join(f"    a{i} = g(x, {i})\n" for i in range(30)) + "    return a1\n"
    new = "def f(x):\n    y = x + x\n    z = y * y\n    return z\n"
    found = patch(old, new)
    beside = [hunk for hunk in found.hunks if hunk.kind != "remove"]
    assert sum(hunk.new for hunk in beside) < 0.1 * 30 * 7
    assert found.share(beside) > 0.3
