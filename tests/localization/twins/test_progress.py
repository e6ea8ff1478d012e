"""How near a wrong value is to the right one."""

import pytest

from verl_egca.localization.twins.progress import LEAST, MOST, NO_VALUE, nearness


@pytest.mark.parametrize(
    ("far", "near", "expected"),
    [
        ("[]", "[1, 2]", "[1, 2, 3]"),
        ("[9, 8, 7]", "[1, 2, 4]", "[1, 2, 3]"),
        ("100", "11", "10"),
        ("'xyz'", "'abd'", "'abc'"),
        ("{}", "{'a': 3}", "{'a': 2}"),
        ("{'a': 3}", "{'a': 2}", "{'a': 2, 'b': 1}"),
        ("None", "[]", "[]"),
        ("'True'", "False", "True"),
        ("{1}", "{1, 2}", "{1, 2, 3}"),
        ("(1, 5)", "(2, 1)", "(2, 3)"),
    ],
)
def test_what_has_more_of_the_right_value_is_nearer(far, near, expected):
    assert nearness(far, expected) < nearness(near, expected)


@pytest.mark.parametrize("got", ["1", "[...", "<object>", "1e999", "-" * 1000, "(" * 500, "nan", "9" * 400])
def test_any_wrong_value_is_nearer_than_none_and_none_counts_as_right(got):
    assert LEAST <= nearness(got, "[1, 2]") <= MOST < 1.0
    assert nearness(None, "[1, 2]") == NO_VALUE < LEAST
    assert nearness(got, None) == LEAST
