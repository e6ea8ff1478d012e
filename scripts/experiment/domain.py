"""The domain of the comparison: programs of one to eight functions, by a policy with misconceptions.

A task asks for several functions, each a starter task of a different family. The policy *slips*, at any decision and in
any way, and it has *misconceptions*: decisions that it mostly gets wrong, in the same way. A task's first line names
one of three levels, which sets the rate of both, so that one policy serves every cell:

    f = 1 - p^(1 / (d n))       the share of wrong decisions that makes n functions of d decisions pass with probability p
    slips 0.3 f; misconceptions in the share f of all decisions, each written wrong with probability 0.7

so greedy decoding, which repeats each misconception, passes about p, too. A misconception is a pair of a family and a
right text, so learning transfers between tasks of a family. Style (names, ``t += x`` or ``t = t + x``, ``x > k`` or ``k
< x``) is drawn at random.

Tasks of families outside pretraining are the *hard* ones: in most groups all samples fail.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from experiment.foreign import foreign_body
from experiment.recipe import Recipe
from experiment.style import restyle
from starter.families import tasks
from starter.policy import PEAK_LR, load, one_cycle, pretrain
from starter.problems import starter_problems
from starter.task import Slot, Task
from verl_egca.problem import AssertionTests, Problem

LENGTHS = (1, 2, 4, 8)
LEVELS = {"a": 0.25, "b": 0.6, "c": 0.9}  # pass rate under these mistakes; unlearned parts lower it
COUNT = 256  # tasks of several functions in each split
SLIPS = 0.3  # share of slips among wrong decisions
FUNCTIONS = 32  # functions of a batch in pretraining
CONVINCED = 0.7  # probability of the wrong text at a misconception


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A cell of the map: the number of a program's functions, and the policy's level; or, ``hard``, unknown families.

    ``foreign``: references in another style.
    """

    length: int
    level: str
    hard: bool = False
    foreign: bool = False

    @property
    def name(self) -> str:
        if self.hard:
            return "foreign" if self.foreign else "hard"
        return f"{self.length}{self.level}"

    def recipe(self, policy: Path) -> Recipe:
        """The training recipe of the cell's rules."""
        return Recipe(policy=str(policy), steps=20, prompts=8, response_tokens=32 + 64 * self.length)


CELLS = {
    cell.name: cell
    for cell in (
        *(Cell(length, level) for length in LENGTHS for level in LEVELS),
        Cell(1, "c", hard=True),
        Cell(1, "c", hard=True, foreign=True),
    )
}


@dataclass(frozen=True, slots=True)
class Tasks:
    """Tasks to train on and held-out tasks, without common functions."""

    train: tuple[Problem, ...]
    held_out: tuple[Problem, ...]


def is_held_out(task: Task) -> bool:
    """A third of the tasks of each family is never trained on."""
    return task.prompt in _held_out()


