"""The tiers: each rare test exists and is named with its time on the page, and a day's sixth is a fair one."""

import re
from pathlib import Path

import pytest

from . import tiers

TESTS = Path(__file__).parent


def test_the_page_names_each_rare_test_with_its_seconds():
    rows = re.findall(r"^\| `([^`]+)` \| (\d+) \|.*\|$", (TESTS / "README.md").read_text(), re.MULTILINE)
    assert {name: int(seconds) for name, seconds in rows} == dict(tiers.RARE)


@pytest.mark.parametrize("entry", [*tiers.RARE, *tiers.FAST])
def test_what_a_tier_names_exists(entry):
    path, _, name = entry.partition("::")
    assert (TESTS / path).exists()
    function = name.partition("[")[0]
    assert not function or f"def {function}(" in (TESTS / path).read_text()


def test_a_days_sixths_are_the_whole_and_of_about_the_same_length():
    found = tiers.sixths()
    assert found.keys() == tiers.RARE.keys()
    lengths = [sum(tiers.RARE[entry] for entry in found if found[entry] == sixth) for sixth in range(tiers.SIXTHS)]
    assert max(lengths) - min(lengths) <= max(tiers.RARE.values()) / 2


def test_a_rare_test_runs_with_all_and_on_its_day_alone_and_others_always():
    entry = next(iter(tiers.RARE))
    rare, usual = f"{entry}::test_x" if "::" not in entry else f"{entry}[x]", "credit/test_x.py::test_x"
    days = [sixth for sixth in range(tiers.SIXTHS) if tiers.runs_in(rare, "ci", sixth)]
    assert days == [tiers.sixths()[entry]]
    assert tiers.runs_in(rare, "all", 0)
    assert not tiers.runs_in(rare, "fast", days[0])
    assert all(tiers.runs_in(usual, tier, sixth) for tier in tiers.TIERS for sixth in range(tiers.SIXTHS))


def test_an_entry_is_no_prefix_of_a_longer_name():
    assert tiers.is_of("a/test_b.py::test_c[d]", "a/test_b.py::test_c")
    assert not tiers.is_of("a/test_b.py::test_cd", "a/test_b.py::test_c")
