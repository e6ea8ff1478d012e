"""Further inputs: compares a program that passes the tests with the reference on varied arguments of the tests.

Tests are few and often weak, and an edit may satisfy them by chance. A twin that also agrees with the reference on
inputs outside the tests is more likely to be the intended program. Inputs vary the tests' arguments and keep their
common properties (as likely invariants; Ernst et al., IEEE TSE 27(2), 2001): order, distinctness, sizes that are passed
along, the characters of texts. The reference gives the expected values; an input on which it raises is not used.
"""

from __future__ import annotations

import ast
import itertools
import random
import statistics
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from verl_egca.execution.sandbox import Trials
from verl_egca.localization.twins.trees import entry_scope, scopes
from verl_egca.problem import AssertionTests, CallTests, Problem
from verl_egca.statements import literal, parse
from verl_egca.values.exact_json import to_exact_json

_WANTED, _TRIED = 24, 48
_NOTHING = "no value is equal to this one"
_LONGEST = 400  # characters; longer argument lists and values are not used
_MOST_STEPS = 50_000  # on one input

Arguments = tuple[Any, ...]


class Further:
    """Further inputs of one problem, with the values that its reference gives. Safe in several threads."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._lock = threading.Lock()
        self._known: CallTests | None = None

    def passed(self, text: str, trials: Trials) -> list[bool]:
        """For each further input, whether a program gives the reference's value."""
        with self._lock:
            if self._known is None:
                self._known = self._found(trials)
            known = self._known
        return self._run(known, text, trials) if known.arguments else []

    def _found(self, trials: Trials) -> CallTests:
        reference, given = self._problem.reference, arguments_of(self._problem)
        if reference is None or self._problem.entry_point is None or not given:
            return _tests([])
        drawn = _variations(given, random.Random(self._problem.task_id))
        tried = [(arguments, _NOTHING) for arguments in itertools.islice(drawn, _TRIED)]
        trials.end()  # other samples share the result: no program under test may have run in its process
        (found,) = self._on(_tests(tried), trials).values([reference], range(len(tried)), max_steps=_MOST_STEPS)
        pairs = [
            (arguments, value)
            for (arguments, _), (_, got) in zip(tried, found, strict=True)
            for value in _shown(got or "...")
        ][:_WANTED]
        # drops values that are random or cannot be written
        right = self._run(_tests(pairs), reference, trials) if pairs else []
        return _tests(list(itertools.compress(pairs, right)))

    def _run(self, tests: CallTests, text: str, trials: Trials) -> list[bool]:
        return self._on(tests, trials).passed([text], range(len(tests.arguments)), max_steps=_MOST_STEPS)[0]

    def _on(self, tests: CallTests, trials: Trials) -> Trials:
        return trials.on(self._problem.model_copy(update={"tests": tests}))


def _tests(pairs: Sequence[tuple[Arguments, Any]]) -> CallTests:
    return CallTests(arguments=tuple(given for given, _ in pairs), expected=tuple(value for _, value in pairs))


