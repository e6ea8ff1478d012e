"""Matches the functions and variables of the candidate with those of the reference.

Variables are compared by their values in the same cases, by their uses, and by their names; a maximum-weight matching
decides (`scipy.optimize.linear_sum_assignment`).
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from verl_egca.localization.twins.shapes import Shapes, likeness
from verl_egca.localization.twins.trees import Scope, entry_scope
from verl_egca.tracing.trace import Trace

Values = list[dict[str, Counter[Any]]]  # for each case and name: its values, and its pairs of consecutive values
_KINDS = frozenset({"argument", "let", "item", "mutated"})
_LONGEST = 400  # values of a name that count in one case

VALUES, VOTES, ROLE, NAME = 2.0, 2.0, 1.0, 0.4  # weights of the witnesses
ENOUGH = 0.4  # least share of the available witnesses' total weight for a pair


def match_functions(
    candidate: Mapping[str, Scope], reference: Mapping[str, Scope], entry: str | None
) -> dict[str, str]:
    """The candidate's dotted names to the reference's: the entry point, then equal names, then the most similar."""
    matched = {name: name for name in candidate if name in reference}
    here, there = entry_scope(entry, candidate), entry_scope(entry, reference)
    if here and there:
        matched = {name: name for name in matched if name not in (here, there)} | {here: there}
    ours = [name for name in candidate if name not in matched]
    taken = set(matched.values())
    theirs = [name for name in reference if name not in taken]
    usage = {name: _usage(scope) for name, scope in candidate.items() if name in ours}
    other = {name: _usage(scope) for name, scope in reference.items() if name in theirs}

    def weight(first: str, second: str) -> float:
        same_arity = len(candidate[first].own_parameters) == len(reference[second].own_parameters)
        same_name = first.rsplit(".", 1)[-1] == second.rsplit(".", 1)[-1]
        return (likeness(usage[first], other[second]) + 0.5 * same_name) if same_arity or same_name else 0.0

    pairs = assign([[weight(first, second) for second in theirs] for first in ours], 0.4)
    return matched | {ours[i]: theirs[j] for i, j in pairs}


def match_variables(
    candidate: Scope, reference: Scope, ours: Values, theirs: Values, votes: Counter[tuple[str, str]]
) -> dict[str, str]:
    """The reference's names to the candidate's, for two matched scopes.

    ``ours`` and ``theirs`` are the values in the same cases (see `values`); ``votes`` counts how often two names (the
    candidate's, the reference's) are in the same place of matched statements.
    """
    matched = dict(zip(reference.own_parameters, candidate.own_parameters, strict=False))
    if len(reference.parameters) - len(reference.own_parameters) == len(candidate.parameters) - len(
        candidate.own_parameters
    ):
        matched |= dict(zip(reference.parameters, candidate.parameters, strict=False))  # self, too
    left = sorted(candidate.names - set(matched.values()))
    right = sorted(reference.names - set(matched))
    if not left or not right:
        return matched
    roles, other_roles = _roles(candidate), _roles(reference)
    here, there = Counter[str](), Counter[str]()
    for (first, second), count in votes.items():
        here[first] += count
        there[second] += count

    def weight(first: str, second: str) -> float:
        score, possible = NAME * (first == second), NAME
        if first in roles and second in other_roles:
            score += ROLE * likeness(roles[first], other_roles[second])
            possible += ROLE
        if here[first] and there[second]:
            score += VOTES * 2 * votes[first, second] / (here[first] + there[second])
            possible += VOTES
        seen = [(a.get(first), b.get(second)) for a, b in zip(ours, theirs, strict=False)]
        heard = [(a, b) for a, b in seen if a is not None and b is not None]
        if any(a is not None for a, _ in seen) and any(b is not None for _, b in seen):
            spoken = sum(a is not None or b is not None for a, b in seen)
            score += VALUES * sum(likeness(a, b) for a, b in heard) / spoken
            possible += VALUES
        share = score / possible
        return share if share >= ENOUGH or first == second else 0.0

    pairs = assign([[weight(first, second) for second in right] for first in left], 0.0)
    return matched | {right[j]: left[i] for i, j in pairs}


def values(traces: Sequence[Trace], function: str) -> Values:
    """The values of a function's names in each case."""
    result: Values = []
    for trace in traces:
        sequences: dict[str, list[str]] = {}
        for event in trace.events:
            if event.kind in _KINDS and event.function == function:
                sequence = sequences.setdefault(event.name, [])
                if len(sequence) < _LONGEST and sequence[-1:] != [event.key]:
                    sequence.append(event.key)
        result.append({name: Counter(held) + Counter(pairwise(held)) for name, held in sequences.items()})
    return result


def assign(weights: list[list[float]], threshold: float) -> list[tuple[int, int]]:
    """Pairs of a row and a column that weigh more than ``threshold``, with the greatest total weight."""
    if not weights or not weights[0]:
        return []
    from scipy.optimize import linear_sum_assignment  # slow import

    rows, columns = linear_sum_assignment(weights, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if weights[i][j] > threshold]


def in_order(gains: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs of a row and a column, rising in both, with the greatest total gain, by dynamic programming; each gains."""
    rows, columns = len(gains), len(gains[0]) if gains else 0
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        row, below, gain = best[i], best[i + 1], gains[i]
        for j in range(columns - 1, -1, -1):
            row[j] = max(below[j + 1] + gain[j] if gain[j] > 0 else 0.0, below[j], row[j + 1])
    pairs = []
    i = j = 0
    while i < rows and j < columns:
        if gains[i][j] > 0 and best[i][j] == best[i + 1][j + 1] + gains[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _usage(scope: Scope) -> Counter[Any]:
    shapes = Shapes({}, scope.names)
    total: Counter[Any] = Counter()
    for item in scope.items:
        total.update(shapes.bag(item.node))
    return total


def _roles(scope: Scope) -> dict[str, Counter[Any]]:
    """For each name, the places of its uses: the surrounding code, without names."""
    shapes = Shapes({}, scope.names)
    roles: dict[str, Counter[Any]] = defaultdict(Counter)
    todo: list[ast.AST] = [item.node for item in scope.items]
    for node in todo:
        for field, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.Name):
                    roles[child.id].update([(type(node).__name__, field), shapes.of(node)])
                elif isinstance(child, ast.expr | ast.comprehension | ast.keyword | ast.withitem):
                    todo.append(child)
    return roles
