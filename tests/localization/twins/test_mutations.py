"""Small edits: each class of slips is undone, at its place, and what comes out is a program."""

import ast
import subprocess
import sys

import pytest

from verl_egca.localization.twins.clues import Clues, LooseEnds
from verl_egca.localization.twins.costs import BITS
from verl_egca.localization.twins.edits import changed, written_instead
from verl_egca.localization.twins.mutations import loose_ends, omissions, slips
from verl_egca.localization.twins.program import Program
from verl_egca.localization.twins.rows import Table
from verl_egca.localization.twins.table import OPERATORS
from verl_egca.localization.twins.table import SLIPS as TABLE

SLIPS = [
    ("if x < n:\n    y = 1\n", "if x <= n:\n    y = 1\n", "comparison"),
    ("r = x > n\n", "r = x < n\n", "comparison"),
    ("r = x == n\n", "r = x != n\n", "comparison"),
    ("r = x in n\n", "r = x not in n\n", "comparison"),
    ("r = x - n\n", "r = x + n\n", "arithmetic"),
    ("r = x / n\n", "r = x // n\n", "arithmetic"),
    ("r = x - n\n", "r = n - x\n", "operand"),
    ("r = x + n\n", "r = x\n", "operand"),
    ("r = x and n\n", "r = x or n\n", "boolean"),
    ("r = x and n and z\n", "r = x and z\n", "operand"),
    ("if not x:\n    y = 1\n", "if x:\n    y = 1\n", "negation"),
    ("if f(x):\n    y = 1\n", "if not f(x):\n    y = 1\n", "negation"),
    ("r = 1\n", "r = 2\n", "constant"),
    ("r = True\n", "r = False\n", "constant"),
    ("for i in range(n):\n    pass\n", "for i in range(n + 1):\n    pass\n", "bound"),
    ("for i in range(n):\n    pass\n", "for i in range(1, n):\n    pass\n", "bound"),
    ("r = x[i]\n", "r = x[i - 1]\n", "bound"),
    ("r = x[0]\n", "r = x[-1]\n", "bound"),
    ("r = x[:i]\n", "r = x[:i + 1]\n", "bound"),
    ("r = f(x, n)\n", "r = f(n, x)\n", "arguments"),
    ("r = min(x)\n", "r = max(x)\n", "call"),
    ("r = x.isupper()\n", "r = x.islower()\n", "call"),
    ("r = sorted(x)\n", "r = x\n", "call"),
    ("r = f(x)\n", "r = f(abs(x))\n", "call"),
    ("r = sorted(x)\n", "r = sorted(x, reverse=True)\n", "call"),
    ("r = x if n else z\n", "r = z if n else x\n", "branches"),
    ("r = (x, n)\n", "r = (n, x)\n", "arguments"),
    ("x += 1\n", "x -= 1\n", "arithmetic"),
    ("x = 1\n", "x += 1\n", "update"),
    ("for i in x:\n    continue\n", "for i in x:\n    break\n", "jump"),
    ("x = 1\ny = 2\n", "x = 1\npass\n", "superfluous"),
    ("if x:\n    y = 1\n", "if True:\n    y = 1\n", "guard"),
    ("x = y\ny = x\n", "y = x\nx = y\n", "order"),
    ("if x:\n    y = 1\nif n:\n    y = 2\n", "if x:\n    y = 1\nelif n:\n    y = 2\n", "branches"),
    ("r = x < n < z\n", "r = x <= n < z\n", "comparison"),
    ("r = x < n < z\n", "r = x < n\n", "comparison"),
    ("r = (x - n)*z\n", "r = x - n\n", "operand"),
    ("r = n*z\n", "r = (n + 1)*z\n", "bound"),
    ("r = x - n\n", "r = x - n + 1\n", "bound"),
    ("r = x - (n - z)\n", "r = (x - n) - z\n", "operand"),
    ("r = x[1:n]\n", "r = x[1:]\n", "bound"),
    ("r = x.strip(n)\n", "r = x\n", "call"),
    ("r = sorted(x, key=f)\n", "r = sorted(x)\n", "call"),
    ("r = -x\n", "r = x\n", "sign"),
    ("for i in x:\n    y=i\n", "for i in x:\n    y=max(y, i)\n", "update"),
    ("r = max(i for i in x)\n", "r = max(set((i for i in x)))\n", "call"),
    ("r = not (x or n)\n", "r = x or n\n", "negation"),
    ("r = [i for i in x if i]\n", "r = [i for i in x ]\n", "guard"),
    ("def g():\n    return (x+1)\n", "def g():\n    return (True)\n", "constant"),
]


