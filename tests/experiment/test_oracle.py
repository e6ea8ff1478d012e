"""The oracle of the starter problems: who knows which decisions are wrong."""

import random

import pytest

from verl_egca.experiment.oracle import OracleLocalizer
from verl_egca.localization.base import FailingSample, NotLocalized
from verl_egca.problem import AssertionTests, Problem
from verl_egca.source import SourceText
from verl_egca.starter.families import tasks

TASKS = tasks("train") + tasks("test")


def blamed(task, body):
    problem = Problem(
        task_id="t",
        prompt=task.prompt,
        code_prefix=task.prompt,
        entry_point=task.family,
        tests=AssertionTests(assertions=("assert True",)),
    )
    program = task.prompt + body
    found = OracleLocalizer().localize(FailingSample(problem, program, None, None, 0))
    text = SourceText(program)
    return [program[slice(*text.offsets(place))] for place in found.ranges]


def test_one_wrong_decision_of_any_task_is_blamed_and_nothing_else():
    rng = random.Random(0)
    for task in rng.sample(TASKS, 120):
        place = rng.choice([number for number, slot in enumerate(task.slots) if slot.wrong])
        slot = task.slots[place]
        choice = rng.randrange(1, len(slot.options))
        body = task.fill([choice if number == place else 0 for number in range(len(task.slots))])
        assert blamed(task, body) == [slot.options[choice]], body


def test_two_wrong_decisions_are_both_blamed():
    task = next(task for task in TASKS if sum(bool(slot.wrong) for slot in task.slots) >= 2)
    wrong = [number for number, slot in enumerate(task.slots) if slot.wrong][:2]
    body = task.fill([int(number in wrong) for number in range(len(task.slots))])
    assert blamed(task, body) == [task.slots[number].options[1] for number in wrong]


@pytest.mark.parametrize("body", ["    return 1\n", ""])
def test_what_is_written_in_another_way_is_not_judged(body):
    with pytest.raises(NotLocalized, match="written_otherwise"):
        blamed(TASKS[0], body)


def test_a_right_program_has_nothing_to_blame():
    with pytest.raises(NotLocalized, match="no_slot_is_wrong"):
        blamed(TASKS[0], TASKS[0].reference)
