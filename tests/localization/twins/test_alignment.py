"""Which function, variable and statement of the reference plays the part of which of the candidate."""

import ast

from verl_egca.localization.twins.alignment import Alignment, align
from verl_egca.localization.twins.shapes import Shapes
from verl_egca.localization.twins.views import Reference
from verl_egca.source import SourceRange
from verl_egca.tracing.trace import Event, Trace

PLACE = SourceRange(1, 0, 1, 1)


def aligned(
    candidate: str, reference: str, entry_point: str | None = "f", ours: object = (), theirs: object = ()
) -> Alignment:
    return align(ast.parse(candidate), Reference(ast.parse(reference)), entry_point, ours, theirs)


def trace(**values: list[int]) -> Trace:
    events = [Event(PLACE, "f", "let", name, str(key), "") for name, keys in values.items() for key in keys]
    return Trace(tuple(events), ())


def shape(code: str) -> object:
    return Shapes().of(ast.parse(code).body[0])


def test_equal_programs_match_in_full():
    program = "def f(x):\n    y = x + 1\n    return y\n"
    assert [pair.score for pair in aligned(program, program).statements] == [1.0, 1.0]


def test_parameters_match_by_position():
    found = aligned("def f(a, b):\n    return a - b\n", "def f(b, a):\n    return b - a\n")
    assert found.variables["f"] == {"a": "b", "b": "a"}


def test_renamed_variables_match_by_their_values_where_their_use_is_the_same():
    candidate = "def f(n):\n    p = n\n    q = n\n    return g(p, q)\n"
    reference = "def f(n):\n    u = n\n    v = n\n    return g(v, u)\n"
    found = aligned(candidate, reference, "f", [trace(p=[1, 2], q=[7, 8])], [trace(u=[7, 8], v=[1, 2])])
    assert found.variables["f"] == {"n": "n", "p": "v", "q": "u"}


def test_a_renamed_helper_matches_by_how_it_is_built():
    candidate = "def square(x):\n    return x * x\ndef f(x):\n    return square(x)\n"
    reference = "def power(y):\n    return y * y\ndef f(y):\n    return power(y)\n"
    assert aligned(candidate, reference).functions["square"] == "power"


def test_a_loop_meets_a_comprehension_halfway():
    candidate = "def f(xs):\n    out = []\n    for x in xs:\n        out.append(x + 1)\n    return out\n"
    reference = "def f(items):\n    return [item + 1 for item in items]\n"
    assert max(m.score for m in aligned(candidate, reference).matchings if m.candidate.name == "f") == 1.0


def test_a_loop_is_not_matched_with_a_simple_statement():
    candidate = "def f(xs):\n    out = []\n    for x in xs:\n        out.append(x)\n    return out\n"
    for pair in aligned(candidate, "def f(items):\n    return [item for item in items]\n").statements:
        assert not isinstance(pair.candidate.node, ast.For)


def test_branches_swapped_under_negation_match():
    candidate = "def f(x):\n    if x == 1:\n        return 'a'\n    else:\n        return 'b'\n"
    reference = "def f(x):\n    if x != 1:\n        return 'b'\n    else:\n        return 'a'\n"
    assert max(m.score for m in aligned(candidate, reference).matchings) == 1.0


def test_the_programs_given_stay_as_they_are():
    reference = ast.parse("def f(x):\n    if x != 1:\n        return 2\n    else:\n        return 3\n")
    before = ast.dump(reference)
    candidate = ast.parse("def f(x):\n    if x == 1:\n        return 3\n    else:\n        return 2\n")
    align(candidate, Reference(reference), "f")
    assert ast.dump(reference) == before


def test_module_level_code_matches_too():
    found = aligned("n = int(input())\nprint(n + 1)\n", "k = int(input())\nprint(k + 2)\n", None)
    assert len(found.statements) == 2
    assert found.variables[""] == {"n": "k"}


def test_one_shape_for_two_ways_to_write_a_thing():
    assert shape("a < b") == shape("b > a")
    assert shape("not a == b") == shape("a != b")
    assert shape("x += 1") == shape("x = x + 1")
    assert shape("x: int = 1") == shape("x = 1")


def test_different_meanings_have_different_shapes():
    assert shape("a < b") != shape("b < a")
    assert shape("a - b") != shape("b - a")
    assert shape("'a' + b") != shape("b + 'a'")
