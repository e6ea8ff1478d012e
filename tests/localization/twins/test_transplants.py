"""Pieces of the reference in the candidate: what is changed, what is blamed, and that all else stays."""

import ast
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_egca.localization.twins.alignment import align
from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.transplants import MOST, transplants
from verl_egca.localization.twins.views import Reference
from verl_egca.localization.twins.vocabulary import vocabulary

PROGRAMS = [
    "def f(xs):\n    t = 0\n    for x in xs:\n        if x > 0:\n            t += x\n    return t\n",
    "def f(ys):\n    return sum(y for y in ys if y >= 0)\n",
    "def f(a):\n    if not a: return []\n    return sorted(a)[::-1]\n",
    "def f(s):\n    n = 0\n    while n < len(s):\n        n += 1; s = s[1:]\n    else:\n        n = 2\n    return n\n",
    "def g(x):\n    return x * 2\n\ndef f(x):\n    # é ü 日本\n    return {'é': g(x)}['é']\n",
    "import math\n\ndef f(x):\n    try:\n        return math.sqrt(x)\n    except ValueError:\n        return -1\n",
    "n = int(input())\nfor i in range(n):\n    print(i)\n",
    "def f(a, b):\n    def h(c):\n        return c + b\n    return [h(i) for i in a if i != b]",
]


def edits(candidate: str, reference: str, entry_point: str = "f") -> list[Edit]:
    return transplants(candidate, align(ast.parse(candidate), Reference(ast.parse(reference)), entry_point))


def fix(candidate: str, reference: str, wanted: str | None = None) -> Edit:
    """The edit that turns the candidate into what is wanted."""
    wanted = wanted or reference
    found = [
        e for e in edits(candidate, reference) if ast.dump(ast.parse(e.apply(candidate))) == ast.dump(ast.parse(wanted))
    ]
    assert found, f"no edit makes {wanted!r}"
    return found[0]


def blamed(candidate: str, edit: Edit) -> str:
    return candidate[slice(*edit.blame)]


@pytest.mark.parametrize(
    ("wrong", "right", "blame"),
    [
        ("return x < y", "return x <= y", "x < y"),
        ("return x", "return x + y", "x"),
        ("if x < y:\n        return x", "if y < x:\n        return x", "x < y"),
        ("return x - y", "return abs(x - y)", "x - y"),
        ("return sorted(x)", "return x", "sorted(x)"),
        ("return x or y", "return x or y or 1", "x or y"),
        ("return [x, y]", "return [x, 1]", "y"),
    ],
)
def test_the_smallest_expression_that_holds_the_edit_is_blamed(wrong: str, right: str, blame: str):
    candidate, reference = (f"def f(x, y):\n    {line}\n" for line in (wrong, right))
    assert blamed(candidate, fix(candidate, reference)) == blame


def test_variables_are_translated():
    candidate = "def f(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total\n"
    reference = "def f(items):\n    acc = 0\n    for item in items:\n        acc += abs(item)\n    return acc\n"
    fix(candidate, reference, candidate.replace("+= x", "+= abs(x)"))


def test_brackets_are_put_where_the_new_expression_needs_them():
    fix("def f(x, y):\n    return x * y\n", "def f(x, y):\n    return x * (y + 1)\n")


def test_text_with_wide_characters_is_cut_at_the_right_places():
    candidate = "def f(s):\n    return 'é日本' + s  # ü\n"
    edit = fix(candidate, "def f(s):\n    return 'é日本' + s.lower()\n")
    assert edit.apply(candidate) == "def f(s):\n    return 'é日本' + s.lower()  # ü\n"


def test_a_missing_statement_goes_in_at_its_depth_and_what_was_written_there_is_blamed():
    candidate = "def f(xs):\n    for x in xs:\n        print(x)\n    return xs\n"
    reference = "def f(xs):\n    for x in xs:\n        print(x)\n        xs.append(x)\n    return xs\n"
    assert blamed(candidate, fix(candidate, reference)) == "\n    return"


