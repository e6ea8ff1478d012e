"""Failing programs as examples: which edits are right, and the command that learns from them."""

import json

from typer.testing import CliRunner

import learn_costs
from truth.examples import planted, written
from truth.ranking import Group
from truth.sets import Case

from ..problems import assertion_problem

RIGHT = "def f(xs, n):\n    count = 0\n    for x in xs:\n        if x < n:\n            count += 1\n    return count\n"
WRONG = RIGHT.replace("x < n", "x <= n")
PROBLEM = assertion_problem(
    "assert f([1, 2, 3], 3) == 2", "assert f([5], 3) == 0", "assert f([3, 3], 3) == 0"
).model_copy(update={"reference": RIGHT})
UNDONE = "comparison: $a <= $b -> $a < $b"


def right_of(group):
    return [signs for signs, is_right in zip(group.candidates, group.right, strict=True) if is_right]


def test_of_a_mutant_the_edit_is_right_that_undoes_it(sandbox):
    case = Case("mutants", PROBLEM, 0, WRONG, (), ((4,),), mended=RIGHT)
    (group,) = planted(sandbox, (case,))
    assert any(UNDONE in signs for signs in right_of(group))
    assert not all(group.right)


def test_of_a_program_those_are_right_that_mend_it_with_little(sandbox):
    (group,) = written(sandbox, (Case("model", PROBLEM, 0, WRONG, (), None),))
    assert any(UNDONE in signs for signs in right_of(group))
    assert sum(group.right) < len(group.right) / 4
    assert group.weight == 1


def test_a_program_that_nothing_mends_is_no_example(sandbox):
    problem = PROBLEM.model_copy(update={"reference": None})
    assert written(sandbox, (Case("model", problem, 0, "def f(xs, n):\n    return 'a'\n", (), None),)) == []


def test_the_command_writes_the_table_that_its_examples_give(tmp_path):
    signs = [{"a": 1.0, "slips": 1.0}, {"b": 1.0, "omissions": 1.0}, {"loose ends": 1.0}]
    signs += [{"pieces": 1.0}, {"pieces of what is alike": 1.0}]
    groups = [Group(str(n), signs, [True, *[False] * 4], [1.0] * 5) for n in range(20)]
    corpora = {"model": groups, "starter": groups[:5], "mutants": groups[:5]}
    learn_costs._write(corpora, tmp_path / "kept.jsonl")
    unread = str(tmp_path / "none")
    options = ["--problems", unread, "--mbpp", unread, "--samples", unread, "--mbpp-samples", unread]
    options += ["--kept", str(tmp_path / "kept.jsonl"), "--out", str(tmp_path / "costs.json"), "--date", "2026-01-01"]
    app = learn_costs.typer.Typer()
    app.command()(learn_costs.main)
    shown = CliRunner().invoke(app, options)
    assert shown.exit_code == 0, shown.output
    table = json.loads((tmp_path / "costs.json").read_text())
    assert table["date"] == "2026-01-01"
    assert table["corpora"]["model"] == {"programs": 20, "weight": 1.0}
    assert table["bits"]["a"] < 0 < table["bits"]["b"]
    assert table["least"]["slips"] < table["least"]["omissions"]
