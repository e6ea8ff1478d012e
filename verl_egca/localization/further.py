"""Further inputs: what a program that passes the tests does on arguments like those of the tests, beside the reference.

Tests are few and often weak, and an edit may satisfy them by chance. A twin that also does what the reference does on
inputs that no test has is more likely to be the program that was meant. Inputs are variations of the tests' arguments which
keep what all of these have in common (as likely invariants; Ernst et al., IEEE TSE 27(2), 2001): order, distinctness, sizes
that are passed along, the characters of texts. What the reference does on them is what is expected; where it raises, nothing is expected.
"""

from __future__ import annotations

import ast
import itertools
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from verl_egca.exact_json import to_exact_json
from verl_egca.execution.sandbox import Trials
from verl_egca.localization.twins.scopes import entry_scope, own_parameters, scopes
from verl_egca.problem import AssertionTests, CallTests, Problem
from verl_egca.statements import literal, parse

_WANTED, _TRIED = 24, 48
_NOTHING = "no value is equal to this one"
_LONGEST = 400  # characters of an argument list or a value that are looked at
_MOST_STEPS = 50_000  # on one input

Arguments = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """On how many further inputs an edited program does what the reference does, beside the program without the edit.

    ``mended`` inputs are those that only the edited one has right, ``broken`` those that only the other has; ``left`` are
    right in neither.
    """

    mended: int = 0
    broken: int = 0
    left: int = 0

    @classmethod
    def of(cls, before: Sequence[bool], after: Sequence[bool]) -> Agreement:
        pairs = list(zip(before, after, strict=True))
        return cls(pairs.count((False, True)), pairs.count((True, False)), pairs.count((False, False)))

    @property
    def sound(self) -> bool:
        """Whether the edit does not break what was right: an input may be one that nobody means, so that a few may."""
        return self.broken <= max(1.0, self.mended / 3)


class Further:
    """Further inputs of one problem, with the values that its reference gives. Safe in several threads."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._lock = threading.Lock()
        self._known: CallTests | None = None

    def passed(self, text: str, trials: Trials) -> list[bool]:
        """For each further input whether a program gives what the reference gives."""
        with self._lock:
            if self._known is None:
                self._known = self._found(trials)
            known = self._known
        return self._run(known, text, trials) if known.arguments else []

    def _found(self, trials: Trials) -> CallTests:
        nothing = CallTests(arguments=(), expected=())
        reference, entry_point = self._problem.reference, self._problem.entry_point
        given = arguments_of(self._problem)
        if reference is None or entry_point is None or not given:
            return nothing
        tried = tuple(_variations(given, random.Random(self._problem.task_id)))
        trials.end()  # other samples will go by it: no program under test may have run in its process
        asked = self._on(CallTests(arguments=tried, expected=(_NOTHING,) * len(tried)), trials)
        (found,) = asked.values([reference], range(len(tried)), max_steps=_MOST_STEPS)
        kept: list[Arguments] = []
        expected: list[Any] = []
        for arguments, (_, got) in zip(tried, found, strict=True):
            if got is not None and len(got) < _LONGEST and len(kept) < _WANTED:
                try:
                    value = literal(got)
                except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
                    continue
                if _is_plain([value]):
                    kept.append(arguments)
                    expected.append(value)
        if not kept:
            return nothing
        known = CallTests(arguments=tuple(kept), expected=tuple(expected))
        right = self._run(known, reference, trials)  # not what it draws at random, or what can't be written
        return CallTests(
            arguments=tuple(itertools.compress(kept, right)), expected=tuple(itertools.compress(expected, right))
        )

    def _run(self, tests: CallTests, text: str, trials: Trials) -> list[bool]:
        return self._on(tests, trials).passed([text], range(len(tests.arguments)), max_steps=_MOST_STEPS)[0]

    def _on(self, tests: CallTests, trials: Trials) -> Trials:
        return trials.on(self._problem.model_copy(update={"tests": tests}))


# ------------------------------------------------------------ arguments of the tests


def arguments_of(problem: Problem) -> list[Arguments]:
    """Of the tests' calls of the entry point, as far as they are literals; each once."""
    found: list[Arguments] = []
    match problem.tests:
        case CallTests(arguments=arguments):
            found = list(arguments)
        case AssertionTests(setup=setup, assertions=assertions):
            called = {"candidate", (problem.entry_point or "").rpartition(".")[2]}
            parameters = _parameters(problem)
            trees = [tree for text in (setup, *assertions) if (tree := parse(text)) is not None]
            for node in (node for tree in trees for node in ast.walk(tree)):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
                    arguments_ = _literals(node, parameters) if name in called else None
                    if arguments_ is not None:
                        found.append(arguments_)
    counts = [len(arguments) for arguments in found]
    usual = max(set(counts), key=counts.count, default=0)
    once = {
        repr(arguments): arguments for arguments in found if len(arguments) == usual and usual and _is_plain(arguments)
    }
    return [arguments for text, arguments in once.items() if len(text) < _LONGEST]