def test_a_missing_base_case_goes_in_before_the_first_statement():
    candidate = 'def f(n):\n    """Factorial."""\n    return n * f(n - 1)\n'
    reference = 'def f(n):\n    """Factorial."""\n    if n == 0:\n        return 1\n    return n * f(n - 1)\n'
    assert blamed(candidate, fix(candidate, reference)) == "return"


def test_a_missing_guard_is_put_around_the_statement():
    candidate = "def f(xs, r):\n    for x in xs:\n        r.add(x)\n    return r\n"
    reference = "def f(xs, r):\n    for x in xs:\n        if x > 0:\n            r.add(x)\n    return r\n"
    assert fix(candidate, reference).kind == "guard"


def test_a_missing_else_is_added():
    fix(
        "def f(x):\n    if x:\n        y = 1\n    return y\n",
        "def f(x):\n    if x:\n        y = 1\n    else:\n        y = 2\n    return y\n",
    )


def test_a_superfluous_statement_is_taken_out():
    candidate = "def f(x):\n    x.sort()\n    x.pop()\n    return x\n"
    assert blamed(candidate, fix(candidate, "def f(x):\n    x.sort()\n    return x\n")) == "x.pop()"


def test_a_statement_at_the_wrong_depth_is_moved_and_its_indentation_blamed():
    candidate = "def f(xs):\n    t = 0\n    for x in xs:\n        t += x\n        return t\n"
    edit = fix(candidate, "def f(xs):\n    t = 0\n    for x in xs:\n        t += x\n    return t\n")
    assert edit.kind == "depth"
    assert blamed(candidate, edit) == "        "


def test_two_differences_are_brought_in_together_and_the_first_is_blamed():
    candidate = "def f(xs):\n    for x in xs:\n        if x < 0:\n            return True\n    return False\n"
    reference = "def f(xs):\n    for x in xs:\n        if x < 0:\n            return False\n    return True\n"
    assert blamed(candidate, fix(candidate, reference)) == "True"


def test_names_that_the_candidate_does_not_have_are_not_brought_in():
    candidate = "def f(x):\n    return x\n"
    reference = "import math\ndef f(x):\n    return math.floor(x)\n"
    assert all("import math" in e.apply(candidate) for e in edits(candidate, reference) if "math." in e.text)


def test_an_equal_program_needs_no_edit():
    assert edits(PROGRAMS[0], PROGRAMS[0]) == []


@settings(max_examples=40)
@given(st.sampled_from(PROGRAMS), st.sampled_from(PROGRAMS))
def test_every_edit_parses_is_distinct_and_costs_no_less_than_the_one_before(candidate: str, reference: str):
    found = edits(candidate, reference)
    results = [edit.apply(candidate) for edit in found]
    for result in results:
        ast.parse(result)
    assert len(set(results)) == len(found) <= 2 * MOST
    assert [edit.cost for edit in found] == sorted(edit.cost for edit in found)
    assert all(0 <= start <= end <= len(candidate) for start, end in (edit.blame for edit in found))


def test_the_same_programs_give_the_same_edits():
    assert json.dumps([repr(e) for e in edits(*PROGRAMS[:2])]) == json.dumps([repr(e) for e in edits(*PROGRAMS[:2])])


def test_the_vocabulary_is_what_the_program_is_made_of():
    words = vocabulary(ast.parse('def f(s):\n    """Doc."""\n    return max(s.lower().count("a"), -2) % 3 <= 1\n'))
    assert {"'a'", "-2", "3", "1"} <= set(words.constants)
    assert "'Doc.'" not in words.constants
    assert words.functions == ("max",)
    assert set(words.methods) == {"lower", "count"}
    assert words.operators == (ast.Mod,)
    assert words.comparisons == (ast.LtE,)
