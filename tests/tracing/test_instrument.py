"""Probes say what a program did; that they don't change it is in test_semantics.py."""

from verl_egca.data.formats import load_problems
from verl_egca.tracing.trace import decode

from .traced_runs import traced


def test_every_reference_of_humaneval_still_passes_its_tests(sandbox, shared_data):
    for problem in load_problems(shared_data / "HumanEval.jsonl.gz")[::3]:
        verdict, data = sandbox.trace(problem, problem.reference, 0)
        events = decode(data).events
        assert events, problem.task_id
        assert verdict.passed or len(events) == 20_000, problem.task_id  # a longer trace ends the process


def test_events_tell_what_was_bound_branched_mutated_and_returned():
    source = "def f(xs):\n    t = 0\n    for x in xs:\n        if x > 1:\n            t += x\n    ys = []\n    ys.append(t)\n    return ys\nf([1, 2])\n"
    _, trace = traced(source)
    told = [(e.place.line, e.kind, e.name, e.text) for e in trace.events if e.function == "f"]
    assert told == [
        (1, "argument", "xs", "[1, 2]"),
        (2, "let", "t", "0"),
        (3, "item", "x", "1"),
        (4, "branch", "", "False"),
        (3, "item", "x", "2"),
        (4, "branch", "", "True"),
        (5, "let", "t", "2"),
        (6, "let", "ys", "[]"),
        (7, "mutated", "ys", "[2]"),
        (8, "return", "", "[2]"),
    ]


def test_an_endless_loop_leaves_the_start_of_its_trace(sandbox):
    from ..problems import assertion_problem

    program = "def f(n):\n    i = 0\n    while i < n:\n        j = i\n    return j\n"
    _, data = sandbox.trace(assertion_problem("assert f(3) == 3"), program, 0, max_events=500)
    trace = decode(data)
    assert 400 <= len(trace.events) <= 500
    assert [e.kind for e in trace.events[:4]] == ["argument", "let", "branch", "let"]


def told(source, *kinds):
    """(line, kind, name, text) of the events, of some kinds only if any are given."""
    _, trace = traced(source)
    return [(e.place.line, e.kind, e.name, e.text) for e in trace.events if not kinds or e.kind in kinds]


def test_an_exception_is_told_once_where_it_was_raised():
    source = "def g(x):\n    y = [x]\n    return y[5]\ndef f():\n    return g(1)\ntry:\n    f()\nexcept IndexError as e:\n    raise ValueError(e)\n"
    assert told(source, "raise") == [(3, "raise", "", "IndexError"), (9, "raise", "", "ValueError")]
    assert (
        told("def f():\n    try:\n        return 1 / 0\n    except ZeroDivisionError:\n        return 0\nf()", "raise")[
            0
        ][0]
        == 3
    )
    assert told("xs = [1]; é = 'é'; xs[3]", "raise") == [(1, "raise", "", "IndexError")]


def test_an_exception_out_of_a_comprehension_or_a_library_is_told_at_the_programs_statement():
    assert told("xs = [0]\nys = [1 // x\n      for x in xs]", "raise") == [(2, "raise", "", "ZeroDivisionError")]
    assert told("import json\ndef f(t):\n    return json.loads(t)\nf('{')", "raise") == [
        (3, "raise", "", "JSONDecodeError")
    ]


def test_printed_output_is_told_a_call_at_a_time_where_it_was_printed():
    source = "import sys\ndef f(x):\n    print('got', x, end=' ')\n    return x\nfor i in range(2):\n    print(f(i))\nsys.stdout.write('a')\nsys.stdout.write('b')"
    assert [(line, text) for line, _, _, text in told(source, "print")] == [
        (3, "got 0 "),
        (6, "0\n"),
        (3, "got 1 "),
        (6, "1\n"),
        (7, "a"),
        (8, "b"),
    ]


def test_what_is_printed_elsewhere_than_to_standard_output_is_no_output():
    assert told("import io\nprint(1, file=io.StringIO())", "print") == []


def test_yields_lambdas_captures_deletions_and_names_of_with_and_except_are_told():
    source = "def g():\n    x = yield 5\nprint(list(g()))"
    assert (2, "yield", "", "5") in told(source)
    assert told("k = lambda x: x + 1\nk(1)", "return") == [(1, "return", "<lambda>", "2")]
    assert told("match [1, 2]:\n    case [a, *b]:\n        pass", "let") == [
        (1, "let", "a", "1"),
        (1, "let", "b", "[2]"),
    ]
    assert told("xs = [1, 2]\ndel xs[0]\ny = xs.pop()", "mutated") == [
        (2, "mutated", "xs", "[2]"),
        (3, "mutated", "xs", "[]"),
    ]
    source = "import io\nwith io.StringIO() as s:\n    pass\ntry:\n    [][0]\nexcept IndexError as e:\n    pass"
    assert told(source, "let") == [(2, "let", "s", "<StringIO>"), (4, "let", "e", "<IndexError>")]


def test_the_budget_is_of_work_so_that_large_values_shorten_a_trace(sandbox):
    from ..problems import assertion_problem

    program = "def f(n):\n    xs = []\n    while True:\n        xs.append(n)\n"
    _, data = sandbox.trace(assertion_problem("assert f(3) == 3"), program, 0, max_events=2_000)
    trace = decode(data)
    assert trace.cut
    assert 200 < len(trace.events) < 1_000


def test_a_run_that_ends_in_its_budget_is_not_cut():
    assert not traced("x = 1")[1].cut


def test_a_trace_from_a_hostile_process_is_cut_where_it_stops_making_sense():
    good = b'[["f", 1, 0, 1, 5]]\n[0]\n[0,"let","x","1","1"]\n'
    assert len(decode(good + b'[0,"let","y","2","2"]\n').events) == 2
    assert decode(good + b'["cut"]\n[0]').cut
    for bad in (
        b"nonsense",
        b"[7]\n",
        b'[0,"what","x","1","1"]',
        b"[" * 100_000,
        b'[-1]\n[0,"let","x","1","1"]',
        b"\xff\n",
    ):
        assert len(decode(good + bad + b'\n[0,"let","y","2","2"]\n').events) == 1
    for bad in (b"", b"[]", b'[["f",1]]\n[0]\n', b"{}", b"[" * 100_000):
        assert decode(bad).events == ()
