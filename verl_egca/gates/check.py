"""The constraints that a program breaks, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from verl_egca.constraints import (
    COMPLEXITIES,
    AnyConstraint,
    Builtin,
    Complexity,
    Comprehension,
    Imports,
    Iteration,
    LoopNesting,
    Mutation,
    Recursion,
    Rule,
    Signature,
    Structure,
    TimeComplexity,
)
from verl_egca.gates.facts import Facts, facts_of

Measure = Callable[[], Complexity | None]


@dataclass(frozen=True, slots=True)
class Broken:
    """A constraint that a program breaks: its kind, its words, and the breach."""

    kind: str
    words: str
    found: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.words} Found: {self.found}"


def broken_constraint(
    constraints: Iterable[AnyConstraint], program: str, entry_point: str | None, measure: Measure | None = None
) -> Broken | None:
    """The first broken constraint; those that need runs come last. Never raises, whatever the program.

    A constraint that can't be checked counts as kept: the program does not parse, exceeds `code`'s bounds, or its runs
    can't be measured. ``measure`` runs the program to give its complexity; without it nothing runs.
    """
    return next(iter(broken_constraints(constraints, program, entry_point, measure)), None)


def broken_constraints(
    constraints: Iterable[AnyConstraint], program: str, entry_point: str | None, measure: Measure | None = None
) -> Iterable[Broken]:
    """All broken constraints, as in `broken_constraint`."""
    wanted = list(constraints)
    facts = facts_of(program, entry_point) if wanted else None
    if facts is None:
        return
    measured = [one for one in wanted if isinstance(one, TimeComplexity)]
    for one in wanted:
        if not isinstance(one, TimeComplexity) and (found := _found(one, facts)) is not None:
            yield Broken(one.kind, one.words, found)
    if measured and measure is not None and (complexity := measure()) is not None:
        for one in measured:
            if COMPLEXITIES.index(complexity) > COMPLEXITIES.index(one.at_most):
                yield Broken(one.kind, one.words, f"{complexity} growth.")


def _found(constraint: AnyConstraint, facts: Facts) -> str | None:
    """The breach of the constraint in words; None if the program keeps it."""
    match constraint:
        case Structure(rule=rule, names=names):
            return _named(rule, set(names), facts.structures)
        case Recursion(rule=rule):
            return _against(rule, facts.recursive, "recursion")
        case Iteration(rule=rule):
            return _against(rule, facts.iterates, "iteration")
        case Comprehension(rule=rule):
            return _against(rule, facts.comprehends, "comprehension")
        case Builtin(rule=rule, names=names):
            return _named(rule, set(names), facts.builtins)
        case Mutation(rule=rule):
            return _against(rule, bool(facts.mutated), f"change of {', '.join(sorted(facts.mutated)) or 'an argument'}")
        case LoopNesting(at_most=most):
            return f"loops {facts.loop_nesting} deep." if facts.loop_nesting > most else None
        case Imports(rule=rule, modules=modules):
            return _named(rule, {name.split(".")[0] for name in modules}, facts.modules)
        case Signature(function=function, parameters=wanted):
            return _signature(function, wanted, facts)
    return None


def _against(rule: Rule, present: bool, what: str) -> str | None:
    if present == (rule == "required"):
        return None
    return f"{what}." if present else f"no {what}."


def _named(rule: str, named: set[str], used: frozenset[str]) -> str | None:
    wrong = used - named if rule == "only" else named - used if rule == "required" else named & used
    if not wrong:
        return None
    return f"{'no ' if rule == 'required' else ''}{', '.join(sorted(wrong))}."


def _signature(function: str, wanted: int | None, facts: Facts) -> str | None:
    if function not in facts.signatures:
        return f"no function {function}."
    fewest, most = facts.signatures[function]
    if wanted is None or (fewest <= wanted and (most is None or wanted <= most)):
        return None
    return f"{fewest} parameters." if most == fewest else f"{fewest} to {most or 'any number of'} parameters."
