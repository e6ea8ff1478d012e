"""The debugger's client against a real HTTP server, which answers, fails, and lies."""

import gc
import json
import logging
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import BaseModel, ConfigDict

from verl_egca.debugger import dispatch
from verl_egca.debugger.client import Debugger
from verl_egca.debugger.reply import NoAnswer
from verl_egca.debugger.settings import DebuggerSettings

from .replay_server import MODEL, Fault, ReplayServer

GOOD = {"statement": 3, "correction": "total += 1", "reason": "off by one"}
LONG = 60.0  # a deadline that no test waits for


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    statement: int
    correction: str | None
    reason: str


@pytest.fixture(autouse=True)
def short_back_off(monkeypatch):
    monkeypatch.setattr(dispatch, "_BACK_OFF_S", 0.01)


@pytest.fixture
def serve():
    """Starts replay servers that end with the test."""
    servers = []

    def start(fault=None, answer=lambda request: GOOD, **more):
        servers.append(ReplayServer(answer, fault, **more))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def client():
    """Makes clients that end with the test."""
    clients = []

    def make(*servers, allowance_s=None, **settings):
        urls = tuple(server.url for server in servers)
        clients.append(Debugger(DebuggerSettings(urls=urls, **{"model": MODEL} | settings), allowance_s=allowance_s))
        return clients[-1]

    yield make
    for one in clients:
        one.close()


def ask(debugger, text="where?", within=LONG):
    messages = [{"role": "system", "content": "You find faults."}, {"role": "user", "content": text}]
    return debugger.ask(messages, Answer, deadline=time.monotonic() + within)


def no_answer(debugger, text="where?", within=LONG):
    with pytest.raises(NoAnswer) as caught:
        ask(debugger, text, within)
    return caught.value


# ---------------------------------------------------------------- an answer


def test_an_answer_comes_with_what_it_cost(serve, client):
    debugger = client(serve())
    reply = ask(debugger, "x" * 4000)
    assert (reply.answer, json.loads(reply.text)) == (Answer(**GOOD), GOOD)
    assert (reply.shared, reply.attempts, reply.tokens_cached) == (False, 1, 0)
    assert reply.tokens_in > 1000
    assert reply.tokens_out > 5
    assert ask(debugger, "x" * 4000 + "y").tokens_cached == 128  # the server had the same beginning before


def test_the_schema_and_the_sampling_are_sent(serve, client):
    server = serve()
    ask(client(server, answer_tokens=77))
    sent = server.last_request
    assert (sent["model"], sent["max_tokens"], sent["temperature"]) == (MODEL, 77, 0.0)
    assert sent["response_format"]["type"] == "json_schema"
    assert sent["response_format"]["json_schema"]["strict"] is True
    assert sent["response_format"]["json_schema"]["schema"] == Answer.model_json_schema()
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]


def test_the_model_is_what_the_server_lists_if_none_is_named(serve, client):
    server = serve()
    debugger = client(server, model=None)
    ask(debugger)
    assert server.last_request["model"] == MODEL


def test_a_url_may_end_in_v1(serve, client):
    server = serve()
    with Debugger(DebuggerSettings(urls=(server.url + "/v1",), model=MODEL)) as debugger:
        assert ask(debugger).answer.statement == 3


def test_half_of_a_surrogate_pair_in_a_program_is_no_obstacle(serve, client):
    server = serve()
    ask(client(server), "s = '\ud800'")
    assert server.last_request["messages"][1]["content"] == "s = '?'"


# ---------------------------------------------------------------- none


