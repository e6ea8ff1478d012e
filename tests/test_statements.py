"""The statements of programs, and parsing that several threads may do at once."""

from concurrent.futures import ThreadPoolExecutor

from verl_egca.source import SourceRange
from verl_egca.statements import innermost, parse, statements

PROGRAM = '''import math
def f(xs):
    """Doc."""
    for x in range(len(xs) - 1):
        if x > 0:
            return x
    try:
        y = (1,
             2)
    finally:
        pass
'''


def test_a_compound_statement_is_its_header():
    places = {s.place: s for s in statements(PROGRAM)}
    assert places[SourceRange(4, 4, 4, 31)].is_header
    assert places[SourceRange(5, 8, 5, 16)].end_line == 6
    assert places[SourceRange(8, 8, 9, 15)].is_header is False


def test_imports_docstrings_and_pass_are_inert():
    assert [s.place.line for s in statements(PROGRAM) if s.is_inert] == [1, 3, 11]


def test_the_innermost_statement_of_a_line_comes_first():
    assert [s.place.line for s in innermost(PROGRAM, 6)] == [6, 5, 4, 2]
    assert next(innermost(PROGRAM, 9)).place.line == 8


def test_what_does_not_parse_has_no_tree():
    for text in ("def f(:", "x = \0", "(" * 5_000, "x" * (1 << 19)):
        assert parse(text) is None


def test_parsing_in_several_threads_at_once_works():
    sources = [f"x = {'(' * n}1{')' * n}\n" * 40 + "def broken(" * (n % 2) for n in range(1, 60)] * 6
    with ThreadPoolExecutor(8) as threads:
        trees = list(threads.map(parse, sources))
    assert [tree is None for tree in trees] == ["broken" in source for source in sources]
