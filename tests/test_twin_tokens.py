"""Failing responses with their repair, in the policy's own tokens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from starter.policy_path import WEIGHTS
from verl_egca.localization.twins.edits import Edit, applied
from verl_egca.response import ExtractedProgram, SourceSegment
from verl_egca.spans import token_pieces
from verl_egca.twin_tokens import NoWrittenTwin, repaired_program, written_twin

from .token_families import FAMILIES, tokenizer_of

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
    program = ExtractedProgram(source, (SourceSegment(0, len(before), len(source)),))
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


def test_prose_around_the_program_stays_as_it_was_sampled(tokenizer):
    before, after = PROSE
    ids, program, pieces = sampled(tokenizer, before=before, after=after)
    twin = written_twin(tokenizer, ids, program, pieces, [edit(BODY, "x > 1", "x >= 1")])
    assert token_pieces(tokenizer, twin.ids).text == before + BODY.replace("x > 1", "x >= 1") + after
    first = twin.changed[0][0]
    assert twin.ids[:first] == tuple(ids[:first])
    assert shown(tokenizer, twin) == [[" >="]]


def test_several_edits_are_several_ranges(tokenizer):
    ids, program, pieces = sampled(tokenizer)
    edits = [edit(BODY, "return total", "return total - 1"), edit(BODY, "total = 0", "total = 1")]
    twin = written_twin(tokenizer, ids, program, pieces, edits)
    assert shown(tokenizer, twin) == [[" 1"], [" -", " 1"]]
    assert repaired_program(BODY, edits) == token_pieces(tokenizer, twin.ids).text


def test_two_insertions_at_one_place_come_in_the_order_that_the_repair_was_tried_in(tokenizer):
    at = BODY.index("return")
    edits = [{"start": at, "end": at, "text": text, "kind": "test"} for text in ("b = 1\n    ", "a = 1\n    ")]
    ids, program, pieces = sampled(tokenizer)
    twin = written_twin(tokenizer, ids, program, pieces, edits)
    assert "    a = 1\n    b = 1\n    return" in token_pieces(tokenizer, twin.ids).text


def test_what_an_edit_leaves_as_it_was_is_no_change(tokenizer):
    ids, program, pieces = sampled(tokenizer)
    whole = {"start": 0, "end": len(BODY), "text": BODY.replace("x > 1", "x > 2"), "kind": "test"}
    assert shown(tokenizer, written_twin(tokenizer, ids, program, pieces, [whole])) == [[" 2"]]


def test_a_repair_that_takes_the_end_away_is_decided_by_the_end_mark(tokenizer):
    source = BODY + "x = 1\n"
    ids, program, pieces = sampled(tokenizer, source)
    twin = written_twin(tokenizer, ids, program, pieces, [edit(source, "\nx = 1\n", "")])
    assert twin.ids[-1] == tokenizer.eos_token_id
    assert twin.changed == ((len(twin.ids) - 1, len(twin.ids)),)


def test_tokens_that_the_policy_split_otherwise_stay_so_before_the_change(tokenizer):
    at = BODY.index("or x in")  # never a place where the tokenizer would split
    usual, _, _ = sampled(tokenizer)
    ids, program, pieces = sampled(tokenizer, split_at=at)
    assert ids != usual
    twin = written_twin(tokenizer, ids, program, pieces, [edit(BODY, "x > 1", "x >= 1")])
    first = twin.changed[0][0]
    assert twin.ids[:first] == tuple(ids[:first])
    assert shown(tokenizer, twin) == [[" >="]]


def test_tokens_that_the_policy_split_otherwise_behind_the_change_are_no_change(tokenizer):
    at = BODY.index("urn total")
    usual, usual_program, usual_pieces = sampled(tokenizer)
    ids, program, pieces = sampled(tokenizer, split_at=at)
    change = [edit(BODY, "x > 1", "x >= 1")]
    assert written_twin(tokenizer, ids, program, pieces, change) == written_twin(
        tokenizer, usual, usual_program, usual_pieces, change
    )


def with_code_of_the_prompt(tokenizer):
    ids, _, pieces = sampled(tokenizer)
    prefix = "def f(xs):\n"
    return ids, ExtractedProgram(prefix + BODY, (SourceSegment(len(prefix), 0, len(BODY)),)), pieces


def test_what_cannot_be_had_is_said(tokenizer):
    ids, program, pieces = sampled(tokenizer)
    whole = ExtractedProgram(BODY, program.segments, truncated=True)
    change = [edit(BODY, "x > 1", "x >= 1")]
    other = with_code_of_the_prompt(tokenizer)
    mark = tokenizer.eos_token
    cases = {
        "truncated": (ids, whole, pieces, change),
        "unchanged": (ids, program, pieces, []),
        "edits_overlap": (ids, program, pieces, [edit(BODY, "x > 1", "y"), edit(BODY, "> 1", "z")]),
        "outside_response": (*other, [edit(other[1].source, "xs):", "ys):")]),
        "not_decoded": (ids, program, pieces, [edit(BODY, "return total", f"return '{mark}'")]),
    }
    for reason, case in cases.items():
        with pytest.raises(NoWrittenTwin, match=f"^{reason}$"):
            written_twin(tokenizer, *case)
    assert len(written_twin(tokenizer, ids, program, pieces, change, limit=len(ids)).ids) == len(ids)
    with pytest.raises(NoWrittenTwin, match="too_long"):
        written_twin(tokenizer, ids, program, pieces, change, limit=len(ids) - 1)


def test_an_edit_in_the_prompts_code_beside_one_of_the_response_has_no_twin(tokenizer):
    ids, program, pieces = with_code_of_the_prompt(tokenizer)
    edits = [edit(program.source, "xs):", "ys):"), edit(program.source, "x > 1", "x >= 1")]
    with pytest.raises(NoWrittenTwin, match="outside_response"):
        written_twin(tokenizer, ids, program, pieces, edits)


def test_special_tokens_in_the_midst_stay_before_the_change_and_rule_out_a_twin_behind_it(tokenizer):
    mark = tokenizer.all_special_ids[0]
    plain, program, _ = sampled(tokenizer)
    change = [edit(BODY, "x > 1", "x >= 1")]
    early, late = [mark, *plain], [*plain[:-4], mark, *plain[-4:]]
    twin = written_twin(tokenizer, early, program, token_pieces(tokenizer, early), change)
    assert twin.ids[0] == mark
    assert shown(tokenizer, twin) == [[" >="]]
    with pytest.raises(NoWrittenTwin, match="special_tokens"):
        written_twin(tokenizer, late, program, token_pieces(tokenizer, late), change)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("family", ["starter", *FAMILIES])
def test_whatever_the_edits_a_twin_reads_as_the_repair_and_parts_at_its_first_change(family, data, tokenizer):
    tokenizer = tokenizer if family == "starter" else tokenizer_of(family)
    alphabet = st.sampled_from("ax1 \n(=<+éé漢😀")
    source = data.draw(st.text(alphabet, min_size=1, max_size=30))
    before, after = data.draw(st.sampled_from([("", ""), PROSE]))
    edits, at = [], 0
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(at, len(source)))
        end = data.draw(st.integers(start, len(source)))
        edits.append({"start": start, "end": end, "text": data.draw(st.text(alphabet, max_size=6)), "kind": "test"})
        at = end
    edits.reverse()
    ids = tokenizer(before + source + after, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    pieces = token_pieces(tokenizer, ids)
    if pieces.text != before + source + after:  # a family that does not give every text back
        return
    program = ExtractedProgram(source, (SourceSegment(0, len(before), len(source)),))
    repaired = applied(source, [Edit(e["start"], e["end"], e["text"], "test", (0, 1), 0.0) for e in edits])
    try:
        twin = written_twin(tokenizer, ids, program, pieces, edits)
    except NoWrittenTwin:
        written = tokenizer(before + repaired + after, add_special_tokens=False)["input_ids"]
        assert repaired == source or token_pieces(tokenizer, written).text != before + repaired + after
        return
    assert token_pieces(tokenizer, twin.ids).text == before + repaired + after
    assert twin.ids[-1] == tokenizer.eos_token_id
    first = twin.changed[0][0]
    assert twin.ids[:first] == tuple(ids[:first])
    assert first >= len(ids) or twin.ids[first] != ids[first]
    ends = [0, *(place for span in twin.changed for place in span), len(twin.ids)]
    assert ends == sorted(ends)
    assert all(start < end for start, end in twin.changed)
