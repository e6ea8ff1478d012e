"""What is made of a debugger's answers, from a real server: what is taken, what is proven, and what is refused."""

import json

import pytest

from verl_egca.debugger.client import Debugger
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.localization.base import FailingSample, NoDebugger, NotLocalized
from verl_egca.localization.options import Options
from verl_egca.localization.registry import make_localizer

from ..debugger.replay_server import Fault, ReplayServer
from ..problems import assertion_problem

# no edit that the search knows makes it pass, so that `egca` has to ask
REFERENCE = """def f(xs):
    best = 0
    for x in xs:
        if x % 3 == 1 and x > best:
            best = x
    return best * 7 + len(xs)
"""
PROGRAM = """def f(xs):
    best = max(xs, default=0)
    if best > 100:
        best = 100
    return best
"""
PROBLEM = assertion_problem(
    *("assert f([]) == 0", "assert f([1, 2, 3]) == 10", "assert f([4, 9]) == 30", "assert f([7, 70, 2]) == 493"),
    reference=REFERENCE,
)
MENDED = "return max((x for x in xs if x % 3 == 1), default=0) * 7 + len(xs)"
RIGHT = {"statement": 4, "correction": MENDED, "reason": "It returns the wrong thing."}


@pytest.fixture
def served(sandbox):
    """Localizes with a server that gives these answers in turn, the last one again and again."""

    def localize(*answers, name="debugger", fault=None, worth=lambda: True, program=PROGRAM, **settings):
        left = list(answers)
        options = settings.pop("options", None)
        with (
            ReplayServer(lambda _: left.pop(0) if len(left) > 1 else left[0], fault) as server,
            Debugger(DebuggerSettings(urls=(server.url,), **settings)) as debugger,
        ):
            sample = FailingSample(PROBLEM, program, sandbox.run(PROBLEM, program), sandbox, 0, worth)
            try:
                found = make_localizer(name, options, debugger).localize(sample)
            except NotLocalized as reason:
                found = str(reason)
            localize.server = server
            return found, sample.consulted[-1] if sample.consulted else None

    return localize


def blamed(found, program=PROGRAM):
    (place,) = found.ranges
    return program.split("\n")[place.line - 1][place.col : place.end_col]


def test_a_statement_that_ran_is_accepted(served):
    found, consulted = served({"statement": 1, "correction": None, "reason": "The maximum is not asked for."})
    assert blamed(found) == "best = max(xs, default=0)"
    assert (found.localizer, found.confirmed) == ("debugger", "none")
    assert (consulted.outcome, consulted.retried) == ("accepted", False)
    assert consulted.tokens_in > 0
    assert found.evidence["reason"] == "The maximum is not asked for."


def test_a_correction_that_passes_every_test_is_a_proof(served):
    found, consulted = served(RIGHT)
    assert found.confirmed == "full"
    assert consulted.outcome == "proven"
    assert blamed(found) == "best"  # of `return best`
    (edit,) = found.evidence["edits"]
    assert MENDED in PROGRAM[: edit["start"]] + edit["text"] + PROGRAM[edit["end"] :]


@pytest.mark.parametrize(
    ("granularity", "text"), [("statement", "return best"), ("expression", "best"), ("token", "best")]
)
def test_as_much_is_blamed_as_is_asked_for(served, granularity, text):
    assert blamed(served(RIGHT, options=Options(granularity=granularity))[0]) == text


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"statement": 99, "correction": None, "reason": ""}, "no_such_statement"),
        ({"statement": 3, "correction": None, "reason": ""}, "did_not_run"),
        ({"statement": 0, "correction": None, "reason": ""}, "schema"),
        ("no JSON at all", "not json"),
    ],
)
def test_what_can_not_be_taken_is_asked_for_once_more_and_then_nothing_is_blamed(served, answer, reason):
    found, consulted = served(answer)
    assert found == "debugger_refused"
    assert (consulted.outcome, consulted.reason, consulted.retried) == ("refused", reason, True)
    assert served.server.questions == 2
    found, consulted = served(answer, RIGHT)
    assert found.confirmed == "full"
    assert (consulted.outcome, consulted.retried) == ("proven", True)


