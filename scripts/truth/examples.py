"""Failing programs as training examples: all available edits with their signs, and the right ones among them.

For a policy's program, an edit is right if it passes every test, keeps right values on further inputs, and changes
little more than the smallest such edit; if there is none, each edit of a smallest repair by several edits is right. For
a mutant, the edit that undoes it is right.
"""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from truth.ranking import Group
from truth.sets import Case
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Verdict
from verl_egca.localization.attempt import Attempt, Attempts
from verl_egca.localization.base import FailingSample, NotLocalized
from verl_egca.localization.options import Options
from verl_egca.localization.repair import smallest_repair
from verl_egca.localization.twins.costs import signs
from verl_egca.localization.twins.edits import Edit, changed_characters
from verl_egca.localization.twins.search import Search
from verl_egca.problem import Problem

_MOST_TEXTS, _BATCH = 1_500, 24  # run texts of a program; of more texts a sample is drawn
_HARDLY_MORE, _FEW = 1.5, 4  # limits beyond the smallest edit: a factor of its characters, and a number of characters
_MOST_WORDS = 10  # of the reference; an edit with more passes independent of the mistake
_KEPT, _KEPT_OF_MUTANTS = 400, 150  # wrong edits that are kept; the rest is only counted
_LARGEST_REPAIR = 1 / 3  # of a program
_UNLIMITED = 10**9


@dataclass(frozen=True, slots=True)
class Known:
    """The edits of one program, and the right texts for each mistake."""

    edits: Sequence[Edit]
    source: str
    mistakes: Sequence[frozenset[str]]

    def groups(self, name: str, kept: int) -> list[Group]:
        """One group per mistake with a right edit; together they weigh 1."""
        texts = [edit.apply(self.source) for edit in self.edits]
        small = [_words(edit) <= _MOST_WORDS for edit in self.edits]
        known = [
            [text in right and is_small for text, is_small in zip(texts, small, strict=True)] for right in self.mistakes
        ]
        found = [right for right in known if any(right)]
        return [self._group(name, right, 1 / len(found), kept) for right in found]

    def _group(self, name: str, right: Sequence[bool], weight: float, kept: int) -> Group:
        places = list(itertools.compress(range(len(right)), right))
        wrong = [place for place, is_right in enumerate(right) if not is_right]
        drawn = random.Random(name).sample(wrong, min(kept, len(wrong)))
        return Group(
            name,
            [_signs(self.edits[place]) for place in (*places, *drawn)],
            [*([True] * len(places)), *([False] * len(drawn))],
            [*([1.0] * len(places)), *([len(wrong) / max(1, len(drawn))] * len(drawn))],
            weight,
        )


def written(sandbox: Sandbox, item: tuple[Case]) -> list[Group]:
    """The groups of a policy's program; empty if no edit mends it."""
    (case,) = item
    verdict = case.verdict or sandbox.run(case.problem, case.program)
    try:
        with Attempts(Options()).on(_sample(sandbox, case.problem, case.program, verdict)) as attempt:
            search = attempt.search(_UNLIMITED)
            edits = _edits(attempt, search)
            sizes = _sizes(edits, case.program)
            texts = list(sizes)
            if len(texts) > _MOST_TEXTS:
                texts = random.Random(case.program).sample(texts, _MOST_TEXTS)
            passing = [text for text in _likely(texts, attempt, search) if search.passes(text)]
            least = min((sizes[text] for text in passing), default=0)
            right = frozenset(text for text in passing if sizes[text] <= _HARDLY_MORE * least + _FEW)
            mistakes = [right] if right else _of_repair(attempt, search)
    except NotLocalized:
        return []
    return Known(edits, case.program, mistakes).groups(case.problem.task_id, _KEPT)


def planted(sandbox: Sandbox, item: tuple[Case]) -> list[Group]:
    """The groups of a program whose right form is known."""
    (case,) = item
    verdict = case.verdict or sandbox.run(case.problem, case.program)
    try:
        with Attempts(Options()).on(_sample(sandbox, case.problem, case.program, verdict)) as attempt:
            edits = _edits(attempt, attempt.search(_UNLIMITED))
    except NotLocalized:
        return []
    right = frozenset(text for text in _sizes(edits, case.program) if _is_same(text, case.mended or ""))
    return Known(edits, case.program, [right]).groups(case.problem.task_id, _KEPT_OF_MUTANTS)


def _sample(sandbox: Sandbox, problem: Problem, program: str, verdict: Verdict) -> FailingSample:
    return FailingSample(problem, program, verdict, sandbox, seed=0)


def _edits(attempt: Attempt, search: Search) -> list[Edit]:
    source = attempt.program.source
    return [
        edit
        for one in attempt.sources()
        for edit in one.make()
        if edit.apply(source) != source and changed_characters(edit, source) <= search.most_changed
    ]


def _sizes(edits: Sequence[Edit], source: str) -> dict[str, int]:
    """Each text with its number of changed characters."""
    found: dict[str, int] = {}
    for edit in edits:
        text, size = edit.apply(source), changed_characters(edit, source)
        found[text] = min(size, found.get(text, size))
    return found


def _likely(texts: Sequence[str], attempt: Attempt, search: Search) -> Iterator[str]:
    """The texts with which the first failing cases pass."""
    chosen = attempt.runs.cases.chosen
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        outcomes = attempt.trials.passed(batch, chosen, max_steps=search.max_steps, all_or_none=True)
        yield from (text for text, passed in zip(batch, outcomes, strict=True) if all(passed))


def _of_repair(attempt: Attempt, search: Search) -> list[frozenset[str]]:
    repair = smallest_repair(attempt.patches, search.passes, enough=0.0)
    if repair is None or repair.share > _LARGEST_REPAIR:
        return []
    return [frozenset({edit.apply(attempt.program.source)}) for edit in repair.edits]


def _signs(edit: Edit) -> dict[str, float]:
    return {**dict.fromkeys(signs(edit.kind, edit.form, edit.where), 1.0), **dict(edit.amounts)}


def _words(edit: Edit) -> float:
    """The number of words that a piece of the reference changes; 0 for other edits."""
    return sum(amount for sign, amount in edit.amounts if sign.startswith("weight of ") and sign != "weight of much")


def _is_same(text: str, reference: str) -> bool:
    """Whether two texts are the same program."""
    if _bare(text) != _bare(reference):
        return False
    try:
        return ast.dump(ast.parse(text)) == ast.dump(ast.parse(reference))
    except SyntaxError:
        return False


def _bare(text: str) -> str:
    return "".join(text.translate({ord("("): None, ord(")"): None}).split())