@lru_cache(1)
def _held_out() -> frozenset[str]:
    families: dict[str, list[str]] = defaultdict(list)
    for task in (*tasks("train"), *tasks("test")):
        families[task.family].append(task.prompt)
    return frozenset(text for texts in families.values() for text in sorted(texts, key=_hash)[: len(texts) // 3])


def draw(cell: Cell, rng: random.Random, among: list[Task]) -> tuple[Task, ...]:
    """Tasks of different families, drawn uniformly."""
    by_family: dict[str, list[Task]] = {}
    for task in among:
        by_family.setdefault(task.family, []).append(task)
    return tuple(rng.choice(by_family[family]) for family in rng.sample(sorted(by_family), cell.length))


def prompt(level: str, parts: tuple[Task, ...]) -> str:
    """The task's text: the level, and a line for each function."""
    asked = "".join(f"# {task.family}({task.parameters}): {task.doc}\n" for task in parts)
    return f"# level {level}\n{asked}"


def response(parts: tuple[Task, ...], bodies: list[str]) -> str:
    """The functions with these bodies, in order."""
    return "".join(f"def {t.family}({t.parameters}):\n{body}" for t, body in zip(parts, bodies, strict=True))


def attempt(cell: Cell, parts: tuple[Task, ...], rng: random.Random) -> str:
    """A response with slips, misconceptions and a random style."""
    return response(parts, [restyle(task.prompt, task.fill(_choices(cell, task, rng)), rng) for task in parts])


def train_policy(
    out: Path, *, seed: int, steps: tuple[int, int], on_step: Callable[[int, float], None] | None = None
) -> None:
    """Pretrain one policy for all cells, on tasks of both splits (with the same mistakes), in two rounds.

    The second round starts from the first one's weights, with half its learning rate.
    """
    rng = random.Random(seed)
    corpus = ["".join(pair) for cell in _shown() for pair in _attempts(cell, 2 * FUNCTIONS, rng)]
    pretrain(out, corpus, _batches(steps[0], rng), seed=seed, steps=steps[0], positions=1024, layers=4, on_step=on_step)
    model, tokenizer = load(out)
    one_cycle(model, tokenizer, _batches(steps[1], rng), steps=steps[1], peak=PEAK_LR / 2, on_step=on_step)
    model.save_pretrained(out)


def _shown() -> list[Cell]:
    return [cell for cell in CELLS.values() if not cell.hard]


def _batches(steps: int, rng: random.Random) -> Iterator[list[tuple[str, str]]]:
    """Batches of one cell each, drawn with weights by length: long programs are harder to learn."""
    shown = _shown()
    for cell in rng.choices(shown, [cell.length for cell in shown], k=steps):
        yield _attempts(cell, FUNCTIONS // cell.length, rng)


def _attempts(cell: Cell, count: int, rng: random.Random) -> list[tuple[str, str]]:
    """Pairs of prompt and response."""
    among = tasks("train")
    drawn = [draw(cell, rng, among) for _ in range(count)]
    return [(prompt(cell.level, parts), attempt(cell, parts, rng)) for parts in drawn]


@lru_cache(None)
def tasks_of(cell: Cell) -> Tasks:
    """A cell's fixed tasks: all tasks of one function, or COUNT drawn ones of several."""
    return Tasks(_problems(cell, held_out=False), _problems(cell, held_out=True))


@lru_cache(1)
def known() -> tuple[Problem, ...]:
    """Tasks of families that the policy knows, to measure forgetting after training on others."""
    return tasks_of(CELLS["1c"]).held_out


def _problems(cell: Cell, *, held_out: bool) -> tuple[Problem, ...]:
    among = [task for task in tasks("test" if cell.hard else "train") if is_held_out(task) == held_out]
    split = "held_out" if held_out else "train"
    rng = random.Random(f"{cell.length}{cell.level}{cell.hard}/{split}")
    if cell.length == 1:
        chosen: list[tuple[Task, ...]] = [(task,) for task in rng.sample(among, len(among))]
    else:
        chosen = [draw(cell, rng, among) for _ in range(COUNT)]
    return tuple(_problem(cell, parts, f"{cell.name}/{split}/{n}") for n, parts in enumerate(chosen))


def _problem(cell: Cell, parts: tuple[Task, ...], name: str) -> Problem:
    text = prompt(cell.level, parts)
    assertions = tuple(line for task in parts for line in _assertions()[task.prompt])
    return Problem(
        task_id=name,
        prompt=text,
        code_prefix=text,
        entry_point=parts[-1].family,
        reference=text + response(parts, [_reference(cell, task) for task in parts]),
        tests=AssertionTests(assertions=assertions),
    )


def _reference(cell: Cell, task: Task) -> str:
    return foreign_body(task) if cell.foreign else restyle(task.prompt, task.reference, random.Random(task.prompt))


@lru_cache(1)
def _assertions() -> dict[str, tuple[str, ...]]:
    return {p.prompt: p.tests.assertions for split in ("train", "test") for p in starter_problems(split)}  # type: ignore


def _choices(cell: Cell, task: Task, rng: random.Random) -> list[int]:
    wrong, misconceived = _wrong(cell), _misconceptions(cell)
    return [_choice(slot, (task.family, slot.right) in misconceived, SLIPS * wrong, rng) for slot in task.slots]


def _choice(slot: Slot, misconceived: bool, slips: float, rng: random.Random) -> int:
    if not slot.wrong:
        return 0
    if misconceived:
        return int(rng.random() < CONVINCED)
    return rng.randrange(1, len(slot.options)) if rng.random() < slips else 0


def _wrong(cell: Cell) -> float:
    return 1.0 - float(LEVELS[cell.level] ** (1 / (sum(_shares().values()) * cell.length)))


@lru_cache(None)
def _misconceptions(cell: Cell) -> frozenset[tuple[str, str]]:
    """The level's misconceptions. A level with fewer has a subset of another's."""
    shares, left, chosen = _shares(), 0.0, set()
    wanted = _wrong(cell) * sum(shares.values())
    for pair in sorted(shares, key=lambda pair: _hash("|".join(pair))):
        if left + shares[pair] <= wanted * 1.1:
            chosen.add(pair)
            left += shares[pair]
    return frozenset(chosen)


@lru_cache(1)
def _shares() -> dict[tuple[str, str], float]:
    """The mean number of each decision in a function, by family and right text."""
    count = Counter(task.family for task in tasks("train"))
    shares: dict[tuple[str, str], float] = defaultdict(float)
    for task in tasks("train"):
        for slot in task.slots:
            if slot.wrong:
                shares[task.family, slot.right] += 1 / (count[task.family] * len(count))
    return dict(shares)


def _hash(text: str) -> float:
    """A deterministic hash between 0 and 1."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") / 2**64
