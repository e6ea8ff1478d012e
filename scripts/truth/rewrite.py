"""The same program in other words: ``rewrite`` composes rewrites that keep a program's meaning.

    rewrite(source, entry_point, seed=1)

A seed picks the rewrites, their order and their places; of two opposite rewrites, it picks the one that is tried first.
Comments and layout are lost, docstrings stay. The assumptions of each rewrite are in its own file; together: builtin
types behave as builtin types, and no caller passes the entry point's parameters by keyword. A caller that needs
certainty runs the tests of the result, and takes another seed if they fail.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Collection
from dataclasses import dataclass

from truth.rewrites.branches import (
    ContinueIntoGuard,
    ElseIntoRest,
    GuardWithContinue,
    MergeConditions,
    RestIntoElse,
    SplitConditions,
    SwapBranches,
)
from truth.rewrites.build import clone
from truth.rewrites.comprehensions import ComprehensionToLoop, LoopToComprehension
from truth.rewrites.exits import DirectReturns, SingleExit
from truth.rewrites.folds import FlagToLoop, LoopToSearch, LoopToSum, SearchToLoop, SumToLoop
from truth.rewrites.functions import ExtractHelper, HoistHelper
from truth.rewrites.logic import ChainComparison, DeMorgan, MirrorComparison, SplitChain
from truth.rewrites.loops import ForToWhile, WhileToFor
from truth.rewrites.program import Program, Rewrite, Site
from truth.rewrites.recursion import LinearRecursionToLoop, TailCallToLoop
from truth.rewrites.rename import rename
from truth.rewrites.strings import ConcatenationToFormat, FormatToConcatenation
from truth.rewrites.temporaries import ExtractTemporary, InlineTemporary
from truth.rewrites.ternaries import IfToTernary, TernaryToIf
from truth.rewrites.updates import AppendToConcatenation, AugmentedToPlain, ConcatenationToAppend, PlainToAugmented

OPPOSITES: tuple[tuple[tuple[Rewrite, ...], tuple[Rewrite, ...]], ...] = (
    ((LoopToComprehension(),), (ComprehensionToLoop(),)),
    ((LoopToSum(), LoopToSearch()), (SumToLoop(), SearchToLoop(), FlagToLoop())),
    ((ForToWhile(),), (WhileToFor(),)),
    ((ExtractTemporary(),), (InlineTemporary(),)),
    ((RestIntoElse(), SingleExit()), (ElseIntoRest(), DirectReturns())),
    ((GuardWithContinue(),), (ContinueIntoGuard(),)),
    ((MergeConditions(),), (SplitConditions(),)),
    ((TernaryToIf(),), (IfToTernary(),)),
    ((SplitChain(),), (ChainComparison(),)),
    ((AugmentedToPlain(),), (PlainToAugmented(),)),
    ((AppendToConcatenation(),), (ConcatenationToAppend(),)),
    ((ConcatenationToFormat(),), (FormatToConcatenation(),)),
)
ALONE: tuple[Rewrite, ...] = (
    SwapBranches(),
    DeMorgan(),
    MirrorComparison(),
    ExtractHelper(),
    HoistHelper(),
    TailCallToLoop(),
    LinearRecursionToLoop(),
)
USED = 0.75  # the share of a seed's rewrites that is tried
REPEATS = 2  # the most applications of one rewrite
RENAMES = 0.9  # the share of programs in which names change
RENAMED = 0.9  # the share of names that change in such a program


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A rewritten program and the names of the applied rewrites, in order."""

    source: str
    applied: tuple[str, ...]


def rewrite(source: str, entry_point: str, seed: int, keep: Collection[str] | None = None) -> str:
    """``source`` in other words; the same for the same seed. See ``rewritten``."""
    return rewritten(source, entry_point, seed, keep).source


def rewritten(source: str, entry_point: str, seed: int, keep: Collection[str] | None = None) -> Rewritten:
    """``source`` in other words, with a record. Raises SyntaxError if ``source`` does not parse.

    ``keep`` are the names in use outside, except the entry point, such as helpers that tests call: all other functions
    of the module may be renamed. Without ``keep`` no function is renamed.
    """
    rng = random.Random(f"{seed}:{entry_point}")
    program = Program(ast.parse(source), entry_point, frozenset(keep or ()))
    applied: list[str] = []
    for directions in _plan(rng):
        for steps in directions:
            names = _apply_some(program, steps, rng)
            applied.extend(names)
            if names:
                break  # the opposite direction would undo it
    if rng.random() < RENAMES or not applied:
        count = rename(program, rng, RENAMED, module_names=keep is not None)
        applied.extend(["Rename"] * count)
    return Rewritten(ast.unparse(program.tree) + "\n", tuple(applied))


def _plan(rng: random.Random) -> list[list[tuple[Rewrite, ...]]]:
    """The plan, in order: for each idea its directions, the preferred direction first."""
    ideas = [rng.sample(pair, k=2) for pair in OPPOSITES] + [[(step,)] for step in ALONE]
    chosen = [idea for idea in ideas if rng.random() < USED]
    rng.shuffle(chosen)
    return chosen


def _apply_some(program: Program, steps: tuple[Rewrite, ...], rng: random.Random) -> list[str]:
    """Applies each step at up to REPEATS random places; returns the names of the applied steps."""
    applied: list[str] = []
    for step in steps:
        for _ in range(rng.randint(1, REPEATS)):
            sites: list[Site] = step.sites(program)
            if not sites:
                break
            before = clone(program.tree)
            rng.choice(sites)()
            printed = _printed(program.tree)
            program.replace(before if printed is None else ast.parse(printed))
            if printed is not None:
                applied.append(type(step).__name__)
    return applied


def _printed(tree: ast.Module) -> str | None:
    """The tree as text; None if it has no text, such as a backslash in an f-string before Python 3.12."""
    try:
        text = ast.unparse(ast.fix_missing_locations(tree))
        compile(text, "<rewritten>", "exec", dont_inherit=True)
    except (ValueError, SyntaxError):
        return None
    return text