def _shown(text: str) -> list[Any]:
    """The value that a text shows, in a list; empty if the text is cut or shows no plain value."""
    try:
        value = literal(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return []
    return [value] if len(text) < _LONGEST and _is_plain([value]) else []


# ------------------------------------------------------------ arguments of the tests


def arguments_of(problem: Problem) -> list[Arguments]:
    """The literal arguments in the tests' calls of the entry point, each once."""
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
    usual = statistics.mode(map(len, found)) if found else 0
    once = {repr(arguments): arguments for arguments in found if len(arguments) == usual > 0 and _is_plain(arguments)}
    return [arguments for text, arguments in once.items() if len(text) < _LONGEST]


def _is_plain(values: Sequence[Any]) -> bool:
    """Whether `CallTests` can hold the values: not an ellipsis, which marks a cut or a value that contains itself."""
    try:
        to_exact_json(values)
    except ValueError:
        return False
    return True


def _parameters(problem: Problem) -> tuple[str, ...]:
    """The parameters of the reference's entry point; empty if it is unknown."""
    tree = parse(problem.reference) if problem.reference is not None else None
    found = scopes(tree) if tree is not None else {}
    name = entry_scope(problem.entry_point, found)
    return found[name].own_parameters if name else ()


def _literals(call: ast.Call, parameters: Sequence[str]) -> Arguments | None:
    """The arguments of a call in the order of the parameters; None if one is not a literal."""
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
    """Variations of the given arguments, each once, and different from all of the given."""
    seen = {repr(arguments) for arguments in given}
    rules = _in_common(given)
    for _ in range(20 * _TRIED):
        base = list(draw.choice(given))
        for _ in range(draw.choice((1, 1, 2, 3))):
            place = draw.randrange(len(base))
            others = [arguments[place] for arguments in given]
            base[place] = draw.choice(others) if draw.random() < 0.2 else _varied(base[place], draw, others)
        arguments: Arguments | None = tuple(base)
        for rule in rules:
            arguments = rule(arguments) if arguments is not None else None
        if arguments is not None and len(repr(arguments)) < _LONGEST and repr(arguments) not in seen:
            seen.add(repr(arguments))
            yield arguments


def _varied(value: Any, draw: random.Random, others: Sequence[Any]) -> Any:
    """A value of the same kind; ``others`` are the values in the same place of other arguments."""
    match value:
        case bool():
            return not value
        case int():
            numbers = [other for other in others if type(other) is int]
            low, high = min(numbers), max(numbers)
            near = value + draw.choice((-3, -2, -1, 1, 2, 3))
            drawn = draw.choice((near, near, draw.randint(low, high)))
            if low >= 0:  # negative only if a given value is negative; 0 only if a given value is 0
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


# ------------------------------------------------------------ common properties

_Rule = Callable[[Arguments], Arguments | None]  # makes arguments obey the rule; None if impossible


def _in_common(given: Sequence[Arguments]) -> list[_Rule]:
    """The rules that all arguments of the tests obey. An order needs a list that is long enough to show it."""
    places = range(len(given[0]))
    long = [place for place in places if any(isinstance(a[place], list) and len(a[place]) > 2 for a in given)]
    kinds = [{type(value) for value in column} for column in zip(*given, strict=True)]
    rules: list[_Rule] = [partial(_listed, place, as_list) for place in long for as_list in (_distinct, sorted)]
    rules += [partial(_sized, place, other) for place in places for other in places]
    rules += [partial(_as_long, place, other) for place in places for other in places[:place]]
    rules += [partial(rule, place) for place in places for rule in (_filled, _even)]
    return [*(rule for rule in rules if all(rule(a) == a for a in given)), partial(_alike, kinds)]


def _listed(place: int, as_list: Callable[[list[Any]], list[Any]], arguments: Arguments) -> Arguments | None:
    try:
        return _with(arguments, place, as_list(arguments[place])) if isinstance(arguments[place], list) else arguments
    except TypeError:
        return None


def _distinct(values: list[Any]) -> list[Any]:
    return list({repr(value): value for value in values}.values())


def _sized(place: int, other: int, arguments: Arguments) -> Arguments | None:
    """Rule: one argument is the size of another."""
    size = _size(arguments[other])
    return _with(arguments, place, size) if size is not None and type(arguments[place]) is int else None


def _as_long(place: int, other: int, arguments: Arguments) -> Arguments | None:
    size = _size(arguments[place])
    return arguments if size is not None and size == _size(arguments[other]) else None


def _filled(place: int, arguments: Arguments) -> Arguments | None:
    return arguments if _size(arguments[place]) != 0 else None


def _even(place: int, arguments: Arguments) -> Arguments | None:
    """Rule: a list of lists is a matrix."""
    rows = arguments[place] if isinstance(arguments[place], list | tuple) else ()
    return arguments if len({_size(row) for row in rows}) < 2 else None


def _alike(kinds: Sequence[set[type]], arguments: Arguments) -> Arguments | None:
    return arguments if all(type(value) in own for value, own in zip(arguments, kinds, strict=True)) else None


def _with(arguments: Arguments, place: int, value: Any) -> Arguments:
    return (*arguments[:place], value, *arguments[place + 1 :])


def _size(value: Any) -> int | None:
    return len(value) if isinstance(value, list | tuple | str | dict | set | frozenset) else None
