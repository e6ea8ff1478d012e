"""Which directory a command means, and who may use it."""

import contextlib
import subprocess
import sys

import pytest

from verl_egca.run_dir import RunDir, RunRefused, choose_run_dir

COMMAND = ["train", "lr=1", "trainer.total_training_steps=3"]


def start(root, name=None, command=COMMAND):
    run = choose_run_dir(root, name, "cpu", command)
    run.acquire()
    run.write_command(command)
    return run


def test_the_same_command_continues_its_unfinished_run(tmp_path):
    first = start(tmp_path)
    first.release()
    assert choose_run_dir(tmp_path, None, "cpu", COMMAND).path == first.path


def test_a_finished_run_is_followed_by_the_next_number(tmp_path):
    first = start(tmp_path)
    first.write_done({})
    assert first.path.name == "cpu-001"
    assert choose_run_dir(tmp_path, None, "cpu", COMMAND).path.name == "cpu-002"


def test_another_command_gets_its_own_run(tmp_path):
    start(tmp_path)
    assert choose_run_dir(tmp_path, None, "cpu", ["train", "lr=2"]).path.name == "cpu-002"


def test_a_run_may_be_continued_for_more_steps(tmp_path):
    first = start(tmp_path, "mine")
    first.write_done({})
    longer = [*COMMAND[:-1], "trainer.total_training_steps=9"]
    assert choose_run_dir(tmp_path, "mine", "cpu", longer).path == first.path


def test_a_named_run_of_other_settings_is_refused_and_the_difference_named(tmp_path):
    start(tmp_path, "mine")
    with pytest.raises(RunRefused, match=r"lr=1, lr=2.*RUN="):
        choose_run_dir(tmp_path, "mine", "cpu", ["train", "lr=2", COMMAND[-1]])


def test_a_finished_named_run_is_refused(tmp_path):
    start(tmp_path, "mine").write_done({})
    with pytest.raises(RunRefused, match="finished"):
        choose_run_dir(tmp_path, "mine", "cpu", COMMAND)


def test_a_directory_in_use_is_refused_and_its_holder_named(tmp_path):
    held = start(tmp_path, "mine")
    with pytest.raises(RunRefused, match=r"in use by a live run \(started by process \d+\)"):
        RunDir(held.path).acquire()


def test_a_trainer_that_outlives_its_launcher_still_holds_the_directory(tmp_path):
    code = (
        "import subprocess, sys; from pathlib import Path; from verl_egca.run_dir import RunDir\n"
        "run = RunDir(Path(sys.argv[1])); run.acquire()\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], pass_fds=[run.lock_fd],\n"
        "                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(child.pid)\n"
    )
    launcher = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "run"], capture_output=True, text=True, check=True
    )
    run = RunDir(tmp_path / "run")
    with pytest.raises(RunRefused, match="in use by a live run"):
        run.acquire()
    subprocess.run(["kill", "-9", launcher.stdout.strip()], check=True)
    while True:
        with contextlib.suppress(RunRefused):
            run.acquire()
            break


def test_attempts_are_counted_on(tmp_path):
    run = start(tmp_path)
    assert run.next_attempt() == 1
    (run.logs / "attempt-1.log").touch()
    (run.logs / "attempt-10.log").touch()
    assert run.next_attempt() == 11
