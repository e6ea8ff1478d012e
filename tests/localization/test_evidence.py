"""What is kept of evidence: plain JSON, bounded, and a word where something was left out."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_egca.localization.evidence import EVIDENCE_BYTES, TEXT_BYTES, bounded, cut_text

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just(b"")
    | st.just("\x00" * 500)
    | st.just("a" * 5_000),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


@settings(max_examples=60)
@given(st.dictionaries(st.text(), VALUES))
def test_any_evidence_is_plain_json_within_its_bounds(evidence):
    kept = bounded(evidence)
    text = json.dumps(kept, allow_nan=False)
    assert json.loads(text) == kept
    assert len(text) <= EVIDENCE_BYTES
    assert all(len(json.dumps(one)) - 2 <= TEXT_BYTES for one in strings(kept))


def test_what_fits_is_kept_as_it_is():
    evidence = {"case": "assert f(1) == 2", "edits": [{"start": 3, "end": 5, "text": "x", "kind": "name"}], "trials": 7}
    assert bounded(evidence) == evidence


def test_a_long_string_says_how_long_it_was_and_is_named():
    kept = bounded({"diff": "+" * 9_000, "edits": [{"text": "y" * 9_000}], "trials": 7})
    assert kept["diff"].startswith("++++")
    assert kept["diff"].endswith("[cut: 9000 characters]")
    assert kept["cut"] == ["diff", "edits.0.text"]
    assert kept["trials"] == 7


def test_what_does_not_fit_is_left_out_and_named():
    kept = bounded({f"part {number}": "z" * 1_900 for number in range(9)} | {"trials": 7})
    assert kept["cut"] == ["part 6", "part 7", "part 8"]
    assert kept["trials"] == 7


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1 << 20_000, "an integer of 20001 bits"), (float("nan"), "nan"), (b"x", "a bytes")],
    ids=["integer", "float", "bytes"],
)
def test_what_json_has_no_word_for_is_described(value, shown):
    assert bounded({"got": value})["got"] == shown


def test_control_characters_count_as_they_are_written():
    text = cut_text("\x00" * 400, 1_000)
    assert len(json.dumps(text)) <= 1_002
    assert text.endswith("[cut: 400 characters]")
    assert cut_text("a" * 1_000, 1_000) == "a" * 1_000
