"""The sandbox says what a plain run says, on mutated references (see scripts/fuzz_sandbox.py, which does many more)."""

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest

from verl_egca.data.formats import load_problems

SCRIPT = Path(__file__).parents[2] / "scripts" / "fuzz_sandbox.py"


@pytest.fixture(scope="module")
def fuzz_sandbox():
    spec = importlib.util.spec_from_file_location("fuzz_sandbox", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_sandbox"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_sandbox_and_a_plain_run_agree_on_300_mutated_references(fuzz_sandbox, shared_data):
    problems = [p for name in ("HumanEval.jsonl.gz", "mbpp.jsonl") for p in load_problems(shared_data / name)]
    found = list(fuzz_sandbox.fuzz(problems[::3], 300, seed=0))
    disagreements = [c for c in found if c.kind is fuzz_sandbox.Kind.DISAGREE]
    assert disagreements == []
    kinds = Counter(c.kind for c in found)
    assert kinds[fuzz_sandbox.Kind.AGREE] > 250
    assert 30 < sum(c.verdict.passed for c in found) < 270  # neither side says the same to everything
