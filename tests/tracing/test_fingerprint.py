"""Fingerprints are equal exactly where a test's == would call the values equal."""

import datetime
import math
from array import array
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verl_egca.tracing.fingerprint import fingerprint, shown

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 70), 1 << 70), st.floats(allow_nan=False), st.text(max_size=5),
    st.binary(max_size=5), st.complex_numbers(allow_nan=False, max_magnitude=10), st.fractions(max_denominator=9),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-9, max_value=9, places=2), st.sampled_from([0, 1, 0.0, 1.0, True, False, "", b"", (), -0.0]),
)  # fmt: skip
hashable = st.recursive(scalars, lambda inner: st.one_of(st.tuples(inner, inner), st.frozensets(inner, max_size=3)), max_leaves=4)  # fmt: skip
values = st.recursive(
    hashable,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.tuples(inner), st.dictionaries(hashable, inner, max_size=3), st.sets(hashable, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


@given(values, values)
def test_two_values_have_one_fingerprint_exactly_when_they_are_equal(a, b):
    assert (fingerprint(a) == fingerprint(b)) is (a == b)


@given(st.lists(hashable, max_size=6).flatmap(lambda xs: st.tuples(st.just(xs), st.permutations(xs))))
def test_sets_and_dicts_have_no_order(pair):
    xs, ys = pair
    assert fingerprint(set(xs)) == fingerprint(set(ys))
    assert fingerprint(dict.fromkeys(xs, 0)) == fingerprint(dict.fromkeys(ys, 0))


def test_subclasses_equal_the_plain_value():
    point = namedtuple("point", "x y")
    assert fingerprint(Counter("aab")) == fingerprint({"a": 2, "b": 1}) == fingerprint(OrderedDict(b=1, a=2))
    assert fingerprint(point(1, 2)) == fingerprint((1, 2)) != fingerprint([1, 2])
    assert fingerprint(defaultdict(int, a=1)) == fingerprint({"a": 1})
    assert fingerprint(deque([1])) != fingerprint([1])
    assert fingerprint(Decimal("0.5")) == fingerprint(Fraction(1, 2)) == fingerprint(0.5)
    assert fingerprint(math.nan) == fingerprint(-math.nan)


class Text(str):
    pass


class Level(IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0), (1, True), (0.0, -0.0), ([1, 2], [1.0, True + 1]), (Text("a"), "a"), (Level.LOW, 1), (2**80, float(2**80)),
        (2**5000, 2**5000 + 0), (Decimal("1E+2"), 100), (Decimal("0.1"), Fraction(1, 10)), (1 + 0j, 1), ({1: 2}.keys(), {1}),
        ({1: 2}.items(), {(1, 2)}), (range(0, 3, 2), range(0, 4, 2)), (range(3, 3), range(0)), (range(5, 6), range(5, 9, 7)),
        (frozenset({(1, 2)}), {(1.0, 2)}), (array("i", [1]), array("q", [1])), ("\ud800", "\ud800"), ({Text("k"): 1}, {"k": True}),
        (datetime.date(2020, 1, 2), datetime.date(2020, 1, 2)), ([math.nan], [float("nan")]), (b"a", bytearray(b"a")),
    ],
)  # fmt: skip
def test_equal_values_have_one_key(one, other):
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.1, Decimal("0.1")), (0.1, Fraction(1, 10)), (0.1 + 0.2, 0.3), ("1", 1), ("None", None), ([], ()), ([1], {1}), ("a", b"a"),
        (2**5000, 2**5000 + 1), (2**53, 2.0**53 + 2), ([[1], 2], [[1, 2]]), (["a,b"], ["a", "b"]), (["'a','b'"], ["a", "b"]),
        (datetime.date(2020, 1, 2), datetime.date(2020, 1, 3)), (range(3), [0, 1, 2]), ({}, set()), (math.inf, -math.inf), ("", []),
        ([1] * 1_999, [1] * 2_000), ([0] * 5_000, [0] * 5_001), (dict.fromkeys(range(5_000)), dict.fromkeys(range(5_001))),
        ("x" * 10_000, "x" * 9_999 + "y"), (Decimal("1E+5000"), Decimal("1E+5001")),
    ],
)  # fmt: skip
def test_unequal_values_have_two_keys(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_objects_count_by_type_and_fields_slots_too():
    class Slotted:
        __slots__ = ("a", "b")

    @dataclass
    class Point:
        x: int
        next: object = None

    one, other = Slotted(), Slotted()
    assert fingerprint(one) == fingerprint(other)
    one.a = 1
    assert fingerprint(one) != fingerprint(other)
    other.a = True
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(Point(1, Point(2))) == fingerprint(Point(1.0, Point(2))) != fingerprint(Point(1, Point(3)))


def test_large_sets_and_dicts_have_no_order_either():
    forward, backward = list(range(5_000)), list(range(4_999, -1, -1))
    assert fingerprint(dict.fromkeys(forward)) == fingerprint(dict.fromkeys(backward))
    pairs = [(str(n), (n, n)) for n in range(900)]
    assert fingerprint(dict(pairs)) == fingerprint(dict(reversed(pairs)))


def test_methods_of_the_program_are_never_called():
    class Trap(dict):
        def items(self):
            raise RuntimeError

        __iter__ = __len__ = __repr__ = __eq__ = __hash__ = __getattribute__ = items

    assert fingerprint(Trap()) == fingerprint({})
    assert isinstance(shown(Trap()), str)

    class Meta(type):
        def __eq__(cls, other):
            raise RuntimeError

        __hash__ = __getattribute__ = __instancecheck__ = __subclasscheck__ = __eq__

    class Made(list, metaclass=Meta):
        __iter__ = __len__ = __eq__ = Trap.items

    class Disguised:
        __class__ = __dict__ = property(Trap.items)

    for value in (Made(), Made, Disguised(), [Made(), {1: Made}]):
        assert fingerprint(value)
        assert shown(value)


def test_depth_size_and_cycles_are_bounded():
    loop = []
    loop.append(loop)
    assert fingerprint(loop)
    assert len(fingerprint(list(range(10**6)))) <= 32
    deep = 0
    for _ in range(10_000):
        deep = [deep]
    assert fingerprint(deep)
    assert len(shown("x" * 10**6)) <= 80
