"""Places in text and their conversions."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from verl_egca.source import SourceRange, SourceText

texts = st.text("ab é漢😀\n\r\x0c\u2028\t", max_size=40)


@given(texts, st.integers(0, 50))
def test_offsets_and_positions_are_each_others_inverse(text, offset):
    source = SourceText(text)
    line, col = source.position(offset)
    if col <= len(source.line(line)):  # else the position lies inside a line's end
        assert source.offset(line, col) == min(offset, len(text))


@given(texts)
def test_lines_are_the_parsers(text):
    source = SourceText(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert [source.line(number) for number in range(1, source.line_count + 1)] == lines


def test_byte_columns_of_the_parser_become_characters():
    text = "é = '漢字'; x = 1\n"
    node = ast.parse(text).body[1]
    place = SourceText(text).of_node(node)
    assert place == SourceRange(1, 10, 1, 15)
    start, end = SourceText(text).offsets(place)
    assert text[start:end] == "x = 1"


def test_positions_past_the_end_are_clipped():
    source = SourceText("ab\ncd")
    assert source.offset(1, 99) == 2
    assert source.offset(9, 0) == 5
    assert source.line(9) == ""
    assert source.between(0, 99) == SourceRange(1, 0, 2, 2)