@pytest.mark.parametrize(
    ("fault", "outcome", "reason", "attempts"),
    [
        (Fault.REFUSED, "failed", "connection", 3),
        (Fault.HALF_BODY, "failed", "connection", 3),
        (Fault.ERROR_500, "failed", "http 500", 3),
        (Fault.BUSY, "failed", "http 429", 3),
        (Fault.HUGE, "failed", "too large", 3),
        (Fault.GARBAGE, "failed", "no completion", 3),
        (Fault.GZIP_BOMB, "failed", "no completion", 3),
        (Fault.REDIRECT, "failed", "http 307", 1),
        (Fault.UNAUTHORIZED, "failed", "http 401", 1),
        (Fault.TOO_LONG, "failed", "http 400", 1),
        (Fault.TRUNCATED, "refused", "not json", 1),
        (Fault.ECHO, "refused", "not json", 1),
        (Fault.WRONG_SCHEMA, "refused", "schema", 1),
        (Fault.DECLINED, "refused", "declined", 1),
        (Fault.CUT_OFF, "refused", "cut off", 1),
    ],
)
def test_each_fault_has_its_outcome_and_is_tried_again_only_where_that_may_help(
    serve, client, fault, outcome, reason, attempts
):
    error = no_answer(client(serve(fault)))
    assert (error.outcome, error.reason, error.attempts) == (outcome, reason, attempts)
    assert (error.tokens_in > 0) == (outcome == "refused")


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP])
def test_a_request_has_its_time_in_all_whether_bytes_come_or_not(serve, client, fault):
    error = no_answer(client(serve(fault), timeout_s=0.2, attempts=2))
    assert (error.outcome, error.reason, error.attempts) == ("timeout", "slow", 2)


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP])
def test_the_deadline_ends_a_question_whatever_the_server_does(serve, client, fault):
    error = no_answer(client(serve(fault), model=None), within=0.3)
    assert (error.outcome, error.reason) == ("timeout", "deadline")


@pytest.mark.parametrize("fault", [Fault.NONSENSE, Fault.OUT_OF_RANGE, Fault.SPECIAL_CASE, Fault.HOSTILE])
def test_sense_is_for_the_caller_to_judge(serve, client, fault):
    assert ask(client(serve(fault))).answer != Answer(**GOOD)


def test_a_passing_fault_costs_an_attempt(serve, client):
    reply = ask(client(serve(Fault.ERROR_500, times=2)))
    assert (reply.answer.statement, reply.attempts) == (3, 3)


def test_a_server_that_restarts_in_the_middle_answers_afterwards(serve, client, monkeypatch):
    monkeypatch.setattr(dispatch, "_BACK_OFF_S", 0.2)
    debugger = client(serve(Fault.RESTART, times=1, down_s=0.1), attempts=20, breaker_failures=50)
    assert ask(debugger).answer.statement == 3


def test_retry_after_is_waited_for_where_the_deadline_allows(serve, client):
    begun = time.monotonic()
    assert ask(client(serve(Fault.BUSY, times=1, retry_after="1"))).attempts == 2
    assert time.monotonic() - begun >= 1


def test_and_nobody_waits_for_a_time_past_the_deadline(serve, client):
    begun = time.monotonic()
    error = no_answer(client(serve(Fault.BUSY, retry_after="3600")), within=LONG)
    assert (error.outcome, error.reason, error.attempts) == ("failed", "http 429", 1)
    assert time.monotonic() < begun + LONG


def test_without_a_server_nothing_is_sent_and_nothing_is_imported():
    code = (
        "import sys, time\nfrom verl_egca.debugger.client import *\n"
        "try: Debugger(DebuggerSettings()).ask([], DebuggerSettings, deadline=time.monotonic() + 9)\n"
        "except NoAnswer as error: print(error, 'openai' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "skipped: no server False\n", run.stderr


# ---------------------------------------------------------------- many


def together(count, work):
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(work, range(count)))


def test_no_more_requests_are_under_way_than_the_bound_says(serve, client):
    server = serve(latency=0.05)
    debugger = client(server, concurrency=3)
    replies = together(12, lambda number: ask(debugger, f"question {number}"))
    assert all(reply.answer.statement == 3 for reply in replies)
    assert (server.questions, server.most_at_once) == (12, 3)


def test_waiting_for_a_turn_counts_against_the_deadline(serve, client):
    server = serve()
    debugger = client(server, concurrency=1)
    ask(debugger, "to begin with")
    server.held = True
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(no_answer, debugger, "first", 1.5)
        wait_for(lambda: server.questions == 2)
        second = no_answer(debugger, "second", 0.3)
        assert (second.outcome, second.reason, second.attempts) == ("timeout", "deadline", 0)
        assert first.result().outcome == "timeout"
    server.held = False
    assert ask(debugger, "third").attempts == 1  # the turn was given back


def test_servers_share_the_questions(serve, client):
    servers = [serve(latency=0.05), serve(latency=0.05)]
    debugger = client(*servers, concurrency=4)
    together(20, lambda number: ask(debugger, f"question {number}"))
    assert abs(servers[0].questions - servers[1].questions) <= 4
    assert max(server.most_at_once for server in servers) <= 3


