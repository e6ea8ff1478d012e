"""Edits that bring pieces of the reference into the candidate, in the candidate's names, likeliest first.

The cost of an edit is a guess at how surprising it is in bits: small differences between statements that are otherwise
alike are cheap, whole new statements and pieces from elsewhere dear.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from verl_egca.localization.twins.alignment import Alignment, Matching, Missing, Pair, mark, unified
from verl_egca.localization.twins.copies import clone
from verl_egca.localization.twins.differences import Differences, Replacement
from verl_egca.localization.twins.edits import Edit
from verl_egca.localization.twins.names import similar_roles
from verl_egca.localization.twins.rendering import Page, tokens
from verl_egca.localization.twins.scopes import ENDING, Item, block, bound, is_compound
from verl_egca.localization.twins.shapes import UNKNOWN, Shapes, likeness, negated
from verl_egca.statements import parse

MOST = 150
_TOKEN_COST = 0.35
_LEFT_COST = 6.0  # what stays unlike when an edit is made, as a share
_GUESS_COST = 2.0  # one name of the reference has no counterpart, and one is tried
_GUESSES = 4
FAR_COST = 4.0
_ELSEWHERE_COST = 3.0  # expressions that are alike, but not in statements that match
_ELSEWHERE_ALIKE = 0.5
_ELSEWHERE_PAIRS = 40
_FAR_VIEWS = 3  # of the reference, the nearest ones
_TOGETHER = 5  # differing places of which several are brought in at once
SEVERAL = "several"  # the kind of an edit that brings in several pieces at once
_BUILTINS = frozenset(dir(builtins))


class Transplants:
    """Edits of ``source`` by rising cost, each way to a text once. Some of them may give no program at all."""

    def __init__(self, source: str, alignment: Alignment) -> None:
        """``alignment`` is that of ``ast.parse(source)`` with the reference."""
        self._source = source
        page, known = Page(source, alignment.candidate), _known(alignment.candidate)
        shapes, made = Shapes(), dict[object, Edit | None]()
        equal = {matching.candidate.name for matching in alignment.matchings if matching.score == 1}
        self._transplanters = [
            _Transplanter(page, matching, known, shapes, made)
            for matching in alignment.matchings
            if matching.candidate.name not in equal
        ]

    def near(self) -> list[Edit]:
        """Between statements that match; at most MOST."""
        return self._distinct(edit for transplanter in self._transplanters for edit in transplanter.near())

    def far(self) -> list[Edit]:
        """Between expressions that are alike wherever they stand; at most MOST, none cheaper than `FAR_COST`."""
        best = sorted(self._transplanters, key=lambda transplanter: transplanter.strange)[:_FAR_VIEWS]
        return self._distinct(edit for transplanter in best for edit in transplanter.far())

    def _distinct(self, edits: Iterable[Edit]) -> list[Edit]:
        cheapest: dict[str, Edit] = {}
        for edit in edits:
            result = edit.apply(self._source)
            cheapest[result] = _closer(edit, cheapest.get(result, edit))
        cheapest.pop(self._source, None)
        return sorted(cheapest.values(), key=_order)[:MOST]


def transplants(source: str, alignment: Alignment) -> list[Edit]:
    """All of them that give a program, by rising cost."""
    every = Transplants(source, alignment)
    edits = {edit.apply(source): edit for edit in sorted([*every.near(), *every.far()], key=_order, reverse=True)}
    return [edit for text, edit in sorted(edits.items(), key=lambda item: _order(item[1])) if parse(text) is not None]


def _closer(first: Edit, second: Edit) -> Edit:
    """Of two ways to the same text the cheaper one, which blames the smaller place of the two that holds the change."""
    cheaper = min(first, second, key=_order)
    places = [cheaper.blame, *(e.blame for e in (first, second) if _holds(e.blame, first) and _holds(e.blame, second))]
    return replace(cheaper, blame=min(places, key=lambda blame: (blame[1] - blame[0], blame)))


def _holds(blame: tuple[int, int], edit: Edit) -> bool:
    return blame[0] <= edit.start and edit.end <= blame[1]


def _order(edit: Edit) -> tuple[float, int, int, int, str]:
    return edit.cost, edit.blame[1] - edit.blame[0], edit.start, edit.end, edit.text


def _known(tree: ast.Module) -> frozenset[str]:
    """Names that any function of the program can use: builtins, and what its top level binds."""
    names = set(_BUILTINS) | set(bound(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return frozenset(names)


@dataclass(frozen=True, slots=True)
class _Whole:
    """The edit that takes away all of one difference."""

    edit: Edit
    order: int


class _Transplanter:
    """The edits for one function of the candidate and one view of its counterpart."""

    def __init__(
        self, page: Page, matching: Matching, known: frozenset[str], shapes: Shapes, made: dict[object, Edit | None]
    ) -> None:
        self._page, self._matching = page, matching
        self._visible = known | matching.candidate.names
        self._shapes, self._made = shapes, made
        self._differences = Differences(self._shapes)
        self.strange = 4.0 * (1 - matching.score)
        self._wholes: list[_Whole] = []
        self._counterparts = {id(pair.reference.node): pair.candidate for pair in matching.pairs}

    def near(self) -> Iterator[Edit]:
        for pair in self._matching.pairs:
            yield from self._noted(self._of_pair(pair), pair.candidate.node.lineno)
            yield from self._moved(pair)
        yield from self._of_missing()
        yield from self._of_surplus()
        yield from self._several()

    def _noted(self, edits: Iterator[tuple[Edit, bool]], order: int) -> Iterator[Edit]:
        best: Edit | None = None
        for edit, is_whole in edits:
            yield edit
            if is_whole and (best is None or edit.cost < best.cost):
                best = edit
        if best is not None:
            self._wholes.append(_Whole(best, order))

    # ------------------------------------------------------------ translation

    def _translated(self, node: ast.AST) -> ast.AST:
        return clone(node, self._name)

    def _name(self, name: str) -> str:
        """A name of the reference in the candidate's words; marked if it has no counterpart."""
        return self._matching.names.get(name, mark(name) if name in self._matching.reference.names else name)

    def _resolved(self, node: ast.AST, beside: ast.AST | None = None) -> Iterator[tuple[ast.AST, float]]:
        """The translated code with its unknown names settled, and what that costs; nothing if they can't be."""
        cost = 0.0
        if beside is not None:
            given: dict[str, str] = {}
            for here, there in unified(beside, node):
                if there.startswith(UNKNOWN) and here in self._matching.candidate.names:
                    given.setdefault(there, here)
            if given:
                node, cost = _renamed(node, given), 0.5
        inner = {name for name in bound(node) if name.startswith(UNKNOWN)}
        if inner:
            node = _renamed(node, {name: name.removeprefix(UNKNOWN) for name in inner})
            own = {name.removeprefix(UNKNOWN) for name in inner}
        else:
            own = set()
        own |= set(bound(node))
        free = sorted({n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - own)
        unknown = [name for name in free if name.startswith(UNKNOWN)]
        if any(name not in self._visible for name in free if not name.startswith(UNKNOWN)) or len(unknown) > 1:
            return
        if not unknown:
            yield node, cost
            return
        wanted = unknown[0].removeprefix(UNKNOWN)
        guesses = similar_roles(self._matching.candidate, self._matching.reference, wanted)[:_GUESSES]
        for rank, guess in enumerate(guesses):
            yield _renamed(node, {unknown[0]: guess}), cost + _GUESS_COST + 0.5 * rank

    # ------------------------------------------------------------ pairs

    def _of_pair(self, pair: Pair) -> Iterator[tuple[Edit, bool]]:
        ours, theirs = pair.candidate.node, pair.reference.node
        translated = self._translated(theirs)
        if self._shapes.of(ours) == self._shapes.of(translated):
            return
        base = self.strange + 2.0 * (1 - pair.score)
        for settled, extra in self._resolved_header(translated, ours):
            for one, two, dearer in _expressions(ours, settled, self._shapes):
                for edit in self._between(one, two, base + extra + dearer):
                    yield edit, edit.kind == "expression" and dearer == 0 and edit.blame == self._page.place(one)
            rewritten = self._statement(ours, settled, base + extra + 1.0)
            if rewritten is not None:
                yield rewritten, True

    def _resolved_header(self, translated: ast.AST, ours: ast.stmt) -> Iterator[tuple[ast.stmt, float]]:
        if isinstance(translated, ast.stmt) and is_compound(translated):
            translated = _headed(translated, [ast.Pass()])
        for settled, extra in self._resolved(translated, ours):
            if isinstance(settled, ast.stmt):
                yield settled, extra

    def _between(self, ours: ast.expr, theirs: ast.expr, base: float) -> Iterator[Edit]:
        bag, goal = self._shapes.bag(ours), self._shapes.bag(theirs)
        for found in self._differences.between(ours, theirs):
            edit = self._replaced(found)
            if edit is not None:
                after = (bag - self._shapes.bag(found.part)) + self._shapes.bag(found.by)
                left = 0.0 if found.by is theirs else 1 - likeness(after, goal)
                yield replace(edit, cost=base + self._size(edit) + _LEFT_COST * left)

    def _replaced(self, found: Replacement) -> Edit | None:
        key = id(found.part), self._shapes.of(found.by)
        if key not in self._made:
            self._made[key] = self._page.replace(found.part, found.by, found.kind, 0.0)
        edit = self._made[key]
        return None if edit is None else replace(edit, kind=found.kind)

    def _statement(self, ours: ast.stmt, theirs: ast.stmt, base: float) -> Edit | None:
        if is_compound(ours) != is_compound(theirs) or not isinstance(theirs, _REWRITABLE):
            return None
        if is_compound(ours) and not isinstance(ours, ast.If | ast.While | ast.For):
            return None
        if isinstance(theirs, ENDING) and not isinstance(ours, ENDING) and not self._is_last(ours):
            return None
        edit = self._page.rewrite(ours, theirs, "statement", 0.0)
        return None if edit is None else replace(edit, cost=base + self._size(edit))

    def _is_last(self, node: ast.stmt) -> bool:
        item = next(item for item in self._matching.candidate.items if item.node is node)
        return block(item.owner, item.field)[-1] is node

    def _size(self, edit: Edit) -> float:
        old, new = (Counter(tokens(text)) for text in (self._page.source[edit.start : edit.end], edit.text))
        return 1.0 + _TOKEN_COST * ((old - new).total() + (new - old).total())

    # ------------------------------------------------------------ statements

    def _moved(self, pair: Pair) -> Iterator[Edit]:
        """The statement at the depth where the reference has it."""
        item, around = pair.candidate, pair.reference.parent
        if around is not None and id(around) not in self._counterparts:
            return
        expected = self._counterparts[id(around)].node if around is not None else None
        if expected is item.parent and (expected is None or item.field == pair.reference.field):
            return
        base = self.strange + 4.0 * (1 - pair.score) + 2.0
        items = {id(other.node): other for other in self._matching.candidate.items}
        outer: Item | None = item
        while outer is not None and outer.parent is not None:
            outer = items.get(id(outer.parent))
            if outer is not None and outer.parent is expected:  # out of it
                edit = self._page.move(item.node, outer.owner, outer.field, outer.index + 1, "depth", base)
                if edit is not None:
                    yield edit
                return
        if expected is not None:
            inside = block(expected, pair.reference.field)
            edit = self._page.move(item.node, expected, pair.reference.field, len(inside), "depth", base)
            if edit is not None:
                yield edit

    def _of_missing(self) -> Iterator[Edit]:
        runs: list[tuple[Missing, list[ast.stmt], float]] = []
        for missing in self._matching.missing:
            node = missing.reference.node
            within = self._within(node)
            if within:
                yield from self._noted(self._guarded(missing, within), within[0].node.lineno)
            first = True
            for settled, extra in self._resolved(self._translated(node)):
                if not isinstance(settled, ast.stmt) or _ends_all(settled, missing):
                    continue
                cost = self.strange + 2.5 + extra + bool(within) + 0.3 * len(tokens(ast.unparse(settled)))
                yield from self._at_the_start(missing, settled, cost - 0.5)
                new = [settled]
                if first and runs and _same_place(runs[-1][0], missing):
                    new = [*runs[-1][1], settled]
                    edit = self._page.insert(
                        missing.owner, missing.field, missing.index, new, "insert", cost + runs[-1][2] - 2
                    )
                    if edit is not None:
                        yield edit
                if first:
                    runs.append((missing, new, cost))
                edit = self._page.insert(missing.owner, missing.field, missing.index, [settled], "insert", cost)
                if edit is not None:
                    yield from self._noted(
                        iter([(edit, first)]), missing.reference.node.lineno if hasattr(node, "lineno") else 0
                    )
                first = False
                yield from self._put_back(missing, settled)

    def _at_the_start(self, missing: Missing, settled: ast.stmt, cost: float) -> Iterator[Edit]:
        """What looks at nothing but the parameters, a base case for one, before anything else is done."""
        scope = self._matching.candidate
        if missing.reference.parent is not None or missing.index == 0 or not scope.parameters:
            return
        if isinstance(settled, ENDING):
            return
        names = {node.id for node in ast.walk(settled) if isinstance(node, ast.Name)} - set(bound(settled))
        if names & scope.names <= set(scope.parameters):
            edit = self._page.insert(scope.node, "body", 0, [settled], "insert", cost)
            if edit is not None:
                yield edit

    def _put_back(self, missing: Missing, settled: ast.stmt) -> Iterator[Edit]:
        """What is missing here is in another place of the candidate."""
        for item in self._matching.surplus:
            if self._shapes.of(item.node) == self._shapes.of(settled) and not is_compound(settled):
                edit = self._page.move(
                    item.node, missing.owner, missing.field, missing.index, "order", self.strange + 3.0
                )
                if edit is not None:
                    yield edit

    def _within(self, node: ast.stmt) -> list[Item]:
        """The candidate's counterparts of what a statement of the reference holds."""
        held = {id(child) for child in ast.walk(node) if child is not node}
        return [item for there, item in self._counterparts.items() if there in held]

    def _guarded(self, missing: Missing, within: Sequence[Item]) -> Iterator[tuple[Edit, bool]]:
        node = missing.reference.node
        if not isinstance(node, ast.If | ast.For | ast.While):
            return
        first = within[0]
        siblings = block(first.owner, first.field)
        inside = [item.index for item in within if item.owner is first.owner and item.field == first.field]
        low, high = min(inside), max(inside)
        in_body = {id(child) for part in node.body for child in ast.walk(part)}
        reversed_ = isinstance(node, ast.If) and not any(
            there in in_body for there, item in self._counterparts.items() if item is first
        )
        for settled, extra in self._resolved(self._translated(_headed(node, [ast.Pass()]))):
            if not isinstance(settled, ast.If | ast.For | ast.While):
                continue
            if reversed_ and isinstance(settled, ast.If):
                settled = ast.If(negated(settled.test), settled.body, [])
            cost = self.strange + 2.0 + extra + 0.3 * len(tokens(ast.unparse(settled)))
            for last, dearer in ((high, 0.0), (low, 1.0), (len(siblings) - 1, 1.0)):
                edit = self._page.wrap(siblings[low], siblings[last], settled, "guard", cost + dearer)
                if edit is not None:
                    yield edit, dearer == 0

    def _of_surplus(self) -> Iterator[Edit]:
        surplus = {id(item.node) for item in self._matching.surplus}
        nested: set[int] = set()
        for item in self._matching.surplus:
            node = item.node
            inner = [c for c in ast.walk(node) if isinstance(c, ast.stmt) and c is not node]
            edits: list[tuple[Edit, bool]] = []
            size = 0.1 * len(tokens(self._page.source[slice(*self._page.place(node))])) + 1.5 * isinstance(
                node, ast.Return
            )
            if all(id(child) in surplus for child in inner):
                edits.append(
                    (self._page.remove(node, "delete", self.strange + 2.0 + size), id(item.parent) not in nested)
                )
                nested.add(id(node))
            elif is_compound(node):
                edit = self._page.unwrap(node, "unguard", self.strange + 2.5 + size)
                if edit is not None:
                    edits.append((edit, True))
            yield from self._noted(iter(edits), node.lineno)

    # ------------------------------------------------------------ the rest

    def far(self) -> Iterator[Edit]:
        """Expressions that no expression of the other program equals, beside those of the other that are most alike."""
        ours = [e for item in self._matching.candidate.items for e in _own_expressions(item.node)]
        theirs = [
            e
            for item in self._matching.reference.items
            for e in _own_expressions(item.node)
            if not isinstance(e, ast.JoinedStr)
        ]
        translated = [t for e in theirs if isinstance(t := self._translated(e), ast.expr)]
        here, there = {self._shapes.of(e) for e in ours}, {self._shapes.of(e) for e in translated}
        fresh: dict[object, ast.expr] = {}
        for expression in translated:
            if self._shapes.of(expression) not in here:
                fresh.setdefault(self._shapes.of(expression), expression)
        pairs: list[tuple[float, int, int, ast.expr, ast.expr]] = []
        for index, one in enumerate(ours):
            if self._shapes.of(one) in there:
                continue
            for other, two in enumerate(fresh.values()):
                alike = likeness(self._shapes.bag(one), self._shapes.bag(two))
                if alike >= _ELSEWHERE_ALIKE:
                    pairs.append((-alike, index, other, one, two))
        for less, _, _, one, two in sorted(pairs)[:_ELSEWHERE_PAIRS]:
            for settled, extra in self._resolved(two, one):
                if isinstance(settled, ast.expr):
                    yield from self._between(one, settled, self.strange + _ELSEWHERE_COST + 2.0 * (1 + less) + extra)

    def _several(self) -> Iterator[Edit]:
        """All of the differences at once, or some of them."""
        wholes = sorted(self._wholes, key=lambda whole: whole.edit.start)
        near = sorted(wholes, key=lambda whole: whole.edit.cost)[:_TOGETHER]
        groups: list[tuple[_Whole, ...]] = [
            *(group for count in range(2, len(near) + 1) for group in combinations(near, count)),
            *pairwise(wholes),
        ]
        for group in groups:
            cost = 1.0 + 0.75 * sum(whole.edit.cost for whole in group)
            edit = self._page.together([whole.edit for whole in group], SEVERAL, cost)
            if edit is not None:
                yield edit


_REWRITABLE = (
    *(ast.Assign, ast.AugAssign, ast.Return, ast.Expr, ast.Assert, ast.Raise, ast.Delete, ast.Break, ast.Continue),
    *(ast.If, ast.While, ast.For),
)


def _renamed(node: ast.AST, names: Mapping[str, str]) -> ast.AST:
    return clone(node, lambda name: names.get(name, name))


def _expressions(ours: ast.stmt, theirs: ast.stmt, shapes: Shapes) -> Iterator[tuple[ast.expr, ast.expr, float]]:
    """The expressions of two statements that stand beside each other, and how far-fetched that is."""
    match ours, theirs:
        case ((ast.If(test=one) | ast.While(test=one)), (ast.If(test=two) | ast.While(test=two))):
            straight, turned = two, negated(two)
            alike = [likeness(shapes.bag(one), shapes.bag(test)) for test in (straight, turned)]
            if alike[1] > alike[0]:
                straight, turned = turned, straight
            yield one, straight, 0.0
            yield one, turned, 2.0
        case ast.For(target=a, iter=one), ast.For(target=b, iter=two):
            yield a, b, 0.0
            yield one, two, 0.0
        case ast.AugAssign(target=a, value=one), ast.AugAssign(target=b, value=two):
            yield a, b, 0.0
            yield one, two, 0.0
        case ast.Assign(targets=[a], value=one), ast.Assign(targets=[b], value=two):
            yield a, b, 0.0
            yield one, two, 0.0
        case ast.AugAssign(target=a, op=op, value=one), ast.Assign(
            targets=[b], value=ast.BinOp(left=c, right=two) as all_of_it
        ):
            if ast.unparse(c) == ast.unparse(b) and type(op) is type(all_of_it.op):
                yield a, b, 0.0
                yield one, two, 0.0
        case ast.Assign(targets=[a], value=one), ast.AugAssign(target=b, op=op, value=two):
            yield a, b, 0.0
            load = copy.copy(b)
            load.ctx = ast.Load()
            yield one, ast.BinOp(load, op, two), 0.0
        case _:
            one_, two_ = getattr(ours, "value", None), getattr(theirs, "value", None)
            if isinstance(one_, ast.expr) and isinstance(two_, ast.expr):
                yield one_, two_, 0.0 if type(ours) is type(theirs) else 1.0


def _headed(node: ast.stmt, body: list[ast.stmt]) -> ast.stmt:
    """A compound statement with another body and nothing after it."""
    new = copy.copy(node)
    for field, value in (("body", body), ("orelse", []), ("finalbody", [])):
        if hasattr(new, field):
            setattr(new, field, value)
    return new


def _own_expressions(node: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement, not of those within it; single names and constants left out."""
    todo: list[ast.AST] = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]
    while todo:
        inner = todo.pop()
        if isinstance(inner, ast.stmt | ast.JoinedStr | ast.ExceptHandler | ast.match_case):
            continue
        if (
            isinstance(inner, ast.expr)
            and not isinstance(inner, ast.Name | ast.Constant | ast.Starred)
            and not _is_target(inner)
        ):
            yield inner
        todo.extend(ast.iter_child_nodes(inner))


def _is_target(node: ast.expr) -> bool:
    return not isinstance(getattr(node, "ctx", None), ast.Load | None)


def _ends_all(new: ast.stmt, missing: Missing) -> bool:
    """Whether a new statement would keep all that comes after it from running: no place for it explains anything."""
    return isinstance(new, ENDING) and missing.index < len(block(missing.owner, missing.field))


def _same_place(first: Missing, second: Missing) -> bool:
    return (first.owner, first.field, first.index) == (second.owner, second.field, second.index)
