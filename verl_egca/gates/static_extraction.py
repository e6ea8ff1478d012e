"""Constraints of a reference without a model: the parts of its text that belong to the algorithm.

Another way of writing the same algorithm should keep them: recursion, depth of loops, the telling data structures (and
no others of them), sorting, imports, unchanged arguments. The kind of loop (a comprehension or not), and lists, tuples
and strings are style, and not constrained.
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
    """Constraints that the reference keeps. Empty without a reference, or if its text can't be checked."""
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
    )  # at least 1: a plain loop instead of sum() is the same algorithm
    used = tuple(name for name in TELLING if name in facts.structures)
    unused = tuple(name for name in TELLING if name not in facts.structures)
    if used:
        found.append(Structure(rule="required", names=used))
    if unused:
        found.append(Structure(rule="forbidden", names=unused))
    if "sorted" in facts.builtins:
        found.append(Builtin(rule="required", names=("sorted",)))
    given = facts_of(problem.preamble, None)  # a program may repeat the preamble's imports
    modules = facts.modules | (given.modules if given is not None else frozenset())
    found.append(Imports(rule="only", modules=tuple(sorted(modules))))
    if not facts.mutated:
        found.append(Mutation(rule="forbidden"))
    return tuple(found)