@pytest.mark.parametrize(
    ("correction", "reason"),
    [
        ("return best + 1", "does_not_pass"),
        ("return best +", "does_not_parse"),
        ("return best", "changes_nothing"),
        ("return 10 if xs == [1, 2, 3] else best", "special_case"),
        ("return {0: 0, 3: 10, 9: 30, 70: 493}[best]", "special_case"),  # of tests that it was not shown
        ("import os\nos._exit(0)", "does_not_pass"),
        ("raise SystemExit", "does_not_pass"),
        ("while True: pass", "does_not_pass"),
    ],
)
def test_of_a_correction_that_proves_nothing_the_statement_is_kept_unproven(served, correction, reason):
    found, consulted = served({"statement": 4, "correction": correction, "reason": ""})
    assert (found.confirmed, blamed(found)) == ("none", "return best")
    assert (consulted.outcome, consulted.reason, consulted.retried) == ("accepted", reason, True)
    assert "edits" not in found.evidence


def test_the_second_question_says_why_and_shows_no_test_that_was_hidden(served):
    served({"statement": 4, "correction": "return best + 1", "reason": ""})
    messages = served.server.last_request["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert "the program passes 0 of 4 tests only." in messages[-1]["content"]
    assert "493" not in json.dumps(messages)


def test_a_sample_that_can_have_no_advantage_is_not_asked_about(served):
    found, consulted = served(RIGHT, worth=lambda: False)
    assert found == "debugger_skipped"
    assert (consulted.outcome, consulted.reason) == ("skipped", "no_variance")
    assert served.server.questions == 0


@pytest.mark.parametrize(
    ("fault", "outcome"), [(Fault.HANG, "timeout"), (Fault.REFUSED, "failed"), (Fault.ERROR_500, "failed")]
)
def test_a_server_that_does_not_answer_costs_the_localization_alone(served, fault, outcome):
    found, consulted = served(RIGHT, fault=fault, deadline_s=1.0, timeout_s=0.5, attempts=1)
    assert found == f"debugger_{outcome}"
    assert consulted.outcome == outcome


def test_egca_asks_only_for_what_it_can_not_prove(served):
    near = REFERENCE.replace("% 3 == 1", "% 3 == 2")
    found, consulted = served(RIGHT, name="egca", program=near)
    assert (found.localizer, found.confirmed) == ("counterfactual", "full")
    assert consulted is None
    assert served.server.questions == 0
    found, consulted = served(RIGHT, name="egca")
    assert (found.localizer, found.confirmed, consulted.outcome) == ("debugger", "full", "proven")
    assert "small edits at single places were tried" in served.server.last_request["messages"][1]["content"]


def test_what_egca_is_told_without_a_proof_changes_nothing(served, sandbox):
    alone = make_localizer("egca").localize(FailingSample(PROBLEM, PROGRAM, sandbox.run(PROBLEM, PROGRAM), sandbox, 0))
    for answer in (
        {"statement": 2, "correction": None, "reason": ""},
        {"statement": 1, "correction": "best = 3", "reason": ""},
        {"statement": 77, "correction": None, "reason": ""},
    ):
        found, consulted = served(answer, name="egca")
        assert consulted.outcome in ("accepted", "refused")
        assert (found.ranges, found.localizer, found.confirmed) == (alone.ranges, alone.localizer, alone.confirmed)


def test_without_a_debugger_egca_asks_nobody_and_the_localizer_of_its_name_is_refused():
    assert make_localizer("egca").name == "egca"
    with pytest.raises(NoDebugger, match="asks a served LLM"):
        make_localizer("debugger")
