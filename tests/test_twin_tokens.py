"""Failing responses with their repair, in the policy's own tokens."""

import pytest
from transformers import AutoTokenizer

from verl_egca.response import Program, Segment
from verl_egca.spans import token_pieces
from verl_egca.starter.policy_path import WEIGHTS
from verl_egca.twin_tokens import written_twin

BODY = "    total = 0\n    for x in xs:\n        if x > 1:\n            total += x\n    return total\n"
PROSE = ("Sure, here it is:\n```python\n", "```\nIt adds what is above 1.")


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(WEIGHTS)


def edit(source, old, new):
    start = source.index(old)
    return {"start": start, "end": start + len(old), "text": new, "kind": "test"}


def sampled(tokenizer, source=BODY, before="", after="", split_at=None):
    """(ids, program, pieces) of a response; ``split_at`` makes the policy begin a token at that character."""
    text = before + source + after
    parts = [text] if split_at is None else [text[:split_at], text[split_at:]]
    ids = [i for part in parts for i in tokenizer(part, add_special_tokens=False)["input_ids"]]
    pieces = token_pieces(tokenizer, ids)
    assert pieces.text == text
    program = Program(source, (Segment(0, len(before), len(source)),))
    return [*ids, tokenizer.eos_token_id], program, token_pieces(tokenizer, [*ids, tokenizer.eos_token_id])


def shown(tokenizer, twin):
    return [[tokenizer.decode([i]) for i in twin.ids[first:last]] for first, last in twin.changed]


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("x > 1", "x >= 1", [[" >="]]),
        ("x > 1", "x > 10", [[" 10"]]),
        ("if x > 1", "if not x > 1", [[" not"]]),
        (" > 1", "", [[":"]]),
        ("    return total\n", "    return total - 1\n", [[" -", " 1"]]),
        ("        if x > 1:\n            total += x\n", "        total += x\n", [[" t"]]),
    ],
)
def test_a_twin_is_written_as_the_policy_writes(tokenizer, old, new, changed):
    ids, program, pieces = sampled(tokenizer)
    twin = written_twin(tokenizer, ids, program, pieces, [edit(BODY, old, new)])
    assert list(twin.ids) == tokenizer(BODY.replace(old, new), add_special_tokens=False)["input_ids"] + ids[-1:]
    assert shown(tokenizer, twin) == changed
