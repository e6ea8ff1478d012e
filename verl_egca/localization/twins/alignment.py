"""Matches the functions, variables and statements of the candidate with those of the reference.

Statements are matched in the order of their text, across depths: a statement in an ``if`` of one program may be outside
it in the other. Each view of the reference (views.py) is matched separately, since no view is always the closest.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from verl_egca.localization.twins.names import Values, in_order, match_functions, match_variables, values
from verl_egca.localization.twins.shapes import Shapes, likeness, negated
from verl_egca.localization.twins.trees import Item, Scope, clone, is_compound, items, scopes
from verl_egca.localization.twins.views import Reference
from verl_egca.tracing.trace import Trace

GAP = 0.3  # less similar statements are no pair
_PLACED, _PLACED_SHORT = 0.2, 1.0  # weight of an equal place: it identifies short statements
_OTHERWISE = 0.98  # likeness of the same words in another order
_ROUNDS = 4
_NEAR_ENOUGH = 0.85  # at a higher score, no other view of the reference is matched
_LARGEST = 150  # statements of a function; later ones are not matched


@dataclass(frozen=True, slots=True)
class Pair:
    """Two matched statements (their headers, if compound), and their likeness: 1 for equal."""

    candidate: Item
    reference: Item
    score: float


@dataclass(frozen=True, slots=True)
class Matching:
    """One function of the candidate beside its counterpart in one view of the reference.

    ``names`` translates the reference's names to the candidate's.
    """

    candidate: Scope
    reference: Scope
    names: Mapping[str, str]
    pairs: tuple[Pair, ...]

    @property
    def score(self) -> float:
        """The share of statements with an equal counterpart; a similar counterpart counts in part."""
        count = len(self.candidate.items) + len(self.reference.items)
        return 2 * sum(pair.score for pair in self.pairs) / count if count else 1.0


@dataclass(frozen=True, slots=True)
class View:
    """The reference in other words, and the matchings of the candidate's functions, in the candidate's order."""

    tree: ast.Module
    matchings: tuple[Matching, ...]


@dataclass(frozen=True, slots=True)
class Alignment:
    """``functions``: candidate's dotted name to the reference's; ``variables``: for each of these, name to name."""

    candidate: ast.Module
    functions: Mapping[str, str]
    variables: Mapping[str, Mapping[str, str]]
    views: tuple[View, ...]

    @property
    def matchings(self) -> tuple[Matching, ...]:
        return tuple(matching for view in self.views for matching in view.matchings)

    @property
    def statements(self) -> tuple[Pair, ...]:
        """The pairs with the reference's own text."""
        return tuple(pair for matching in self.views[0].matchings for pair in matching.pairs)


def align(
    candidate: ast.Module,
    reference: Reference,
    entry_point: str | None,
    candidate_traces: Sequence[Trace] = (),
    reference_traces: Sequence[Trace] = (),
) -> Alignment:
    """Matches the programs. Traces of the same cases stand at the same index; without any, the text alone decides."""
    ours, theirs = scopes(candidate), scopes(reference.tree)
    functions = match_functions(ours, theirs, entry_point)
    called = {_last(other): _last(name) for name, other in functions.items() if name and other}
    seen = {
        name: (values(candidate_traces, name), values(reference_traces, other)) for name, other in functions.items()
    }
    found: list[View] = []
    for view in map(clone, reference.views):
        there = scopes(view)
        matchings = [
            _match(ours[name], there[other], *seen[name], called)
            for name, other in functions.items()
            if ours[name].items or there[other].items
        ]
        found.append(View(view, tuple(matchings)))
        if min((matching.score for matching in matchings), default=0.0) > _NEAR_ENOUGH:
            break
    best: dict[str, Matching] = {}
    for matching in (matching for made in found for matching in made.matchings):
        known = best.setdefault(matching.candidate.name, matching)
        best[known.candidate.name] = max(known, matching, key=lambda one: one.score)
    variables = {
        name: {here: there_ for there_, here in matching.names.items() if here in matching.candidate.names}
        for name, matching in best.items()
    }
    return Alignment(candidate, functions, variables, tuple(found))


def _last(name: str) -> str:
    """The last part of a dotted name, which calls use."""
    return name.rpartition(".")[2]


def _match(
    candidate: Scope, reference: Scope, seen_here: Values, seen_there: Values, called: Mapping[str, str]
) -> Matching:
    """The best of a few rounds: matched names lead to matched statements, and these to more matched names."""
    best: Matching | None = None
    votes: Counter[tuple[str, str]] = Counter()
    tried: list[dict[str, str]] = []
    names: dict[str, str] = {}
    for _ in range(_ROUNDS):
        names = {**called, **match_variables(candidate, reference, seen_here, seen_there, votes)}
        if names in tried:
            break
        tried.append(names)
        matching = Matching(candidate, reference, names, _pairs(candidate, reference, names))
        if best is None or matching.score > best.score:
            best = matching
        votes = _votes(candidate, reference, matching.pairs)
        if _turned(matching.pairs, names, reference.names):
            reference = replace(reference, items=tuple(items(reference.node)))
            tried.clear()
            best = None  # its places are outdated
    return best or Matching(candidate, reference, names, _pairs(candidate, reference, names))