def test_a_second_try_goes_to_another_server(serve, client):
    debugger = client(serve(Fault.UNAUTHORIZED), serve(), breaker_failures=100)
    for number in range(6):
        assert ask(debugger, f"question {number}").answer.statement == 3


def test_identical_questions_under_way_are_one(serve, client):
    server = serve(latency=0.3)
    debugger = client(server)
    replies = together(8, lambda _: ask(debugger))
    assert server.questions == 1
    assert sorted(reply.shared for reply in replies) == [False] + [True] * 7
    assert sum(reply.attempts for reply in replies) == 1  # what is counted is what was sent
    assert sum(reply.tokens_in > 0 for reply in replies) == 1


def test_who_gives_up_does_not_take_the_answer_from_the_others(serve, client):
    server = serve()
    debugger = client(server)
    ask(debugger, "to begin with")
    server.held = True
    with ThreadPoolExecutor(2) as threads:
        hurried = threads.submit(no_answer, debugger, "same", 1.0)
        wait_for(lambda: server.questions == 2)
        patient = threads.submit(ask, debugger, "same", LONG)
        assert hurried.result().reason == "deadline"
        server.held = False
        assert patient.result().answer.statement == 3
    assert server.questions == 2


def test_samples_are_each_ones_own(serve, client, tmp_path):
    server = serve(latency=0.1)
    debugger = client(server, temperature=0.7, cache=str(tmp_path))
    together(3, lambda _: ask(debugger))
    ask(debugger)
    assert server.questions == 4
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- kept


def test_an_answer_is_kept_from_run_to_run(serve, client, tmp_path):
    server = serve()
    assert not ask(client(server, cache=str(tmp_path))).shared
    later = client(server, cache=str(tmp_path))
    reply = ask(later)
    assert (reply.answer, reply.shared, reply.attempts, reply.tokens_in) == (Answer(**GOOD), True, 0, 0)
    assert not ask(later, "another question").shared
    assert server.questions == 2


def test_what_changes_the_question_is_another_question(serve, client, tmp_path):
    server = serve()
    for settings in ({}, {"model": "larger"}, {"answer_tokens": 99}):
        assert not ask(client(server, cache=str(tmp_path), **settings)).shared


def test_an_answer_that_could_not_be_used_is_not_kept(serve, client, tmp_path):
    server = serve(Fault.WRONG_SCHEMA, times=1)
    debugger = client(server, cache=str(tmp_path))
    no_answer(debugger)
    assert not ask(debugger).shared


def test_a_damaged_answer_is_asked_for_again(serve, client, tmp_path):
    import sqlite3

    debugger = client(serve(), cache=str(tmp_path))
    ask(debugger)
    with sqlite3.connect(next(tmp_path.glob("*.sqlite"))) as file:
        file.execute("""UPDATE answers SET text = '{"statement": "th'""")
    assert not ask(debugger).shared
    assert ask(debugger).shared


# ---------------------------------------------------------------- failing servers


def test_a_server_that_keeps_failing_is_left_alone(serve, client, caplog):
    caplog.set_level(logging.WARNING)
    server = serve(Fault.ERROR_500)
    debugger = client(server, breaker_failures=4)
    assert no_answer(debugger, "one").outcome == "failed"
    assert no_answer(debugger, "two").reason == "http 500"  # its first attempt opened the breaker
    later = no_answer(debugger, "three")
    assert (later.outcome, later.reason, later.attempts) == ("skipped", "breaker open", 0)
    assert server.questions == 4
    assert len(caplog.records) == 1


def test_it_is_asked_again_once_its_pause_is_over(serve, client):
    server = serve(Fault.ERROR_500, times=2)
    debugger = client(server, breaker_failures=2, breaker_s=0.2)
    no_answer(debugger, "one")
    assert no_answer(debugger, "two").outcome == "skipped"
    time.sleep(0.25)
    assert ask(debugger, "three").answer.statement == 3


def test_the_others_take_what_a_failing_server_does_not(serve, client):
    broken, sound = serve(Fault.HANG), serve()
    debugger = client(broken, sound, timeout_s=0.2, breaker_failures=2)
    for number in range(10):
        assert ask(debugger, f"question {number}").answer.statement == 3
    assert broken.questions <= 3


