"""Which function, variable and statement of the reference plays the part of which of the candidate.

Statements are matched in the order of their text, across depths: what stands in an ``if`` in one program may stand alone
in the other. Each view of the reference (views.py) is matched by itself, since none is always the closest.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from verl_egca.localization.twins.copies import clone
from verl_egca.localization.twins.names import Values, in_order, match_functions, match_variables, values
from verl_egca.localization.twins.scopes import Item, Scope, entry_scope, is_compound, items, scopes
from verl_egca.localization.twins.shapes import Shapes, likeness, negated
from verl_egca.localization.twins.views import Reference
from verl_egca.tracing.trace import Trace

GAP = 0.3  # a pair less alike than this is no pair
_PLACED, _PLACED_SHORT = 0.2, 1.0  # how much being in the same place counts: short statements are known by their place
_ROUNDS = 4
_NEAR_ENOUGH = 0.85  # a score past which other views of the reference are not looked at
_LARGEST = 150  # statements of a function that are looked at


@dataclass(frozen=True, slots=True)
class Pair:
    """Two statements (their headers, if compound) that play the same part, and how alike they are: 1 for equal."""

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
        """The share of statements that have an equal counterpart, near ones counted in part."""
        count = len(self.candidate.items) + len(self.reference.items)
        return 2 * sum(pair.score for pair in self.pairs) / count if count else 1.0


@dataclass(frozen=True, slots=True)
class View:
    """The reference in other words, and the functions of the candidate beside theirs in it, in the candidate's order."""

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
        """The pairs with the reference as it is written."""
        seen: dict[str, Matching] = {}
        for matching in self.matchings:
            seen.setdefault(matching.candidate.name, matching)
        return tuple(pair for matching in seen.values() for pair in matching.pairs)


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
    others = [name for name in theirs if name not in functions.values()]
    main = functions.get(entry_scope(entry_point, ours), "")
    renamed = {theirs_: ours_ for ours_, theirs_ in functions.items()}
    values_here = {name: values(candidate_traces, [name]) for name in ours}
    values_there = {name: values(reference_traces, [name, *others] if name == main else [name]) for name in theirs}
    found: list[View] = []
    for view in reference.views(frozenset([*functions.values(), entry_scope(entry_point, theirs)])):
        there = scopes(view)
        matchings: list[Matching] = []
        for name, scope in ours.items():
            counterpart = functions.get(name, main)
            if counterpart in there and (scope.items or there[counterpart].items):
                function = there[counterpart] if name in functions else scopes(clone(view))[counterpart]
                seen = values_here[name], values_there[counterpart]
                matchings.append(_match(scope, function, seen, _function_names(renamed)))
        found.append(View(view, tuple(matchings)))
        if min((matching.score for matching in matchings), default=0.0) > _NEAR_ENOUGH:
            break
    best: dict[str, Matching] = {}
    for matching in (matching for view_ in found for matching in view_.matchings):
        name = matching.candidate.name
        if name in functions and (name not in best or matching.score > best[name].score):
            best[name] = matching
    variables = {
        name: {here: there_ for there_, here in matching.names.items() if here in matching.candidate.names}
        for name, matching in best.items()
    }
    return Alignment(candidate, functions, variables, tuple(found))


def _function_names(functions: Mapping[str, str]) -> dict[str, str]:
    """The last parts of matched dotted names, as calls have them."""
    return {there.rsplit(".", 1)[-1]: here.rsplit(".", 1)[-1] for there, here in functions.items() if there and here}


def _match(candidate: Scope, reference: Scope, seen: tuple[Values, Values], called: Mapping[str, str]) -> Matching:
    """Names decide which statements match, and matched statements tell more of the names: the best of a few rounds."""
    best: Matching | None = None
    votes: Counter[tuple[str, str]] = Counter()
    tried: list[dict[str, str]] = []
    names: dict[str, str] = {}
    for _ in range(_ROUNDS):
        names = {**called, **match_variables(candidate, reference, *seen, votes)}
        if names in tried:
            break
        tried.append(names)
        matching = _matching(candidate, reference, names)
        if best is None or matching.score > best.score:
            best = matching
        votes = _votes(candidate, reference, matching.pairs)
        if _turned(matching.pairs, names, reference.names):
            reference = replace(reference, items=tuple(items(reference.node)))
            tried.clear()
            best = None  # its places are those from before
    return best or _matching(candidate, reference, names)


# ------------------------------------------------------------ pairs


