"""Answers on disk."""

import logging
import sqlite3
import subprocess
import sys

import pytest

from verl_egca.debugger.cache import FILE, AnswerCache

WRITER = """
import sys
from verl_egca.debugger.cache import AnswerCache
cache = AnswerCache(sys.argv[1], 1 << 24)
for number in range(100):
    cache.put(f"{sys.argv[2]}-{number}", "text " * 100)
missing = [number for number in range(100) if cache.get(f"{sys.argv[2]}-{number}") is None]
sys.exit(len(missing))
"""


def test_what_is_put_is_there_for_the_next_run(tmp_path):
    folder = str(tmp_path / "deep" / "cache")
    first = AnswerCache(folder, 1 << 20)
    assert first.get("a") is None
    first.put("a", '{"x": "é"}')
    first.put("a", '{"x": 2}')
    first.close()
    assert AnswerCache(folder, 1 << 20).get("a") == '{"x": 2}'


def test_past_its_size_the_oldest_go(tmp_path):
    cache = AnswerCache(str(tmp_path), 1 << 18)
    for number in range(1000):
        cache.put(str(number), "x" * 1000)
    assert (tmp_path / FILE).stat().st_size < 1.2 * (1 << 18)
    assert cache.get("0") is None
    assert cache.get("999") == "x" * 1000
    kept = sum(cache.get(str(number)) is not None for number in range(1000))
    assert kept > 150


def test_an_answer_that_would_push_out_the_others_is_not_kept(tmp_path):
    cache = AnswerCache(str(tmp_path), 1 << 18)
    cache.put("a", "x" * (1 << 18))
    assert cache.get("a") is None


def test_processes_share_it(tmp_path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert AnswerCache(str(tmp_path), 1 << 24).get("a-99") is not None


@pytest.mark.parametrize("damage", ["not a database at all, whatever its name says", ""])
def test_a_file_that_is_no_cache_is_a_miss_and_one_warning(tmp_path, caplog, damage):
    caplog.set_level(logging.WARNING)
    if damage:
        (tmp_path / FILE).write_text(damage * 100)
    else:
        (tmp_path / FILE).mkdir()
    cache = AnswerCache(str(tmp_path), 1 << 20)
    for _ in range(3):
        cache.put("a", "1")
        assert cache.get("a") is None
    assert [record.message.split(": ")[0] for record in caplog.records] == ["egca"]
    assert "Remove the file to repair it" in caplog.text


def test_one_that_is_damaged_while_in_use_is_no_error(tmp_path, caplog):
    cache = AnswerCache(str(tmp_path), 1 << 20)
    for number in range(200):
        cache.put(str(number), "x" * 500)
    with open(tmp_path / FILE, "r+b") as file:
        file.seek(2048)
        file.write(b"\xa5" * 80_000)
    found = [cache.get(str(number)) for number in range(200)]
    cache.put("new", "x")
    assert set(found) <= {None, "x" * 500}


def test_one_that_another_process_holds_is_a_miss_and_usable_later(tmp_path, caplog):
    cache = AnswerCache(str(tmp_path), 1 << 20)
    cache.put("a", "1")
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert cache.get("a") is None
    cache.put("b", "2")
    other.execute("ROLLBACK")
    assert cache.get("a") == "1"
    assert not caplog.records


def test_nothing_is_unpickled(tmp_path):
    cache = AnswerCache(str(tmp_path), 1 << 20)
    cache.put("a", "1")
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("UPDATE answers SET text = x'80049528'")
    assert cache.get("a") is None