# ------------------------------------------------------------ pairs


def _pairs(candidate: Scope, reference: Scope, names: Mapping[str, str]) -> tuple[Pair, ...]:
    """The pairs, in order in both, with the greatest sum of likenesses."""
    here, there = candidate.items[:_LARGEST], reference.items[:_LARGEST]
    own, other = Shapes(), Shapes(names, reference.names)
    within_here, within_there = _bodies(here, own), _bodies(there, other)

    def likeness_of(a: Item, b: Item) -> float:
        equal = own.of(a.node) == other.of(b.node)
        header = 1.0 if equal else min(likeness(own.bag(a.node), other.bag(b.node)), _OTHERWISE)
        if is_compound(a.node) and is_compound(b.node):
            header = 0.6 * header + 0.4 * likeness(within_here[a.node], within_there[b.node])
        return header if equal else _kinship(a.node, b.node) * header

    def placed(i: int, j: int) -> float:
        """The agreement of two statements' places, in [0, 1]."""
        one, two = here[i].parent, there[j].parent
        around = float(one is two)
        if one is not None and two is not None:
            around = 0.5 * (here[i].field == there[j].field) + 0.5 * likeness(own.bag(one), other.bag(two))
        return 0.7 * around + 0.3 * (1 - abs(i / len(here) - j / len(there)))

    likenesses = [[likeness_of(a, b) for b in there] for a in here]
    weights = [_PLACED + _PLACED_SHORT / own.bag(item.node).total() for item in here]
    gains = [
        [alike - GAP + weights[i] * placed(i, j) if alike >= GAP else 0.0 for j, alike in enumerate(row)]
        for i, row in enumerate(likenesses)
    ]
    return tuple(Pair(here[i], there[j], likenesses[i][j]) for i, j in in_order(gains))


def _kinship(one: ast.stmt, other: ast.stmt) -> float:
    """The greatest possible likeness of two statements of these kinds."""
    if type(one) is type(other):
        return 1.0
    if is_compound(one) or is_compound(other):
        is_open = [isinstance(node, ast.For | ast.If | ast.While) for node in (one, other)]
        return 2 / 3 if all(is_open) else 0.0
    has_value = [isinstance(getattr(node, "value", None), ast.expr) for node in (one, other)]
    return 0.9 if all(has_value) else 0.0


def _bodies(statements: Sequence[Item], shapes: Shapes) -> dict[ast.stmt, Counter[object]]:
    """For each compound statement, the bag of its contents."""
    bodies: dict[ast.stmt, Counter[object]] = {}
    for outer in (item.node for item in statements if is_compound(item.node)):
        inner = (node for node in ast.walk(outer) if isinstance(node, ast.stmt) and node is not outer)
        bodies[outer] = sum(map(shapes.bag, inner), Counter())
    return bodies


def _turned(pairs: Sequence[Pair], names: Mapping[str, str], own: frozenset[str]) -> bool:
    """Negates each ``if`` of a view whose test is the opposite of its counterpart's, and swaps its branches."""
    here, there = Shapes(), Shapes(names, own)
    turned = False
    for pair in pairs:
        match pair.candidate.node, pair.reference.node:
            case ast.If(test=ours), ast.If(test=theirs, orelse=[_, *_]) as branch:
                opposite = negated(theirs)
                bag = here.bag(ours)
                if likeness(bag, there.bag(opposite)) > likeness(bag, there.bag(theirs)):
                    branch.test, branch.body, branch.orelse = opposite, branch.orelse, branch.body
                    turned = True
    return turned


def _votes(candidate: Scope, reference: Scope, pairs: Sequence[Pair]) -> Counter[tuple[str, str]]:
    """How often a name of the candidate and one of the reference stand in the same place of matched statements."""
    return Counter(
        (here, there)
        for pair in pairs
        for here, there in unified(pair.candidate.node, pair.reference.node)
        if here in candidate.names and there in reference.names
    )


def unified(first: object, second: object) -> list[tuple[str, str]]:
    """Pairs of names in the same places of two pieces of code, as far as their structure is equal."""
    match first, second:
        case (ast.Name(id=here), ast.Name(id=there)) | (ast.arg(arg=here), ast.arg(arg=there)):
            return [(here, there)]
        case list(), list() if not any(isinstance(node, ast.stmt) for node in first):
            return [pair for one, two in zip(first, second, strict=False) for pair in unified(one, two)]
        case ast.AST(), ast.AST() if type(first) is type(second):
            return [
                pair
                for field in first._fields
                for pair in unified(getattr(first, field, None), getattr(second, field, None))
            ]
    return []