KINDS = {
    "n": frozenset({"number"}),
    "i": frozenset({"number"}),
    "xs": frozenset({"list"}),
    "out": frozenset({"list"}),
    "d": frozenset({"dict"}),
    "s": frozenset({"text"}),
    "ok": frozenset({"truth"}),
}
OMISSIONS = {
    "step of a loop": ("while i < n:\n    f(i)\n", "while i < n:\n    f(i)\n    i += 1\n"),
    "list that is never filled": (
        "for x in xs:\n    pass\nreturn out\n",
        "for x in xs:\n    out.append(x)\nreturn out\n",
    ),
    "dict that is never filled": (
        "for x in xs:\n    pass\nreturn d\n",
        "for x in xs:\n    d[x] = d.get(x, 0) + 1\nreturn d\n",
    ),
    "text that is never added to": ("for c in s2:\n    pass\nreturn s\n", "for c in s2:\n    s += c\nreturn s\n"),
    "flag that is never set": (
        "for x in xs:\n    if x > n:\n        pass\n    ok = x\n",
        "for x in xs:\n    if x > n:\n        ok = False\n    ok = x\n",
    ),
    "best so far": (
        "for x in xs:\n    if x > n:\n        pass\nreturn n\n",
        "for x in xs:\n    if x > n:\n        n = x\nreturn n\n",
    ),
    "other branch": (
        "for x in xs:\n    if x:\n        n += 1\n",
        "for x in xs:\n    if x:\n        n += 1\n    else:\n        n -= 1\n",
    ),
    "return of a branch": ("if n < 2:\n    pass\nreturn n\n", "if n < 2:\n    return 0\nreturn n\n"),
    "first value": ("for x in xs:\n    q += x\nreturn q\n", "q = 0\nfor x in xs:\n    q += x\nreturn q\n"),
    "first value of a list": (
        "for x in xs:\n    q.append(x)\nreturn q\n",
        "q = []\nfor x in xs:\n    q.append(x)\nreturn q\n",
    ),
    "guard": ("for x in xs:\n    out.append(x)\n", "for x in xs:\n    if x not in out:\n        out.append(x)\n"),
    "jump's guard": (
        "for x in xs:\n    i += n\n    break\n",
        "for x in xs:\n    i += n\n    if i == n:\n        break\n",
    ),
    "term": ("return n * 2\n", "return n * 2 + i\n"),
    "condition": ("if n < 2 :\n    return i\n", "if n < 2 and ok :\n    return i\n"),
    "call": ("return (x for x in xs)\n", "return sum(x for x in xs)\n"),
    "sorting": ("for x in xs:\n    f(x)\n", "for x in sorted(xs):\n    f(x)\n"),
    "key": ("return max(xs)\n", "return max(xs, key=len)\n"),
    "other function": ("return int(s)\n", "return ord(s)\n"),
}


def texts(source, **known):
    program, clues = Program(source), Clues(**known)
    return [e.apply(source) for e in [*slips(program, clues), *loose_ends(program, clues), *omissions(program, clues)]]


def in_function(text):
    return "def g(n, i, xs, out, d, s, s2, ok, f):\n" + "".join(f"    {line}\n" for line in text.splitlines())


