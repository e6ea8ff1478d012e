"""The folder in which the nodes of a job find each other."""

import threading

import pytest

from verl_egca.cluster import meeting


def test_what_one_node_leaves_another_finds(tmp_path):
    meeting.leave(tmp_path, "head", "10.0.0.1:6379")
    assert meeting.wait_for(tmp_path, "head", 1) == "10.0.0.1:6379"
    assert meeting.find(tmp_path, "nothing") is None


def test_a_file_that_is_there_before_its_text_is_waited_for(tmp_path):
    (tmp_path / "head").touch()
    later = threading.Timer(0.5, (tmp_path / "head").write_text, ["10.0.0.1:6379"])
    later.start()
    assert meeting.wait_for(tmp_path, "head", 30) == "10.0.0.1:6379"
    later.join()


def test_nobody_is_waited_for_without_end(tmp_path):
    with pytest.raises(TimeoutError, match="head was not written within 0 s"):
        meeting.wait_for(tmp_path, "head", 0)
