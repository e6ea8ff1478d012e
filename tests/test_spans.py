"""Token spans from sampled ids, over four tokenizer families and ids that no tokenizer would choose."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_egca.spans import token_pieces

from .token_families import FAMILIES, TEXTS, tokenizer_of

families = st.sampled_from(sorted(FAMILIES))
any_ids = st.lists(st.integers(0, 10**6), max_size=14)
texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=30), st.text("ab é漢😀\n\t ▁", max_size=12))


def decoded(tokenizer, ids):
    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def check(tokenizer, ids, start, end):
    pieces = token_pieces(tokenizer, ids)
    assert pieces.text == decoded(tokenizer, ids)
    assert len(pieces.starts) == len(pieces.ends) == len(ids)
    touching = [(a, b) for a, b in zip(pieces.starts, pieces.ends, strict=True) if a < b]
    covered = {at for a, b in touching for at in range(a, b)}
    assert covered == set(range(len(pieces.text)))
    assert [a for a, _ in touching] == sorted(a for a, _ in touching)
    assert [b for _, b in touching] == sorted(b for _, b in touching)
    start, end = start % (len(pieces.text) + 1), end % (len(pieces.text) + 1)
    if start < end:
        first, last = pieces.span(start, end)
        assert first < last
        for outer in (first, last - 1):
            assert pieces.starts[outer] < end
            assert pieces.ends[outer] > start
        spanned = {at for token in range(first, last) for at in range(pieces.starts[token], pieces.ends[token])}
        assert set(range(start, end)) <= spanned


@settings(max_examples=300)
@given(families, any_ids, st.integers(0, 99), st.integers(0, 99))
def test_any_ids_cover_their_text_exactly(family, ids, start, end):
    tokenizer = tokenizer_of(family)
    check(tokenizer, [i % len(tokenizer) for i in ids], start, end)


@settings(max_examples=300)
@given(families, texts, st.integers(0, 12), st.integers(0, 99), st.integers(0, 99))
def test_tokenized_text_with_a_special_token_in_the_middle(family, text, where, start, end):
    tokenizer = tokenizer_of(family)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    check(tokenizer, ids, start, end)
    check(tokenizer, [*ids[:where], tokenizer.eos_token_id, *ids[where:]], start, end)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_token_of_ordinary_text_is_where_it_is_written(family):
    tokenizer = tokenizer_of(family)
    ids = tokenizer("def f(x):\n    return x", add_special_tokens=False)["input_ids"]
    pieces = token_pieces(tokenizer, ids)
    at = pieces.text.index("return")
    first, last = pieces.span(at, at + len("return"))
    assert "return" in decoded(tokenizer, ids[first:last])
    assert "return" not in decoded(tokenizer, ids[:first])


def test_a_character_split_over_tokens_belongs_to_each_of_them():
    tokenizer = tokenizer_of("byte_level")
    ids = [tokenizer.convert_tokens_to_ids(piece) for piece in ("a", "ð", "Ł", "ĺ", "Ģ", "b")]  # the bytes of an emoji
    pieces = token_pieces(tokenizer, ids)
    assert pieces.text == "a😀b"
    assert pieces.span(1, 2) == (1, 5)
    assert pieces.span(0, 1) == (0, 1)


def test_special_tokens_touch_nothing():
    tokenizer = tokenizer_of("byte_level")
    a, eos = tokenizer.convert_tokens_to_ids("a"), tokenizer.eos_token_id
    pieces = token_pieces(tokenizer, [eos, a, eos, a, eos])
    assert pieces.text == "aa"
    assert pieces.span(0, 1) == (1, 2)
    assert pieces.span(1, 2) == (3, 4)
    assert token_pieces(tokenizer, [eos]).span(0, 1) == (0, 0)
    assert token_pieces(tokenizer, []).text == ""
