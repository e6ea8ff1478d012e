"""The domain of the experiment: its tasks can be solved, its splits share nothing, and its dials are what they say."""

import random
from statistics import fmean

import pytest

from experiment.domain import (
    CELLS,
    LENGTHS,
    LEVELS,
    attempt,
    draw,
    is_held_out,
    known,
    prompt,
    tasks_of,
)
from starter.families import tasks
from verl_egca.execution.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=1) as made:
        yield made


@pytest.mark.parametrize("name", ["1b", "2a", "4c", "8b", "hard", "foreign"])
def test_references_pass_whoever_wrote_them(sandbox, name):
    found = tasks_of(CELLS[name])
    for problem in (*found.train[:24], *found.held_out[:24]):
        assert sandbox.run(problem, problem.reference).passed, problem.reference


def test_a_foreign_reference_is_another_program():
    ours, theirs = (tasks_of(CELLS[name]).train for name in ("hard", "foreign"))
    assert [p.prompt for p in ours] == [p.prompt for p in theirs]
    assert all(one.reference != other.reference for one, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("name", CELLS)
def test_no_function_of_one_split_is_in_the_other(name):
    found = tasks_of(CELLS[name])
    asked = [{line for p in split for line in p.prompt.splitlines()[1:]} for split in (found.train, found.held_out)]
    assert asked[0]
    assert asked[1]
    assert not asked[0] & asked[1]


def test_families_of_the_hard_cell_are_not_those_that_are_known():
    families = [{p.entry_point for p in split} for split in (tasks_of(CELLS["hard"]).train, known())]
    assert not families[0] & families[1]


def test_every_family_has_tasks_of_both_splits():
    for split in ("train", "test"):
        everyone = tasks(split)
        assert {t.family for t in everyone if is_held_out(t)} == {t.family for t in everyone}


@pytest.mark.parametrize("level", LEVELS)
def test_attempts_pass_as_often_as_their_level_says(sandbox, level):
    cell, rng = CELLS[f"1{level}"], random.Random(1)
    found = tasks_of(cell)
    asked = {problem.prompt: problem for problem in (*found.train, *found.held_out)}
    outcomes = []
    for _ in range(200):
        parts = draw(cell, rng, tasks("train"))
        problem = asked[prompt(level, parts)]
        outcomes.append(sandbox.run(problem, problem.code_prefix + attempt(cell, parts, rng)).passed)
    assert fmean(outcomes) == pytest.approx(LEVELS[level], abs=0.12)


def test_longer_programs_are_longer():
    lengths = [fmean(len(p.reference) for p in tasks_of(CELLS[f"{n}b"]).train) for n in LENGTHS]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 6 * lengths[0]
