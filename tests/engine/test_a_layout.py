"""One layout of verl's Megatron engine and one planted fault, in each run of CI; test_layouts.py has the others."""

import json

import pytest

from layouts.cases import CASES

from .checked_layouts import checked

pytestmark = pytest.mark.engine
LAYOUT, CONTROL = "tp2-sp", "one/shifted"


def test_it_computes_trains_and_resumes_as_plain_torch_does_and_a_fault_is_found(tmp_path):
    found = checked([LAYOUT, CONTROL], tmp_path)
    assert found[LAYOUT]["resumed"]["saved_by"] == CASES[LAYOUT].resumes
    assert found[LAYOUT]["broken"] == [], json.dumps(found[LAYOUT], indent=1)
    assert found[CONTROL]["as_expected"], json.dumps(found[CONTROL], indent=1)
