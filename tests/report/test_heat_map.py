"""A program cut into coloured pieces: nothing lost, each where its token stands."""

from hypothesis import given
from hypothesis import strategies as st

from verl_egca.report.page.heat_map import heat_map
from verl_egca.report.records import LocalizationRecord

from .report_runs import row


def cut(**changed):
    return heat_map(LocalizationRecord.model_validate(row(**changed)))


def pieces(found):
    return [(piece.text, piece.token, piece.blamed) for line in found.lines for piece in line]


def test_pieces_follow_tokens_and_the_prompts_code_has_none():
    found = cut()
    assert (found.by, found.own_tokens) == ("token", 9)
    assert pieces(found) == [
        ("def f(x):\n", None, False), ("    y", 0, False), (" =", 1, False), (" x", 2, True), (" -", 3, True), (" 1", 4, True),
        ("\n", 5, False), ("    return", 6, False), (" y", 7, False), ("\n", 8, False),
    ]  # fmt: skip


def test_without_token_boundaries_pieces_follow_the_blamed_characters():
    places = [{"line": 3, "col": 4, "end_line": 3, "end_col": 12}, {"line": 2, "col": 8, "end_line": 2, "end_col": 13}]
    found = cut(program_tokens=[], place=places)
    assert found.by == "character"
    assert [(text, blamed) for text, _, blamed in pieces(found)] == [
        ("def f(x):\n", False), ("    y = ", False), ("x - 1", True), ("\n", False), ("    ", False), ("return y", True), ("\n", False),
    ]  # fmt: skip


def test_a_token_that_holds_a_lines_end_and_the_next_ones_beginning_is_on_both():
    found = cut(program="a\n  b", program_tokens=[{"token": 4, "start": 0, "lengths": [1, 3, 1]}], token_spans=[[5, 6]])
    assert [[(p.text, p.token, p.blamed) for p in line] for line in found.lines] == [
        [("a", 4, False), ("\n", 5, True)],
        [("  ", 5, True), ("b", 6, False)],
    ]


def test_a_row_without_a_program_has_no_heat_map():
    assert cut(program=None) is None


@given(
    st.text(alphabet="ab é\n\r\t\x0c\u2028😀", max_size=30),
    st.lists(st.integers(0, 5), max_size=12),
    st.integers(0, 10),
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9), st.integers(1, 5), st.integers(0, 9)), max_size=3),
)
def test_whatever_the_program_its_text_is_kept_and_lines_are_the_parsers(program, lengths, start, places):
    runs = [{"token": 0, "start": start, "lengths": lengths}] if lengths else []
    named = [dict(zip(("line", "col", "end_line", "end_col"), place, strict=True)) for place in places]
    found = cut(program=program, program_tokens=runs, place=named)
    plain = program.replace("\r\n", "\n").replace("\r", "\n")
    assert "".join(text for text, _, _ in pieces(found)) == plain
    assert len(found.lines) == len(plain.split("\n")) - (plain == "" or plain.endswith("\n"))
