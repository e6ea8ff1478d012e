"""Training with a served LLM in the loop: a real server and a real model, whose answers are in order and mostly nonsense."""

import pytest

pytestmark = pytest.mark.loop
STEPS = 2
SHORT = [
    f"trainer.total_training_steps={STEPS}",
    "egca.budget_ms=0.5",
]  # no trial: nothing is proven but by the debugger


@pytest.fixture(scope="module")
def alone(recipe):
    run = recipe("alone", *SHORT)
    run.finish()
    return run


@pytest.fixture(scope="module")
def asking(recipe):
    patience = ["egca.debugger.deadline_s=300", "egca.debugger.timeout_s=300"]  # two cores do all of it
    run = recipe("asking", "DEBUGGER=1", *SHORT, *patience)
    run.shown = run.finish()
    return run


def test_the_server_is_started_asked_and_ended(asking):
    assert "debugger http://127.0.0.1:" in asking.shown
    (log,) = (asking.path / "logs").glob("debugger-*.log")
    assert "POST /v1/chat/completions" in log.read_text()
    assert [row["step"] for row in asking.rows()] == list(range(1, STEPS + 1))


def test_every_question_has_an_outcome_that_is_counted(asking):
    asked = 0
    for row in asking.rows():
        count = {name: row[f"egca/debugger/{name}"] for name in ("proven", "accepted", "refused", "failed", "timeout")}
        assert row["egca/debugger/asked"] == sum(count.values())
        answered = count["proven"] + count["accepted"] + count["refused"]
        assert row["egca/debugger/tokens_in"] > 0 or answered == 0
        asked += row["egca/debugger/asked"]
    assert asked > 0


def test_what_it_says_moves_no_reward(alone, asking):
    assert asking.by_step("critic/score/mean")[1] == alone.by_step("critic/score/mean")[1]
    assert asking.by_step("egca/mode/logic")[1] == alone.by_step("egca/mode/logic")[1]


def test_what_it_says_moves_no_credit_unless_the_sandbox_has_proven_it(alone, asking):
    theirs, ours = ([row for row in run.rows("localizations.jsonl") if row["step"] == 1] for run in (alone, asking))
    plain = {(row["task_id"], row["program"]): row for row in theirs}
    consulted = 0
    for row in ours:
        consulted += row["debugger"] is not None
        before = plain[row["task_id"], row["program"]]
        if row["localizer"] == "debugger":
            assert row["confirmed"] == "full"
            assert before["confirmed"] != "full"
        else:
            for key in ("reward", "mode", "localizer", "confirmed", "place", "token_spans"):
                assert row[key] == before[key]
    assert consulted > 0
