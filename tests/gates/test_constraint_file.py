"""The YAML of constraints: what is written is read, and what is wrong in it is named."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_egca.constraints import Recursion
from verl_egca.data.constraint_file import Entry, constrained, read_constraints, write_constraints
from verl_egca.data.rows import BadInput

from .constrained_problems import constrained_problem
from .test_constraint_vocabulary import constraints


@settings(max_examples=60)
@given(
    st.dictionaries(st.text(min_size=1, max_size=99), st.lists(constraints, max_size=3), max_size=3),
    st.text(max_size=99),
)
def test_what_is_written_is_read(tmp_path_factory, wanted, note):
    path = tmp_path_factory.getbasetemp() / "written.yaml"
    entries = [Entry(task, tuple(given), dropped=tuple(given), note=note) for task, given in wanted.items()]
    write_constraints(path, entries, {"by": "static", "problems": note})
    assert read_constraints(path) == {task: tuple(given) for task, given in wanted.items()}


def test_each_constraint_stands_with_its_words(tmp_path):
    write_constraints(tmp_path / "c.yaml", [Entry("a/1", (Recursion(rule="forbidden"),))], {"by": "static"})
    text = (tmp_path / "c.yaml").read_text()
    assert "  a/1:\n  - {kind: recursion, rule: forbidden}  # Do not use recursion.\n" in text
    assert yaml.safe_load(text)["made"] == {"by": "static"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("constraints:\n  t: [{kind: colour}]", r"key 'constraints\.t\.0\.kind': unknown kind 'colour'; known ones are structure, recursion"),
        ("constraints:\n  t: [{rule: required}]", r"key 'constraints\.t\.0\.kind': is missing; one of structure"),
        ("constraints:\n  t: [{kind: recursion, rule: maybe}]", r"key 'constraints\.t\.0\.recursion\.rule': .*'required' or 'forbidden' \(got 'maybe'\)"),
        ("constraints:\n  t: [{kind: recursion, rule: required, deep: 1}]", r"key 'constraints\.t\.0\.recursion\.deep': the kind recursion has no such key; remove it"),
        ("constraints:\n  t: [{kind: builtin, rule: required, names: [sort]}]", r"builtin\.names\.0': .*one of Python's builtins is wanted"),
        ("constraints:\n  t: {kind: recursion}", r"key 'constraints\.t': a list of constraints is wanted"),
        ("constraints:\n  t: [recursion]", r"key 'constraints\.t\.0"),
        ("constraints: [1]", r"key 'constraints': is list; a mapping from task ids is wanted"),
        ("t: 1", r"key 'constraints': is missing; a mapping from task ids"),
        ("", r"key 'constraints': is missing"),
        ("constraints:\n  t: []\n  t: []", r"row 3: is not YAML \(the key 't' is there twice\)"),
        ("constraints: [", r"is not YAML"),
        ("constraints:\n  t: !!python/object/apply:os.system [id]", r"is not YAML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_task_and_remedy(tmp_path, text, words):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=words) as caught:
        read_constraints(path)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_is_not_there_is_told_how_to_be_made(tmp_path):
    with pytest.raises(BadInput, match="egca constraints extract"):
        read_constraints(tmp_path / "none.yaml")


def test_a_task_that_is_no_problem_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"key 'constraints\.other': is not among the 1 problems of P"):
        constrained([constrained_problem()], {"other": ()}, tmp_path, "P")


def test_problems_that_the_file_does_not_name_have_no_constraints(tmp_path):
    problem = constrained_problem(Recursion(rule="forbidden"))
    assert constrained([problem], {}, tmp_path, "P")[0].constraints == ()
