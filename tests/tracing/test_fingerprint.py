"""Fingerprints are equal exactly where a test's == would call the values equal."""

import math
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction

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


def test_methods_of_the_program_are_never_called():
    class Trap(dict):
        def items(self):
            raise RuntimeError

        __iter__ = __len__ = __repr__ = __eq__ = __hash__ = __getattribute__ = items

    assert fingerprint(Trap()) == fingerprint({})
    assert isinstance(shown(Trap()), str)


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
