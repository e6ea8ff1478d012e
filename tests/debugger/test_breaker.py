"""When a server is left alone, and when it is tried again."""

import logging

import pytest

from verl_egca.debugger.breaker import Breaker


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker("http://one", failures=3, pause_s=10, clock=clock)


def fail(breaker, times=1):
    for _ in range(times):
        breaker.ended(breaker.send(), "connection")


def test_it_opens_at_so_many_failures_in_a_row(breaker):
    fail(breaker, 2)
    breaker.ended(breaker.send())
    fail(breaker, 2)
    assert breaker.admits()
    fail(breaker)
    assert not breaker.admits()


def test_after_its_pause_one_request_probes_and_the_others_wait_for_what_it_finds(breaker, clock):
    fail(breaker, 3)
    clock.now += 9.9
    assert not breaker.admits()
    clock.now += 0.2
    assert breaker.admits()
    probe = breaker.send()
    assert probe
    assert not breaker.admits()
    breaker.ended(probe)
    assert breaker.admits()
    assert not breaker.send()


def test_pauses_double_up_to_two_minutes_and_begin_anew_after_an_answer(breaker, clock):
    def pause():
        begun = clock.now
        while not breaker.admits():
            clock.now += 1
        return clock.now - begun

    fail(breaker, 3)
    pauses = []
    for _ in range(6):
        pauses.append(pause())
        fail(breaker)
    assert pauses == [10, 20, 40, 80, 120, 120]
    pause()
    breaker.ended(breaker.send())
    fail(breaker, 3)
    assert pause() == 10


def test_what_was_under_way_when_it_opened_does_not_lengthen_the_pause(breaker, clock):
    sent = [breaker.send() for _ in range(10)]
    for probe in sent:
        breaker.ended(probe, "slow")
    clock.now += 10
    assert breaker.admits()


def test_a_request_without_a_verdict_counts_for_nothing_and_leaves_the_probe_to_the_next(breaker, clock):
    fail(breaker, 2)
    breaker.ended(breaker.send(), verdict=False)
    fail(breaker)
    assert not breaker.admits()
    clock.now += 10
    breaker.ended(breaker.send(), verdict=False)
    assert breaker.admits()


def test_a_late_answer_closes_it(breaker):
    late = breaker.send()
    fail(breaker, 3)
    breaker.ended(late)
    assert breaker.admits()


def test_to_be_overtaken_is_a_failure_unless_it_has_answered_others_since(breaker, clock):
    for _ in range(3):
        begun, probe = clock.now, breaker.send()
        clock.now += 1
        breaker.ended(breaker.send())
        clock.now += 1
        breaker.overtaken(begun, probe)
    assert breaker.admits()
    for _ in range(3):
        clock.now += 1
        breaker.overtaken(clock.now, breaker.send())
    assert not breaker.admits()


def test_one_line_is_logged_as_it_opens_and_one_as_it_closes(breaker, clock, caplog):
    caplog.set_level(logging.WARNING)
    fail(breaker, 3)
    for _ in range(3):
        clock.now += 200
        fail(breaker)
    clock.now += 200
    breaker.ended(breaker.send())
    breaker.ended(breaker.send())
    assert [record.message for record in caplog.records] == [
        "egca: http://one failed 3 times in a row, at last with: connection; left alone for 10 s",
        "egca: http://one answers again, after 800 s",
    ]