def test_a_question_of_its_own_fault_does_not_open_the_breaker(serve, client):
    server = serve(Fault.TOO_LONG, times=8)
    debugger = client(server, breaker_failures=2)
    assert {no_answer(debugger, f"question {number}").reason for number in range(8)} == {"http 400"}
    assert ask(debugger).answer.statement == 3


def test_a_slow_server_is_joined_by_another(serve, client):
    slow, quick = serve(Fault.HANG), serve()
    debugger = client(slow, quick, hedge_s=0.1, breaker_failures=100)
    replies = [ask(debugger, f"question {number}") for number in range(6)]
    assert 2 in {reply.attempts for reply in replies}
    assert slow.questions > 0
    wait_for(lambda: slow.at_once == 0)  # what was overtaken is not left under way


def test_a_server_that_is_always_overtaken_is_left_alone(serve, client):
    slow, quick = serve(Fault.HANG), serve()
    debugger = client(slow, quick, hedge_s=0.2, breaker_failures=3)
    for number in range(20):
        ask(debugger, f"question {number}")
    assert 3 <= slow.questions < 10


def test_hedges_keep_to_the_bound(serve, client):
    servers = [serve(latency=0.2), serve(latency=0.2)]
    debugger = client(*servers, hedge_s=0.01, concurrency=2)
    together(6, lambda number: ask(debugger, f"question {number}"))
    assert all(server.most_at_once <= 2 for server in servers)


# ---------------------------------------------------------------- the allowance


def test_a_run_waits_in_vain_for_no_longer_than_its_allowance(serve, client):
    server = serve()
    debugger = client(server, allowance_s=0.5)
    server.held = True
    first = no_answer(debugger, "one")
    assert (first.outcome, first.reason) == ("timeout", "allowance used up")
    second = no_answer(debugger, "two")
    assert (second.outcome, second.reason) == ("skipped", "allowance used up")
    assert server.questions <= 1


def test_answers_cost_none_of_it_unless_they_are_rejected(serve, client):
    debugger = client(serve(latency=0.1), allowance_s=60)
    reply = ask(debugger, "nonsense")
    ask(debugger, "sense")
    assert debugger._allowance.left() == 60
    reply.useless()  # what the caller took to find out is counted, too
    assert debugger._allowance.left() < 59.8


# ---------------------------------------------------------------- secrets, and what is left behind


def test_the_key_is_sent_and_stands_nowhere(serve, client, monkeypatch, caplog):
    key = "sk-hunter2-hunter2"
    monkeypatch.setenv("EGCA_DEBUGGER_API_KEY", key)
    caplog.set_level(logging.DEBUG)
    server = serve(Fault.UNAUTHORIZED)  # which repeats it in its answer
    debugger = client(server)
    error = no_answer(debugger)
    assert server.last_headers["Authorization"] == f"Bearer {key}"
    assert key not in caplog.text
    assert key not in repr([error, error.__cause__, error.__context__, debugger, vars(debugger), debugger._settings])


@pytest.mark.parametrize("key", ["hunter2\nX: y", "hunter2é"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_repeated(monkeypatch, key):
    monkeypatch.setenv("EGCA_DEBUGGER_API_KEY", key)
    with pytest.raises(ValueError, match="EGCA_DEBUGGER_API_KEY") as caught:
        Debugger(DebuggerSettings())
    assert "hunter2" not in str(caught.value)


def test_a_proxy_of_the_environment_is_not_used_within_ones_own_network(serve, client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert ask(client(serve())).answer.statement == 3


def test_closing_ends_what_is_under_way(serve, client):
    server = serve(Fault.HANG)
    debugger = client(server, model=None)
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(no_answer, debugger, f"question {number}") for number in range(4)]
        time.sleep(0.2)
        debugger.close()
        assert {one.result().reason for one in asked} == {"closed"}
    later = no_answer(debugger)
    assert (later.outcome, later.reason) == ("skipped", "closed")
    debugger.close()


def test_nothing_is_left_of_a_client_that_was_closed(serve):
    server = serve()
    threads, sockets = threading.active_count(), open_sockets()
    for _ in range(3):
        with Debugger(DebuggerSettings(urls=(server.url,))) as debugger:
            ask(debugger)
    gc.collect()
    wait_for(lambda: open_sockets() <= sockets)
    assert threading.active_count() == threads


def open_sockets():
    found = 0
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket:")
        except FileNotFoundError:
            pass
    return found


def wait_for(condition):
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.01)