def _is_plain(values: Sequence[Any]) -> bool:
    """Whether values are what `CallTests` holds: not an ellipsis, which stands for what is cut or holds itself."""
    try:
        to_exact_json(values)
    except ValueError:
        return False
    return True


def _parameters(problem: Problem) -> tuple[str, ...]:
    """Of the reference's entry point; none where that is not known."""
    tree = parse(problem.reference) if problem.reference is not None else None
    found = scopes(tree) if tree is not None else {}
    name = entry_scope(problem.entry_point, found)
    return own_parameters(found[name]) if name else ()


def _literals(call: ast.Call, parameters: Sequence[str]) -> Arguments | None:
    """The arguments of a call in the order of the parameters; None if they aren't all literals."""
    try:
        values = [ast.literal_eval(argument) for argument in call.args]
        named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    rest = parameters[len(values) : len(values) + len(named)]
    if set(rest) != named.keys():
        return None
    return (*values, *(named[name] for name in rest))


# ------------------------------------------------------------ variations


def _variations(given: Sequence[Arguments], draw: random.Random) -> Iterator[Arguments]:
    """At most _TRIED, none of them one of the given, each once."""
    seen = {repr(arguments) for arguments in given}
    shared = _Shared(given)
    made = 0
    for _ in range(20 * _TRIED):
        base = list(draw.choice(given))
        for _ in range(draw.choice((1, 1, 2, 3))):
            place = draw.randrange(len(base))
            if draw.random() < 0.2:
                base[place] = draw.choice(given)[place]
            else:
                base[place] = _varied(base[place], draw, [arguments[place] for arguments in given])
        arguments = shared.kept(base)
        if arguments is not None and repr(arguments) not in seen:
            seen.add(repr(arguments))
            yield arguments
            made += 1
            if made == _TRIED:
                return


def _varied(value: Any, draw: random.Random, others: Sequence[Any]) -> Any:
    """Something of the same kind; ``others`` stand in the same place elsewhere."""
    match value:
        case bool():
            return not value
        case int():
            numbers = [other for other in others if type(other) is int]
            low, high = min(numbers), max(numbers)
            near = value + draw.choice((-3, -2, -1, 1, 2, 3))
            drawn = draw.choice((near, near, draw.randint(low, high)))
            if low >= 0:  # none is negative, or 0 only where one is
                drawn = max(drawn, min(low, 1))
            return min(drawn, 2 * high + 3)
        case float():
            return round(value + draw.choice((-1.0, -0.5, 0.5, 1.0)), 6)
        case str():
            known = "".join(other for other in others if isinstance(other, str)) or "a"
            return "".join(_varied_items(list(value), draw, lambda _: draw.choice(known)))
        case list() | tuple():
            items = [item for other in others if isinstance(other, list | tuple) for item in other]

            def item(old: Any) -> Any:
                alike = [one for one in items if type(one) is type(old)] or [old]
                return _varied(old, draw, alike) if draw.random() < 0.6 else draw.choice(alike)

            if value and all(isinstance(row, list | tuple) for row in value) and len({len(row) for row in value}) == 1:
                place = draw.randrange(len(value))
                return type(value)([*value[:place], _same_size(value[place], draw, item, items), *value[place + 1 :]])
            return type(value)(_varied_items(list(value), draw, item))
        case set() | frozenset():
            return type(value)(
                _varied_items(sorted(value, key=repr), draw, lambda old: _varied(old, draw, list(value)))
            )
        case dict() if value:
            key = draw.choice(list(value))
            if draw.random() < 0.4:
                return {name: one for name, one in value.items() if name != key}
            return {**value, key: _varied(value[key], draw, list(value.values()))}
    return value


