"""Starter programs in other words: what they compute stays."""

import ast
import random

from experiment.style import restyle
from starter.families import tasks

TASKS = tasks("train") + tasks("test")


def results(task, body):
    """What the program gives for each of the task's arguments: a value, or the kind of error."""
    names: dict = {}
    exec(task.prompt + body, names)
    found = []
    for arguments in task.pool:
        try:
            found.append(names[task.family](*ast.literal_eval(repr(arguments))))
        except Exception as error:
            found.append(type(error))
    return found


def test_a_program_and_its_near_misses_compute_the_same_in_other_words():
    rng = random.Random(0)
    ending = [task for task in TASKS if "while" not in task.body]  # their near misses may not end
    for task in rng.sample(ending, 60):
        for body in (task.reference, rng.choice(list(task.near_misses()))):
            other = restyle(task.prompt, body, rng)
            assert results(task, other) == results(task, body), other


def test_it_is_the_draw_that_decides():
    task = next(task for task in TASKS if task.family == "sum_if")
    drawn = {restyle(task.prompt, task.reference, random.Random(seed)) for seed in range(20)}
    assert len(drawn) > 10
    assert restyle(task.prompt, task.reference, random.Random(3)) == restyle(
        task.prompt, task.reference, random.Random(3)
    )
