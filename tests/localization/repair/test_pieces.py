"""Pieces of the reference as single edits: each gives a text once, the likeliest first."""

import ast

import pytest

from verl_egca.localization.repair.lines import lines_of
from verl_egca.localization.repair.patch import Patch
from verl_egca.localization.repair.pieces import SEVERAL, pieces


def texts(source, *targets):
    found = pieces(source, [Patch(source, lines_of(source), ast.unparse(ast.parse(target))) for target in targets])
    assert [edit.cost for edit in found] == sorted(edit.cost for edit in found)
    assert len({edit.apply(source) for edit in found}) == len(found)
    assert source not in {edit.apply(source) for edit in found}
    return {edit.apply(source): edit for edit in found}


@pytest.mark.parametrize(
    ("source", "target", "wanted"),
    [
        ("a = b + 1\nc = d\n", "a = b - 1\nc = e\n", ["a = b - 1\nc = d\n", "a = b + 1\nc = e\n"]),
        (
            "for x in y:\n    f(x)\n",
            "for x in y:\n    if x:\n        f(x)\n",
            ["for x in y:\n    if x:\n        f(x)\n"],
        ),
        ("f()\ng()\n", "f()\n", ["f()\n"]),
        ("if a:\n    f()\n    g()\n", "if a:\n    f()\ng()\n", ["if a:\n    f()\ng()\n"]),
        ("f()\n", "f()\nif a:\n    g()\n", ["f()\nif a:\n    g()\n"]),
        ("a = 1\nb = 2\nc = 3\n", "a = 4\nb = 2\nc = 5\n", ["a = 4\nb = 2\nc = 5\n"]),
    ],
    ids=["words", "a condition around", "a line too many", "too deep", "a block", "all at once"],
)
def test_what_the_reference_has_otherwise_is_an_edit(source, target, wanted):
    found = texts(source, target)
    assert set(wanted) <= found.keys()


def test_a_few_words_are_likelier_than_a_line_and_several_are_named():
    found = texts("a = 1\nb = 2\n", "a = 3\nb = 4\nc = f(a, b)\n")
    assert found["a = 3\nb = 2\n"].cost < found["a = 1\nb = 2\nc = f(a, b)\n"].cost
    assert found["a = 3\nb = 4\nc = f(a, b)\n"].kind == SEVERAL


def test_views_add_up():
    assert {"a = 2\n", "a = 3\n"} <= texts("a = 1\n", "a = 2\n", "a = 3\n").keys()


def test_a_depth_that_changes_nothing_by_itself_is_no_edit():
    source = "def f(s):\n    return 1\n\ndef g(s):\n    a = s\n    return a\n"
    patch = Patch(source, lines_of(source), "def f(s):\n    a = s\n    return a\n")
    depth = [hunk for hunk in patch.hunks if hunk.kind == "depth"]
    assert depth
    assert patch.edits(depth[:1]) == []
    assert pieces(source, [patch])
