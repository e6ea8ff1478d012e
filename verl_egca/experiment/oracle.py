"""``oracle``: every decision of a starter program that is truly wrong. An upper bound for credit, not a method.

A starter task is a body with slots (`starter.task`): a sample that is the body with other texts in the slots shows by its
text alone which of them are wrong. What is written in another way, or right in each slot, the oracle does not know.
"""

from __future__ import annotations

import re
from functools import lru_cache

from verl_egca.localization.base import FailingSample, Localization, NotLocalized, lines_of
from verl_egca.source import SourceText
from verl_egca.starter.families import tasks
from verl_egca.starter.task import Task


class OracleLocalizer:
    name = "oracle"

    def localize(self, sample: FailingSample) -> Localization:
        task = _by_prompt().get(sample.problem.prompt)
        if task is None:
            raise NotLocalized("not_a_starter_task")
        prompt = sample.problem.code_prefix
        match = _pattern(task.body).fullmatch(sample.program[len(prompt) :].rstrip() + "\n")
        if match is None or not sample.program.startswith(prompt):
            raise NotLocalized("written_otherwise")
        text = SourceText(sample.program)
        wrong = [
            text.between(len(prompt) + match.start(number), len(prompt) + match.end(number))
            for number, slot in enumerate(task.slots, start=1)
            if match[number] and match[number] != slot.right
        ]
        if not wrong:
            raise NotLocalized("no_slot_is_wrong")
        return Localization(tuple(wrong), self.name, ranked=lines_of(wrong))


@lru_cache(1)
def _by_prompt() -> dict[str, Task]:
    return {task.prompt: task for split in ("train", "test") for task in tasks(split)}


@lru_cache(1024)
def _pattern(body: str) -> re.Pattern[str]:
    """The body, with a group for each slot that takes whatever stands there on one line."""
    lines = "".join(f"    {line}\n" for line in body.split("\n") if line.strip())
    return re.compile(r"([^\n]*?)".join(map(re.escape, lines.split("$"))))
