"""The launcher around a command: what it shows, keeps, and says when the command fails."""

import json
import sys

from verl_egca.launch.__main__ import main

STEPS = """
import json, os, sys
with open(os.environ["VERL_FILE_LOGGER_PATH"], "w", buffering=1) as file:
    for step in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
        data = {"critic/score/mean": step / 10, "egca/mode/logic": 0.5, "egca/localized_share": 1.0,
                "egca/span_tokens_mean": 6.0, "egca/span_share_of_response": 0.2, "timing_s/step": 1.5}
        file.write(json.dumps({"step": step, "data": data}) + "\\n")
print("noise of the trainer")
sys.exit(int(sys.argv[3]))
"""


def launch(root, *command, name="run"):
    options = ["--root", str(root), "--default-name", "cpu", "--name", name, "--"]
    return main([*options, sys.executable, "-c", STEPS, *command])


def test_each_step_is_a_line_and_the_end_names_what_was_left(tmp_path, capsys):
    assert launch(tmp_path, "1", "4", "0", "trainer.total_training_steps=4") == 0
    shown = capsys.readouterr().out
    assert (
        "step   2/4  reward 0.200  logic  50%  localized 100%  span  6.0 tokens (20% of the response)  1.5 s" in shown
    )
    assert "noise of the trainer" not in shown
    assert "noise of the trainer" in (tmp_path / "run/logs/attempt-1.log").read_text()
    assert str(tmp_path / "run/metrics.jsonl") in shown
    kept = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in kept] == [1, 2, 3, 4]
    assert json.loads((tmp_path / "run/done.json").read_text()) == {"steps": 4, "reward": 0.4}


def test_a_failed_command_shows_the_end_of_its_log_and_its_status(tmp_path, capsys):
    assert launch(tmp_path, "1", "1", "7") == 7
    shown = capsys.readouterr().out
    assert "ended with status 7" in shown
    assert "noise of the trainer" in shown
    assert not (tmp_path / "run/done.json").exists()


def test_steps_repeated_after_a_crash_stand_once_in_the_metrics(tmp_path):
    command = ["trainer.total_training_steps=4"]
    assert launch(tmp_path, "1", "3", "1", *command) == 1
    options = ["--root", str(tmp_path), "--default-name", "cpu", "--name", "run", "--"]
    record = tmp_path / "run/command.json"
    second = [sys.executable, "-c", STEPS, "2", "4", "0", *command]
    record.write_text(json.dumps({"command": second}))
    assert main([*options, *second]) == 0
    kept = [json.loads(line)["step"] for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert kept == [1, 2, 3, 4]
    assert (tmp_path / "run/logs/attempt-2.log").exists()


def test_a_refused_directory_is_exit_status_2(tmp_path, capsys):
    assert launch(tmp_path, "1", "1", "0") == 0
    assert launch(tmp_path, "1", "1", "0") == 2
    assert "finished" in capsys.readouterr().out


LEAVES_WHEN_ASKED = """
import json, os, pathlib, signal, time
run = pathlib.Path(os.environ["EGCA_RUN_DIR"])
os.kill(os.getppid(), signal.SIGUSR1)
while not (run / "stop").exists():
    time.sleep(0.05)
(run / "stopped.json").write_text(json.dumps({"step": 7}))
"""


def test_sigusr1_asks_the_trainer_to_stop_and_the_status_says_that_steps_are_left(tmp_path, capsys):
    options = ["--root", str(tmp_path), "--default-name", "cpu", "--name", "run", "--"]
    assert main([*options, sys.executable, "-c", LEAVES_WHEN_ASKED]) == 75
    shown = capsys.readouterr().out
    assert "asked to stop" in shown
    assert "stopped after step 7 as asked, checkpoint saved; the same command continues" in shown
    assert not (tmp_path / "run/done.json").exists()


def test_an_earlier_request_to_stop_does_not_stop_the_next_start(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/stop").touch()
    (tmp_path / "run/stopped.json").write_text('{"step": 1}')
    assert launch(tmp_path, "1", "2", "0") == 0
    assert not (tmp_path / "run/stop").exists()