def parses(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize(("wrong", "right", "kind"), SLIPS)
def test_a_slip_is_undone(wrong, right, kind):
    set_up = "i = n = x = y = z = f = r = 0\n"
    assert (set_up + right, kind) in [
        (e.apply(set_up + wrong), e.kind) for e in slips(Program(set_up + wrong), Clues())
    ]


def test_an_edit_more_is_a_row_more():
    source, wanted = "r = x.index(n)\n", "r = x.find(n) + 1\n"
    more = TABLE + "\ncall\n    $a.index($b) @Assign.value -> $a.find($b) + 1\n"
    found = [e for e in slips(Program(source), Clues(), Table(more, OPERATORS)) if e.apply(source) == wanted]
    assert [(e.kind, e.form, e.blame) for e in found] == [("call", "$a.index($b) -> $a.find($b) + 1", (4, 14))]
    assert found[0].cost == pytest.approx(BITS["call"] + BITS.get("call in an assignment", 0.0))
    assert wanted not in texts(source)
    assert len(list(slips(Program(source), Clues(), Table("", {})))) < len(list(slips(Program(source), Clues())))


@pytest.mark.parametrize(
    "wrong", ["    $a -> $a + 1", "calls\n    $a $b", "calls\n    $a( -> $a", "calls\n    $a -> $b"]
)
def test_a_wrong_row_is_refused(wrong):
    with pytest.raises(ValueError, match=r"not a row|not code|unknown variables"):
        Table(wrong, OPERATORS)


SPACED = [
    ("r = x<n\n", "r = x<=n\n"),
    ("r = x==n\n", "r = x in n\n"),
    ("r = (x)+(n)\n", "r = (x)-(n)\n"),
    ("r = (x and\n     n)\n", "r = (x or\n     n)\n"),
    ("r = x[ :n]\n", "r = x[1:n]\n"),
    ("r = f(x,n)\n", "r = f(n,x)\n"),
]


@pytest.mark.parametrize(("wrong", "right"), SPACED)
def test_an_edit_leaves_brackets_and_blanks_as_they_are(wrong, right):
    assert right in texts(wrong)


@pytest.mark.parametrize(("wrong", "right"), OMISSIONS.values(), ids=OMISSIONS.keys())
def test_what_is_missing_is_put_in(wrong, right):
    found = texts(in_function(wrong), kinds=KINDS, called=("ord",))
    assert ast.dump(ast.parse(in_function(right))) in [ast.dump(ast.parse(text)) for text in found if parses(text)]


@pytest.mark.parametrize(("expected", "is_tried"), [("[]", True), ("[3, 4]", False)])
def test_a_base_case_returns_what_is_expected_only_if_that_needs_no_thought(expected, is_tried):
    source = "def g(xs):\n    return xs[0]\n"
    right = f"def g(xs):\n    if not xs:\n        return {expected}\n    return xs[0]\n"
    assert (right in texts(source, expected=expected, entry_point="g")) is is_tried


LISTS_EDITS = """
import sys
from verl_egca.localization.twins.clues import Clues
from verl_egca.localization.twins.mutations import loose_ends, omissions, slips
from verl_egca.localization.twins.program import Program
program, clues = Program(sys.argv[1]), Clues(called=("ord", "max"))
print([*slips(program, clues), *loose_ends(program, clues), *omissions(program, clues)])
"""


def test_edits_come_in_the_same_order_whatever_the_hashes_of_names_are():
    source = "".join(
        in_function(wrong).replace("def g", f"def g{n}") for n, (wrong, _) in enumerate(OMISSIONS.values())
    )
    source += (
        "def h(xs):\n    out = []\n    for x in xs:\n        out.append(sorted(x))\n    return sum(out), abs(len(xs))\n"
    )
    command = [sys.executable, "-c", LISTS_EDITS, source]
    listed = {
        subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout for seed in "123"
    }
    assert len(listed) == 1


def test_what_a_program_leaves_loose():
    source = "def h(x):\n    return x\n\ndef g(xs):\n    a = 1\n    out = []\n    for x in xs:\n        y = x\n    return out + z\n"
    ends = LooseEnds(program := Program(source))
    function = next(f for f in program.function_of.values() if f is not None and f.name == "g")
    assert ends.unused(function) == ["a", "y"]
    assert set(ends.never_updated(function)) >= {"a", "out"}
    assert ends.undefined(function) == ["z"]
    assert ends.uncalled("g") == ["h"]


DEPTHS = [
    ("for i in x:\n    y = i\n    return y\n", "for i in x:\n    y = i\nreturn y\n"),
    ("for i in x:\n    y = i\nreturn y\n", "for i in x:\n    y = i\n    return y\n"),
    ("for i in x:\n    if i:\n        y = i\n    z = 1\n", "for i in x:\n    if i:\n        y = i\n        z = 1\n"),
]


@pytest.mark.parametrize(("wrong", "right"), DEPTHS)
def test_a_statement_moves_to_the_depth_it_belongs_to(wrong, right):
    assert in_function(right) in texts(in_function(wrong))


def test_a_wrong_variable_becomes_any_other_that_can_be_seen():
    source = "def f(a, b):\n    c = a\n    return a + c\n"
    assert source.replace("a + c", "b + c") in texts(source)
    assert source.replace("a + c", "a + b") in texts(source)


def test_a_name_that_has_held_values_of_the_same_kind_is_likelier():
    source = "def f(xs, ys, n):\n    for x in xs:\n        n += x\n    return n\n"
    known = {name: frozenset({"list"}) for name in ("xs", "ys")} | {"n": frozenset({"number"})}
    edits = [edit for edit in slips(Program(source), Clues(known)) if edit.kind == "variable"]
    found = {edit.text: edit.cost for edit in edits if edit.start == source.index("xs:")}
    assert found["ys"] < found["n"]


def test_neighbours_in_a_list_change_places():
    assert "x = [5, 1, 4]\n" in texts("x = [1, 5, 4]\n")


def test_docstrings_annotations_and_f_strings_stay():
    source = 'def f(a: int = 1) -> int:\n    """1 < 2"""\n    return f"{a + 1}"\n'
    for edit in slips(Program(source), Clues()):
        assert '"""1 < 2"""' in edit.apply(source) or edit.kind == "superfluous"
        assert "a: int" in edit.apply(source)


def test_columns_are_characters_and_not_bytes():
    source = "def f(x):\n    s = 'äöü' if x < 1 else ''\n    return s\n"
    assert source.replace("<", "<=") in texts(source)


def test_the_changed_tokens_and_what_was_written_instead():
    source = "def f(x):\n    return x + 10\n"
    edit = next(e for e in slips(Program(source), Clues()) if e.apply(source) == source.replace("10", "11"))
    assert source[slice(*changed(edit, source))] == "10"
    assert source[slice(*written_instead(source, source.index("return") - 4))] == "return"
    end = "x = y\n"
    assert end[slice(*written_instead(end, len(end)))] == "y"
