"""The families: lists, strings, arithmetic, conditions, loops, early return, accumulators, nested functions.

A family is a structure and a goal, named like its function; its problems differ in selection, computation and
comparison. Held-out families recombine the parts of training families.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from starter.task import Slot, Task

Pool = tuple[tuple[Any, ...], ...]
Family = Callable[[str], Iterable[Task]]
Piece = tuple[str, str, tuple[str, ...]]  # English, right text, near misses

CONDITIONS: tuple[Piece, ...] = (
    ("greater than k", "x > k", ("x >= k", "x < k")),
    ("at least k", "x >= k", ("x > k", "x <= k")),
    ("less than k", "x < k", ("x <= k", "x > k")),
    ("at most k", "x <= k", ("x < k", "x >= k")),
    ("even", "x % 2 == 0", ("x % 2 == 1",)),
    ("odd", "x % 2 == 1", ("x % 2 == 0",)),
    ("positive", "x > 0", ("x >= 0", "x < 0")),
    ("negative", "x < 0", ("x <= 0", "x > 0")),
    ("not equal to k", "x != k", ("x == k",)),
)
VALUES: tuple[Piece, ...] = (
    ("numbers", "x", ()),
    ("squares of the numbers", "x * x", ("x + x", "x")),
    ("doubles of the numbers", "2 * x", ("x * x", "x")),
    ("numbers plus k", "x + k", ("x - k", "x")),
    ("numbers minus k", "x - k", ("k - x", "x + k")),
    ("absolute values of the numbers", "abs(x)", ("x", "-x")),
)
CHARACTERS: tuple[Piece, ...] = (
    ("vowels", "c in 'aeiou'", ("c not in 'aeiou'",)),
    ("digits", "c.isdigit()", ("c.isalpha()", "not c.isdigit()")),
    ("letters", "c.isalpha()", ("c.isdigit()", "not c.isalpha()")),
    ("upper case letters", "c.isupper()", ("c.islower()",)),
    ("lower case letters", "c.islower()", ("c.isupper()",)),
    ("spaces", "c == ' '", ("c != ' '",)),
)
RETURN_T = Slot("return t", ("    return t",))  # a near miss returns from inside the loop


def _numbers(seed: str, count: int = 18) -> Pool:
    rng = random.Random(seed)
    lists = [
        ([rng.randint(-6, 9) for _ in range(rng.randint(1, 6))], rng.choice([1, 2, 3, 4, -2])) for _ in range(count)
    ]
    return (*lists, ([2, 3, 4, 3], 3), ([-1, 0, 1, 5, -4], 1), ([], 2))


def _texts(seed: str, count: int = 16) -> Pool:
    rng = random.Random(seed)
    texts = [("".join(rng.choice("aeiouAEbcdXYZ 0127 ") for _ in range(rng.randint(2, 8))),) for _ in range(count)]
    return (*texts, ("",), ("a1 B",))


def _integers(seed: str, *ranges: tuple[int, int], count: int = 20) -> Pool:
    rng = random.Random(seed)
    return tuple(tuple(rng.randint(low, high) for low, high in ranges) for _ in range(count))


# ------------------------------------------------------------------ lists: select, compute, accumulate
def _accumulate(goal: str, start: Slot, update: Slot, values: tuple[Piece, ...]) -> Family:
    """``t = start; for x in xs: if condition: update``, where ``@`` in the update stands for the value."""

    def make(name: str) -> Iterator[Task]:
        for (what, value, other_values), (which, condition, other_conditions) in itertools.product(values, CONDITIONS):
            doc = f"Return the {goal} the {what} in xs that are {which}."
            wrong_updates = [option.replace("@", value) for option in update.wrong]
            wrong_values = [update.right.replace("@", other) for other in other_values if "@" in update.right]
            slots = (
                start,
                Slot("xs", ("xs[1:]",)),
                Slot(condition, other_conditions),
                Slot(update.right.replace("@", value), (*wrong_updates, *wrong_values)),
                RETURN_T,
            )
            yield Task(name, "xs, k", doc, "t = $\nfor x in $:\n    if $:\n        $\n$", slots, _numbers(name + doc))

    return make


def _best(goal: str, better: str, worse: str) -> Family:
    def make(name: str) -> Iterator[Task]:
        for (what, value, other_values), (which, condition, other_conditions) in itertools.product(
            VALUES, CONDITIONS[:6]
        ):
            doc = f"Return the {goal} of the {what} in xs that are {which}, or None."
            slots = (
                Slot("None", ("0",)),
                Slot(condition, other_conditions),
                Slot(value, other_values),
                Slot(f"v {better} t", (f"v {worse} t",)),
                RETURN_T,
            )
            body = "t = $\nfor x in xs:\n    if $:\n        v = $\n        if t is None or $:\n            t = v\n$"
            yield Task(name, "xs, k", doc, body, slots, _numbers(name + doc))

    return make


def _find(goal: str, end: str, backwards: bool, found: str, missing: str) -> Family:
    """Early return from a loop over positions."""

    def make(name: str) -> Iterator[Task]:
        for which, condition, others in CONDITIONS:
            doc = f"Return the {goal} in xs that is {which}, or {end}."
            order = "range(len(xs) - 1, -1, -1)" if backwards else "range(len(xs))"
            near = (
                ("range(len(xs))", "range(len(xs), -1, -1)")
                if backwards
                else ("range(len(xs) - 1)", "range(1, len(xs))")
            )
            wrong_found = "x" if found == "i" else "i"
            slots = (
                Slot(order, near),
                Slot(condition, others),
                Slot(f"return {found}", (f"return {wrong_found}",)),
                Slot(f"return {missing}", (f"    return {missing}",)),
            )
            body = "for i in $:\n    x = xs[i]\n    if $:\n        $\n$"
            yield Task(name, "xs, k", doc, body, slots, _numbers(name + doc))

    return make


def _quantify(goal: str, every: bool) -> Family:
    def make(name: str) -> Iterator[Task]:
        for which, condition, others in CONDITIONS:
            doc = f"Return whether {goal} in xs is {which}."
            test, wrong = (f"not ({condition})", (condition,)) if every else (condition, (f"not ({condition})",))
            more = tuple(f"not ({other})" if every else other for other in others)
            early, late = ("False", "True") if every else ("True", "False")
            slots = (
                Slot(test, wrong + more),
                Slot(f"return {early}", (f"return {late}",)),
                Slot(f"return {late}", (f"    return {late}", f"return {early}")),
            )
            yield Task(name, "xs, k", doc, "for x in xs:\n    if $:\n        $\n$", slots, _numbers(name + doc))

    return make


def _running(goal: str, start: Slot, update: Slot, kept: Slot) -> Family:
    """A list of intermediate results."""

    def make(name: str) -> Iterator[Task]:
        for what, value, others in VALUES:
            doc = f"Return the list of the {goal} of the {what} in xs."
            slots = (
                start,
                Slot("[]", ("[0]",)),
                Slot("xs", ("xs[1:]", "xs[:-1]")),
                Slot(value, others),
                update,
                kept,
                Slot("return r", ("    return r",)),
            )
            yield Task(
                name, "xs, k", doc, "t = $\nr = $\nfor x in $:\n    v = $\n    $\n    $\n$", slots, _numbers(name + doc)
            )

    return make


def _pairs(goal: str, start: str, update: Slot) -> Family:
    tests = (
        ("a sum of k", "xs[i] + xs[j] == k", ("xs[i] - xs[j] == k", "xs[i] + xs[j] != k")),
        ("a sum greater than k", "xs[i] + xs[j] > k", ("xs[i] + xs[j] >= k", "xs[i] + xs[j] < k")),
        ("a sum less than k", "xs[i] + xs[j] < k", ("xs[i] + xs[j] <= k", "xs[i] + xs[j] > k")),
        ("a product of at least k", "xs[i] * xs[j] >= k", ("xs[i] * xs[j] > k", "xs[i] + xs[j] >= k")),
        ("a difference of k", "xs[i] - xs[j] == k", ("xs[j] - xs[i] == k", "xs[i] + xs[j] == k")),
        ("equal values", "xs[i] == xs[j]", ("xs[i] != xs[j]", "i == j")),
    )

    def make(name: str) -> Iterator[Task]:
        for which, test, others in tests:
            doc = f"Return the {goal} pairs in xs with {which}."
            slots = (
                Slot(start, ("1",) if start == "0" else ("[0]",)),
                Slot("i + 1, len(xs)", ("i, len(xs)", "len(xs)", "i + 1, len(xs) - 1")),
                Slot(test, others),
                update,
                RETURN_T,
            )
            body = "t = $\nfor i in range(len(xs)):\n    for j in range($):\n        if $:\n            $\n$"
            yield Task(name, "xs, k", doc, body, slots, _numbers(name + doc))

    return make


def _helper(goal: str, start: str, update: str, wrong: tuple[str, ...]) -> Family:
    """A nested function that transforms one value."""

    def make(name: str) -> Iterator[Task]:
        for (what, value, others), (which, condition, other_conditions) in itertools.product(
            VALUES[1:], CONDITIONS[:6]
        ):
            doc = f"Return the {goal} the {what} in xs, where those that are {which} count as 0."
            slots = (
                Slot(condition, other_conditions),
                Slot("0", ("x",)),
                Slot(value, others),
                Slot(start, ("1",) if start == "0" else ("[0]",)),
                Slot(update, wrong),
                RETURN_T,
            )
            body = "def g(x):\n    if $:\n        return $\n    return $\nt = $\nfor x in xs:\n    $\n$"
            yield Task(name, "xs, k", doc, body, slots, _numbers(name + doc))

    return make


def _zipped(name: str) -> Iterator[Task]:
    operations = (
        ("sums", "a + b", ("a - b", "a * b")),
        ("products", "a * b", ("a + b",)),
        ("differences", "a - b", ("b - a", "a + b")),
        ("larger ones", "max(a, b)", ("min(a, b)",)),
        ("smaller ones", "min(a, b)", ("max(a, b)",)),
    )
    keeps = (
        (" that are positive", "v > 0", ("v >= 0", "v < 0")),
        (" that are even", "v % 2 == 0", ("v % 2 == 1",)),
        (" that are odd", "v % 2 == 1", ("v % 2 == 0",)),
    )
    rng = random.Random(name)
    pool = tuple(
        ([rng.randint(-5, 8) for _ in range(n)], [rng.randint(-5, 8) for _ in range(n)]) for n in [0, 1, 2, 3, 4, 5] * 3
    )
    for (what, value, others), (which, test, other_tests) in itertools.product(operations, keeps):
        doc = f"Return the list of the {what} of the pairs of xs and ys{which}."
        slots = (
            Slot("[]", ("[0]",)),
            Slot(value, others),
            Slot(test, other_tests),
            Slot("t.append(v)", ("t = [v]", "t.append(a)")),
            RETURN_T,
        )
        yield Task(
            name, "xs, ys", doc, "t = $\nfor a, b in zip(xs, ys):\n    v = $\n    if $:\n        $\n$", slots, pool
        )


# ------------------------------------------------------------------ strings
def _characters(goal: str, start: str, update: Slot, other: Slot | None = None) -> Family:
    def make(name: str) -> Iterator[Task]:
        for which, condition, others in CHARACTERS:
            doc = f"Return {goal.replace('@', which)}."
            slots = [
                Slot(start, ("1",) if start == "0" else ("' '",)),
                Slot("s", ("s[1:]", "s[:-1]")),
                Slot(condition, others),
                update,
            ]
            body = "t = $\nfor c in $:\n    if $:\n        $\n"
            if other is not None:
                slots.append(other)
                body += "    else:\n        $\n"
            yield Task(name, "s", doc, body + "$", (*slots, RETURN_T), _texts(name + doc))

    return make


# ------------------------------------------------------------------ arithmetic and conditions
def _digits(goal: str, start: str, update: Slot) -> Family:
    def make(name: str) -> Iterator[Task]:
        for which, condition, others in (
            ("the digits of at least k", "d >= k", ("d > k", "d <= k")),
            ("the even digits", "d % 2 == 0", ("d % 2 == 1",)),
            ("the odd digits", "d % 2 == 1", ("d % 2 == 0",)),
            ("the digits greater than k", "d > k", ("d >= k", "d < k")),
            ("the digits less than k", "d < k", ("d <= k", "d > k")),
            ("the digits other than k", "d != k", ("d == k",)),
        ):
            doc = f"Return the {goal} {which} of n."
            slots = (
                Slot(start, ("1" if start == "0" else "0",)),
                Slot("n > 0", ("n > 1", "n >= 10")),
                Slot("n % 10", ("n // 10", "n % 9")),
                Slot(condition, others),
                update,
                Slot("n = n // 10", ("n = n // 100",)),
                RETURN_T,
            )
            body = "t = $\nwhile $:\n    d = $\n    if $:\n        $\n    $\n$"
            yield Task(name, "n, k", doc, body, slots, _integers(name + doc, (0, 99999), (2, 7)))

    return make


def _range(goal: str, start: str, update: Slot) -> Family:
    def make(name: str) -> Iterator[Task]:
        for (bounds, right, wrong), (which, condition, others) in itertools.product(
            (
                ("from a to b, both included", "a, b + 1", ("a, b", "a + 1, b + 1")),
                ("from a up to but not b", "a, b", ("a, b + 1", "a + 1, b")),
            ),
            (
                ("the numbers that 4 does not divide", "x % 4 != 0", ("x % 4 == 0",)),
                ("the even numbers", "x % 2 == 0", ("x % 2 == 1",)),
                ("the odd numbers", "x % 2 == 1", ("x % 2 == 0",)),
                ("the multiples of 3", "x % 3 == 0", ("x % 3 != 0", "x % 3 == 1")),
                ("the squares modulo 4 of 1", "x * x % 4 == 1", ("x % 4 == 1",)),
            ),
        ):
            doc = f"Return the {goal} {which} {bounds}."
            slots = (
                Slot(start, ("1" if start == "0" else "0",)),
                Slot(right, wrong),
                Slot(condition, others),
                update,
                RETURN_T,
            )
            yield Task(
                name,
                "a, b",
                doc,
                "t = $\nfor x in range($):\n    if $:\n        $\n$",
                slots,
                _integers(name + doc, (1, 6), (3, 14)),
            )

    return make


def _classify(name: str) -> Iterator[Task]:
    words = (("low", "mid", "high"), ("cold", "warm", "hot"), ("small", "medium", "large"))
    for (first, second, third), (low_text, low, low_wrong), (high_text, high, high_wrong) in itertools.product(
        words,
        (("less than a", "x < a", ("x <= a", "x > a")), ("at most a", "x <= a", ("x < a", "x > a"))),
        (("greater than b", "x > b", ("x >= b", "x < b")), ("at least b", "x >= b", ("x > b", "x <= b"))),
    ):
        doc = f"Return '{first}' if x is {low_text}, '{third}' if x is {high_text}, else '{second}'."
        slots = (
            Slot(low, low_wrong),
            Slot(f"return '{first}'", (f"return '{second}'",)),
            Slot(high, high_wrong),
            Slot(f"return '{third}'", (f"return '{second}'",)),
            Slot(f"return '{second}'", (f"return '{third}'",)),
        )
        rng = random.Random(doc)
        pool = tuple((x, a, a + rng.randint(1, 5)) for a in (0, 3, 7) for x in (a - 1, a, a + 1, a + 3, a + 6, a + 9))
        pool += tuple((b, a, b) for a, b in ((1, 4), (2, 5), (3, 9)))
        yield Task(name, "x, a, b", doc, "if $:\n    $\nif $:\n    $\n$", slots, pool)


def _steps(name: str) -> Iterator[Task]:
    """Loops that count until a bound is reached."""
    for (how, step, wrong), (until, test, other_tests) in itertools.product(
        (
            ("doubled", "n = n * 2", ("n = n + 2", "n = n * n")),
            ("tripled", "n = n * 3", ("n = n * 2", "n = n + 3")),
            ("increased by 5", "n = n + 5", ("n = n - 5 + 6", "n = n + 4")),
        ),
        (("at least k", "n < k", ("n <= k",)), ("greater than k", "n <= k", ("n < k",))),
    ):
        doc = f"Return how often n has to be {how} until it is {until}."
        slots = (
            Slot("0", ("1",)),
            Slot(test, other_tests),
            Slot(step, wrong),
            Slot("t = t + 1", ("t = t + 2", "t = 1")),
            RETURN_T,
        )
        yield Task(
            name,
            "n, k",
            doc,
            "t = $\nwhile $:\n    $\n    $\n$",
            slots,
            (*_integers(name + doc, (1, 9), (1, 60)), (2, 8), (3, 27), (1, 11), (5, 5)),
        )


def _clamp(name: str) -> Iterator[Task]:
    for (what, value, others), (low_to, high_to) in itertools.product(VALUES[:4], (("a", "b"), ("0", "b"), ("a", "0"))):
        value, others = value.replace("k", "a"), tuple(o.replace("k", "a") for o in others)
        doc = f"Return the {what.replace('numbers', 'number x').replace('k', 'a')}, but {low_to} if that is below a and {high_to} if it is above b."
        slots = (
            Slot(value, others),
            Slot("v < a", ("v > a", "x < a")),
            Slot(f"v = {low_to}", ("v = b",)),
            Slot("v > b", ("v < b", "x > b")),
            Slot(f"v = {high_to}", ("v = a",)) if high_to != "a" else Slot(f"v = {high_to}"),
            Slot("return v", ("return x", "    return v")),
        )
        yield Task(
            name,
            "x, a, b",
            doc,
            "v = $\nif $:\n    $\nelif $:\n    $\n$",
            slots,
            (*_integers(name + doc, (-6, 9), (-3, 3), (4, 9)), (0, 1, 5), (9, 2, 6)),
        )


def _counted(name: str) -> Iterator[Task]:
    for which, condition, others in CONDITIONS[:6]:
        doc = f"Return a dict that maps each number in xs that is {which} to how often it is there."
        slots = (
            Slot(condition, others),
            Slot("t.get(x, 0) + 1", ("t.get(x, 0)", "t.get(x, 1) + 1", "1")),
            RETURN_T,
        )
        yield Task(
            name, "xs, k", doc, "t = {}\nfor x in xs:\n    if $:\n        t[x] = $\n$", slots, _numbers(name + doc)
        )


_ADD = Slot("t += @", ("t = @", "t -= @"))
_MULTIPLY = Slot("t *= @", ("t += @", "t = @"))
_COUNT = Slot("t += 1", ("t = 1", "t += x"))
_KEEP = Slot("t.append(@)", ("t = [@]", "t.append(k)"))
_LIST = Slot("[]", ("[0]",))

TRAIN: dict[str, Family] = {
    "sum_if": _accumulate("sum of", Slot("0", ("1",)), _ADD, VALUES),
    "count_if": _accumulate("number of", Slot("0", ("1",)), _COUNT, VALUES[:1]),
    "list_if": _accumulate("list of", _LIST, _KEEP, VALUES),
    "last_if": _accumulate("last of", Slot("None", ("0",)), Slot("t = @", ("t = k",)), VALUES),
    "max_if": _best("largest", ">", "<"),
    "first_index": _find("first index", "-1", False, "i", "-1"),
    "last_index": _find("last index", "-1", True, "i", "-1"),
    "first_item": _find("first number", "None", False, "x", "None"),
    "all_are": _quantify("every number", True),
    "any_is": _quantify("any number", False),
    "running_sums": _running(
        "running sums",
        Slot("0", ("1",)),
        Slot("t += v", ("t = v", "t -= v")),
        Slot("r.append(t)", ("r.append(v)", "r = [t]")),
    ),
    "steps_between": _running(
        "differences to the one before (the first to 0)",
        Slot("0", ("1",)),
        Slot("r.append(v - t)", ("r.append(t - v)", "r.append(v + t)")),
        Slot("t = v", ("t = x", "t += v")),
    ),
    "count_pairs": _pairs("number of", "0", Slot("t += 1", ("t = 1", "t += i"))),
    "sum_mapped": _helper("sum of", "0", "t += g(x)", ("t += x", "t = g(x)")),
    "list_mapped": _helper("list of", "[]", "t.append(g(x))", ("t.append(x)", "t = [g(x)]")),
    "combine": _zipped,
    "count_chars": _characters("the number of @ in s", "0", Slot("t += 1", ("t = 1", "t += 2"))),
    "keep_chars": _characters("s with only its @", "''", Slot("t += c", ("t = c", "t = c + t"))),
    "mark_chars": _characters(
        "s with its @ replaced by '*'",
        "''",
        Slot("t += '*'", ("t += c", "t = '*'")),
        Slot("t += c", ("t += '*'", "t = c")),
    ),
    "sum_digits": _digits("sum of", "0", Slot("t += d", ("t += 1", "t = d"))),
    "count_digits": _digits("number of", "0", Slot("t += 1", ("t += d", "t = 1"))),
    "sum_range": _range("sum of", "0", Slot("t += x", ("t += 1", "t = x"))),
    "product_range": _range("product of", "1", Slot("t *= x", ("t += x", "t = x"))),
    "classify": _classify,
    "count_steps": _steps,
    "clamp": _clamp,
}
TEST: dict[str, Family] = {
    "product_if": _accumulate("product of", Slot("1", ("0",)), _MULTIPLY, VALUES[:4]),
    "min_if": _best("smallest", "<", ">"),
    "last_item": _find("last number", "None", True, "x", "None"),
    "drop_chars": _characters(
        "s without its @", "''", Slot("t += ''", ("t += c",)), Slot("t += c", ("t = c", "t = c + t"))
    ),
    "count_range": _range("number of", "0", Slot("t += 1", ("t += x", "t = 1"))),
    "product_digits": _digits("product of", "1", Slot("t *= d", ("t += d", "t = d"))),
    "list_pairs": _pairs(
        "list of the sums of the", "[]", Slot("t.append(xs[i] + xs[j])", ("t.append(xs[i])", "t = [xs[i] + xs[j]]"))
    ),
    "count_values": _counted,
}


def tasks(split: str) -> list[Task]:
    """All tasks of ``"train"`` or ``"test"``, in a fixed order."""
    families = {"train": TRAIN, "test": TEST}[split]
    return [task for name, make in families.items() for task in make(name)]
