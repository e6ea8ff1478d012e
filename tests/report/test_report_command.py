"""`egca report`: what it writes where, what it says of bad input, and how it follows a run."""

import json
import os

import pytest
from typer.testing import CliRunner

from verl_egca.cli import app
from verl_egca.data.rows import BadInput
from verl_egca.report.page.watch import watch

from .report_runs import metrics, row, write_run


def run_command(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "runs" / "first", [row()])


def test_a_page_is_written_into_the_runs_directory_and_named(run):
    done = run_command(run)
    assert (done.exit_code, done.stdout.strip()) == (0, str(run / "report.html"))
    assert (run / "report.html").read_text().startswith("<!doctype html>")
    assert not list(run.glob("*.partial"))


def test_two_runs_are_written_beside_the_first_under_both_names(run, tmp_path):
    other = write_run(tmp_path / "elsewhere" / "second")
    done = run_command(run, other)
    assert done.stdout.strip() == str(tmp_path / "runs" / "first-vs-second.html")
    assert (tmp_path / "runs" / "first-vs-second.html").exists()


def test_out_names_another_file(run, tmp_path):
    assert run_command(run, "--out", tmp_path / "page.html").stdout.strip() == str(tmp_path / "page.html")
    assert not (run / "report.html").exists()


def test_the_same_run_gives_the_same_page(run, tmp_path):
    for name in "ab":
        run_command(run, "--out", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda run: os.remove(run / "metrics.jsonl"), ["metrics.jsonl", "no such file", "first step"]),
        (
            lambda run: (run / "metrics.jsonl").write_text('{"step": 1}\n{"no": 1}\n'),
            ["metrics.jsonl, row 2, key 'step'"],
        ),
        (lambda run: (run / "metrics.jsonl").write_text("{}}\n"), ["metrics.jsonl, row 1", "is not JSON"]),
        (lambda run: (run / "metrics.jsonl").write_bytes(b"\xff\xfe\n"), ["metrics.jsonl", "UTF-8"]),
        (lambda run: (run / "config.yaml").write_text("a: [\n"), ["config.yaml", "can't be read"]),
        (lambda run: (run / "config.yaml").write_text("- a\n"), ["config.yaml", "keys with values"]),
        (
            lambda run: (run / "localizations.jsonl").write_text('{"step": 1}\n'),
            ["localizations.jsonl, row 1, key 'task_id'"],
        ),
    ],
)
def test_bad_input_is_status_2_and_names_file_row_and_key(run, spoil, words):
    spoil(run)
    done = run_command(run)
    assert done.exit_code == 2
    for word in words:
        assert word in done.stderr


def test_a_missing_directory_three_runs_and_a_file_that_cant_be_written_are_refused(run, tmp_path):
    assert "no such directory" in run_command(tmp_path / "none").stderr
    three = run_command(run, run, run)
    assert (three.exit_code, "one run or two are wanted, not 3" in three.stderr) == (2, True)
    refused = run_command(run, "--out", tmp_path / "no folder" / "page.html")
    assert (refused.exit_code, "--out names another file" in refused.stderr) == (2, True)


def test_what_a_run_does_not_hold_is_said_in_the_page(run):
    (run / "config.yaml").unlink()
    (run / "localizations.jsonl").unlink()
    run_command(run)
    page = (run / "report.html").read_text()
    assert "first holds no config.yaml and no localizations.jsonl" in page
    assert "No failing sample is recorded so far" in page


def test_a_row_that_is_being_written_is_left_for_later(run):
    with (run / "localizations.jsonl").open("a") as file:
        file.write('{"step": 2, "task_id": "half a')
    assert run_command(run).exit_code == 0


class Followed:
    """What `watch` says, and a sleep that plays the training: one act a look."""

    def __init__(self, *acts):
        self.acts, self.said = list(acts), []

    def follow(self, run):
        watch([run], run / "report.html", every_s=7, log=self.said.append, sleep=self.sleep)
        return (run / "report.html").read_text()

    def sleep(self, seconds):
        assert seconds == 7
        self.acts.pop(0)()


def test_a_run_is_followed_until_it_is_done(run):
    pages = []

    def look():
        pages.append((run / "report.html").read_text())

    def another_step():
        look()
        with (run / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(metrics(3)) + "\n")

    def nothing():
        look()

    def done():
        look()
        (run / "done.json").write_text("{}")

    followed = Followed(another_step, nothing, done)
    last = followed.follow(run)
    assert [("page reloads every 7 s" in page) for page in (*pages, last)] == [True, True, True, False]
    assert [("1 to 2" in page, "1 to 3" in page) for page in pages] == [(True, False), (False, True), (False, True)]
    assert sum(line.startswith("written") for line in followed.said) == 2
    assert followed.said[-1].startswith("done")


def test_a_run_without_a_step_is_waited_for(tmp_path):
    run = tmp_path / "new"
    run.mkdir()

    def begins():
        write_run(run, [row()])
        (run / "stopped.json").write_text("{}")

    followed = Followed(lambda: None, begins)
    assert "1 to 2" in followed.follow(run)
    assert [line for line in followed.said if "waiting" in line] == [f"waiting for the first step of {run}"]


def test_an_interrupt_leaves_a_page_that_stays_as_it_is(run):
    def interrupt():
        raise KeyboardInterrupt

    assert "page reloads every" not in Followed(interrupt).follow(run)


def test_watching_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(BadInput, match="no such directory"):
        Followed().follow(tmp_path / "none")
