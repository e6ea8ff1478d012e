"""Constraints of a reference without a model: what its text shows to be part of the algorithm.

Chosen so that another way of writing the same algorithm keeps them: whether it recurses, how deep it loops, which of the
telling data structures it uses (and none of the others), whether it sorts, what it imports, that it leaves its arguments
alone. How it loops (a comprehension or not) and which lists, tuples and strings it builds is style, and asked of nobody.
"""

from __future__ import annotations

from verl_egca.constraints import (
    AnyConstraint,
    Builtin,
    Imports,
    LoopNesting,
    Mutation,
    Recursion,
    Signature,
    Structure,
    StructureName,
)
from verl_egca.gates.facts import facts_of
from verl_egca.problem import Problem

TELLING: tuple[StructureName, ...] = ("dict", "set", "deque", "heap")


def static_constraints(problem: Problem) -> tuple[AnyConstraint, ...]:
    """None of them is broken by the reference. Empty without a reference, or with one that can't be judged by its looks."""
    facts = facts_of(problem.reference or "", problem.entry_point)
    if problem.reference is None or facts is None:
        return ()
    found: list[AnyConstraint] = []
    if problem.entry_point in facts.signatures:
        fewest, most = facts.signatures[problem.entry_point]
        found.append(Signature(function=problem.entry_point, parameters=fewest if most is None else most))
    found.append(Recursion(rule="required" if facts.recursive else "forbidden"))
    found.append(
        LoopNesting(at_most=min(10, max(1, facts.loop_nesting)))
    )  # a plain loop in place of sum() is no other idea
    used = tuple(name for name in TELLING if name in facts.structures)
    unused = tuple(name for name in TELLING if name not in facts.structures)
    if used:
        found.append(Structure(rule="required", names=used))
    if unused:
        found.append(Structure(rule="forbidden", names=unused))
    if "sorted" in facts.builtins:
        found.append(Builtin(rule="required", names=("sorted",)))
    given = facts_of(problem.preamble, None)  # a program may import anew what it is given
    modules = facts.modules | (given.modules if given is not None else frozenset())
    found.append(Imports(rule="only", modules=tuple(sorted(modules))))
    if not facts.mutated:
        found.append(Mutation(rule="forbidden"))
    return tuple(found)