def _pairs(candidate: Scope, reference: Scope, names: Mapping[str, str]) -> list[Pair]:
    """The matching in order with the greatest sum of likenesses, by dynamic programming."""
    here, there = candidate.items[:_LARGEST], reference.items[:_LARGEST]
    own, other = Shapes(), Shapes(names, reference.names)
    within_here, within_there = _bodies(here, own), _bodies(there, other)
    likenesses = [[_likeness(a, b, own, other, within_here, within_there) for b in there] for a in here]
    gains = [
        [
            likenesses[i][j]
            - GAP
            + (_PLACED + _PLACED_SHORT / own.bag(a.node).total())
            * _placed(a, b, i / max(len(here), 1), j / max(len(there), 1), own, other)
            if likenesses[i][j] >= GAP
            else 0.0
            for j, b in enumerate(there)
        ]
        for i, a in enumerate(here)
    ]
    return [Pair(here[i], there[j], likenesses[i][j]) for i, j in in_order(gains)]


def _bodies(statements: Sequence[Item], shapes: Shapes) -> dict[int, Counter[object]]:
    """For each compound statement the bag of all that it holds."""
    bodies: dict[int, Counter[object]] = {id(item.node): Counter() for item in statements if is_compound(item.node)}
    parents = {id(item.node): item.parent for item in statements}
    for item in statements:
        around = item.parent
        while around is not None:
            bodies[id(around)].update(shapes.bag(item.node))
            around = parents.get(id(around))
    return bodies


def _likeness(
    a: Item,
    b: Item,
    own: Shapes,
    other: Shapes,
    here: Mapping[int, Counter[object]],
    there: Mapping[int, Counter[object]],
) -> float:
    if is_compound(a.node) != is_compound(b.node):
        return 0.0
    if own.of(a.node) == other.of(b.node) and not is_compound(a.node):
        return 1.0
    if type(a.node) is not type(b.node):
        if isinstance(a.node, ast.For | ast.If | ast.While) and isinstance(b.node, ast.For | ast.If | ast.While):
            return 0.4 * likeness(own.bag(a.node), other.bag(b.node)) + 0.4 * likeness(
                here[id(a.node)], there[id(b.node)]
            )
        values_ = [getattr(item.node, "value", None) for item in (a, b)]
        if is_compound(a.node) or not all(isinstance(value, ast.expr) for value in values_):
            return 0.0
        return 0.9 * likeness(own.bag(a.node), other.bag(b.node))
    header = likeness(own.bag(a.node), other.bag(b.node))
    if own.of(a.node) != other.of(b.node):
        header = min(header, 0.98)  # the same words in another order
    if not is_compound(a.node):
        return header
    return 0.6 * header + 0.4 * likeness(here[id(a.node)], there[id(b.node)])


def _placed(a: Item, b: Item, at: float, there: float, own: Shapes, other: Shapes) -> float:
    """How much two statements are in the same place, in [0, 1]."""
    if a.parent is None or b.parent is None:
        around = 1.0 if a.parent is b.parent else 0.0
    else:
        around = 0.5 * (a.field == b.field) + 0.5 * likeness(own.bag(a.parent), other.bag(b.parent))
    return 0.7 * around + 0.3 * (1 - abs(at - there))


def _matching(candidate: Scope, reference: Scope, names: Mapping[str, str]) -> Matching:
    return Matching(candidate, reference, names, tuple(_pairs(candidate, reference, names)))


def _turned(pairs: Sequence[Pair], names: Mapping[str, str], own: frozenset[str]) -> bool:
    """Turns round each ``if`` of a view that asks the opposite of its counterpart and so has its branches swapped."""
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


def unified(first: ast.AST, second: ast.AST) -> list[tuple[str, str]]:
    """The names that stand in the same places of two pieces of code, as far as these are built alike."""
    match first, second:
        case ast.Name(id=here), ast.Name(id=there):
            return [(here, there)]
        case ast.arg(arg=here), ast.arg(arg=there):
            return [(here, there)]
        case _ if type(first) is type(second):
            found: list[tuple[str, str]] = []
            for field in first._fields:
                one, two = getattr(first, field, None), getattr(second, field, None)
                if isinstance(one, list) and isinstance(two, list):
                    if not any(isinstance(node, ast.stmt) for node in one):
                        for a, b in zip(one, two, strict=False):
                            if isinstance(a, ast.AST) and isinstance(b, ast.AST):
                                found += unified(a, b)
                elif isinstance(one, ast.AST) and isinstance(two, ast.AST):
                    found += unified(one, two)
            return found
    return []
