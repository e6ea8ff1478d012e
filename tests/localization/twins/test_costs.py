"""What edits cost: the sum of their signs' bits, out of a table that says where it is from."""

import datetime
import json
from importlib import resources

import pytest

from verl_egca.localization.twins import costs
from verl_egca.localization.twins.edits import Edit

TABLE = json.loads(resources.files("verl_egca.localization.twins").joinpath("costs.json").read_text())


def edit(kind, form="", where="", amounts=()):
    return Edit(0, 0, "", kind, (0, 1), form, where, amounts)


def test_the_table_says_what_it_was_learned_from_and_when():
    assert TABLE["corpora"].keys() == {"model", "starter", "mutants"}
    assert all(corpus["programs"] > 0 and corpus["weight"] > 0 for corpus in TABLE["corpora"].values())
    assert TABLE["corpora"]["mutants"]["weight"] < TABLE["corpora"]["model"]["weight"] == 1
    datetime.date.fromisoformat(TABLE["date"])


def test_a_cost_is_the_sum_of_what_is_known_of_the_signs():
    signs = costs.signs("comparison", "$a < $b -> $a <= $b", "a test")
    assert signs == ("comparison", "comparison: $a < $b -> $a <= $b", "comparison in a test")
    known = sum(costs.BITS.get(sign, 0.0) for sign in signs)
    assert edit("comparison", "$a < $b -> $a <= $b", "a test").cost == pytest.approx(known)
    later = costs.ranked("comparison", 3)
    bits = costs.BITS.get("comparison ranked", 0.0)
    assert edit("comparison", "$a < $b -> $a <= $b", "a test", later).cost == pytest.approx(known + 2 * bits)


def test_a_new_form_costs_what_its_kind_does():
    assert edit("comparison", "what nobody has seen").cost == costs.BITS["comparison"]


def test_the_slip_of_a_boundary_is_likelier_than_another_comparison():
    boundary, other = (edit("comparison", f"$a < $b -> $a {op} $b", "a test").cost for op in ("<=", "=="))
    assert boundary < other


def test_every_sign_of_the_table_belongs_to_an_edit_that_is_still_made():
    """A form that was renamed would silently cost what its kind does."""
    from verl_egca.localization.twins.table import SLIPS

    forms = {sign.partition(": ")[2] for sign in costs.BITS if " -> " in sign and "$" in sign}
    rows = [line.split("->") for line in SLIPS.splitlines() if "->" in line]
    made = {f"{row[0].split(' @')[0].strip()} -> {text}" for row in rows for text in row[1].strip().split("; ")}
    assert forms <= made