def _same_size(row: Any, draw: random.Random, item: Any, items: Sequence[Any]) -> Any:
    if not row:
        return row
    place = draw.randrange(len(row))
    others = [one[place] for one in items if isinstance(one, list | tuple) and len(one) > place]
    return type(row)([*row[:place], _varied(row[place], draw, others or [row[place]]), *row[place + 1 :]])


def _varied_items(items: list[Any], draw: random.Random, item: Any) -> list[Any]:
    what = draw.choice(("change", "change", "drop", "repeat", "swap", "add"))
    if not items:
        return items
    first, second = draw.randrange(len(items)), draw.randrange(len(items))
    if what == "change":
        items[first] = item(items[first])
    elif what == "drop":
        del items[first]
    elif what == "repeat":
        items.insert(second, items[first])
    elif what == "add":
        items.insert(second, item(items[first]))
    else:
        items[first], items[second] = items[second], items[first]
    return items


class _Shared:
    """What the arguments of all tests have in common."""

    def __init__(self, given: Sequence[Arguments]) -> None:
        places = range(len(given[0]))
        columns = [[arguments[place] for arguments in given] for place in places]
        self._ordered = [
            place for place in places if _all_long(columns[place]) and all(map(_is_ordered, columns[place]))
        ]
        self._distinct = [
            place for place in places if _all_long(columns[place]) and all(map(_is_distinct, columns[place]))
        ]
        self._filled = [place for place in places if all(_size(value) != 0 for value in columns[place])]
        self._kinds = [{type(value) for value in column} for column in columns]
        self._sizes = [
            (place, other)
            for place in places
            for other in places
            if all(type(a[place]) is int and a[place] == _size(a[other]) for a in given)
        ]
        self._alike = [
            (place, other)
            for place in places
            for other in places
            if place < other and all(_size(a[place]) is not None and _size(a[place]) == _size(a[other]) for a in given)
        ]

    def kept(self, arguments: list[Any]) -> Arguments | None:
        """The arguments brought in line with it; None if that can't be."""
        for place in self._distinct:
            if isinstance(arguments[place], list):
                arguments[place] = list({repr(item): item for item in arguments[place]}.values())
        for place in self._ordered:
            if isinstance(arguments[place], list):
                try:
                    arguments[place] = sorted(arguments[place])
                except TypeError:
                    return None
        for place, other in self._sizes:
            arguments[place] = _size(arguments[other])
        if any(_size(arguments[place]) == 0 for place in self._filled):
            return None
        if any(_size(arguments[place]) != _size(arguments[other]) for place, other in self._alike):
            return None
        if any(type(value) not in kinds for value, kinds in zip(arguments, self._kinds, strict=True)):
            return None
        return tuple(arguments) if len(repr(arguments)) < _LONGEST else None


def _size(value: Any) -> int | None:
    return len(value) if isinstance(value, list | tuple | str | dict | set | frozenset) else None


def _all_long(values: Sequence[Any]) -> bool:
    """Lists of which one at least is long enough to show an order."""
    return all(isinstance(value, list) for value in values) and any(len(value) > 2 for value in values)


def _is_ordered(value: list[Any]) -> bool:
    try:
        return value == sorted(value)
    except TypeError:
        return False


def _is_distinct(value: list[Any]) -> bool:
    return len({repr(item) for item in value}) == len(value)
