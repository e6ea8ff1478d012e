"""verl's Megatron engine in each kind of layout, by the command that runs all of them (scripts/check_layouts.py)."""

import json

import pytest

from layouts.cases import CASES

from .checked_layouts import checked

# each kind once; those that resume do so from one another as far as that goes
LAYOUTS = [
    "tp2-sp",  # tensor and sequence parallel, packed, with a KL term
    "pp2-vpp2",  # pipeline, virtual stages
    "cp2",  # context parallel
    "dp2/token-mean",  # distributed optimizer; token-mean, no KL term
    "dp2-padded",
    "tp2-sp-dynamic",
    "pp2-recompute-offload",
    "one/mbridge",
    "tp2-sp-pp2",  # four ranks
]
CONTROLS = [
    "one/shifted",
    "one/swapped",
    "one/no-rope-scaling",
    "one/no-rope-base",
    "one/mbridge-rope-scaling",
    "pp2/no-moments",
]

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return checked(LAYOUTS + CONTROLS, tmp_path_factory.mktemp("layouts"))


def test_the_chosen_layouts_are_of_every_kind():
    layouts = [CASES[name].layout for name in LAYOUTS]
    for size in ("tp", "pp", "cp", "dp"):
        assert any(getattr(layout, size) > 1 for layout in layouts), size
    assert any(layout.tp > 1 and layout.pp > 1 for layout in layouts)
    for kind in ("vpp", "sequence_parallel", "dynamic_batch", "recompute", "offload", "mbridge"):
        assert any(getattr(layout, kind) for layout in layouts), kind
    assert any(not layout.packed for layout in layouts)
    objectives = {CASES[name].objective for name in LAYOUTS}
    assert {objective.aggregation for objective in objectives} == {"token-mean", "seq-mean-token-sum"}
    assert {objective.kl > 0 for objective in objectives} == {True, False}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_computes_trains_resumes_and_sends_what_plain_torch_does(found, name):
    assert found[name]["resumed"]["saved_by"] == CASES[name].resumes
    assert found[name]["broken"] == [], json.dumps(found[name], indent=1)


@pytest.mark.parametrize("name", CONTROLS)
def test_a_planted_fault_breaks_what_it_must_and_nothing_else(found, name):
    assert found[name]["as_expected"], json.dumps(found[name], indent=1)
