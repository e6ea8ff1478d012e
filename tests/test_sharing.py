"""Identical work is done once, whenever the second asks; nothing is shared that should not be."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from verl_egca.sharing import Shared


def shared(fit=lambda result: True, most=1_000):
    return Shared(fit, len, most)


class Work:
    """Counts how often it is done; waits until it is let go."""

    def __init__(self, *results):
        self.results = list(results)
        self.begun, self.go = threading.Semaphore(0), threading.Event()

    def __call__(self):
        self.begun.release()
        assert self.go.wait(10)
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def ask_twice_at_once(results, work):
    """Two callers of one key; the second asks while the first is at work."""
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(results.get, "key", work)
        assert work.begun.acquire(timeout=10)
        second = threads.submit(results.get, "key", work)
        work.go.set()
        return first, second


def test_a_second_caller_gets_the_first_ones_result():
    results = shared()
    assert results.get("key", lambda: "a") == ("a", False)
    assert results.get("key", lambda: "b") == ("a", True)
    assert results.get("other", lambda: "b") == ("b", False)


def test_a_second_caller_waits_for_what_is_being_worked_on():
    first, second = ask_twice_at_once(shared(), Work("once"))
    assert {first.result(), second.result()} == {("once", False), ("once", True)}


def test_what_is_not_fit_is_worked_on_again():
    results = shared(fit=lambda result: result != "lost")
    first, second = ask_twice_at_once(results, Work("lost", "found"))
    assert (first.result(), second.result()) == (("lost", False), ("found", False))
    assert results.get("key", lambda: "again") == ("found", True)


def test_an_error_is_its_own_callers_alone():
    first, second = ask_twice_at_once(shared(), Work(KeyError("a bug"), "found"))
    with pytest.raises(KeyError):
        first.result()
    assert second.result() == ("found", False)


def test_the_least_recently_used_are_forgotten_past_the_weight():
    results = shared(most=3)
    for key in ("a", "b", "c", "a", "d"):
        results.get(key, lambda: "x")
    assert [results.get(key, lambda: "x")[1] for key in ("a", "c", "d", "b")] == [True, True, True, False]
    assert results.get("heavy", lambda: "xxxx") == ("xxxx", False)
    assert results.get("heavy", lambda: "xxxx") == ("xxxx", False)
