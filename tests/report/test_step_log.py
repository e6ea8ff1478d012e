"""A step log that survives being killed: nothing twice, nothing half."""

import json

from verl_egca.report.step_log import StepLog, read_rows


def rows(step, count=2):
    return [{"step": step, "n": n} for n in range(count)]


def test_rows_are_read_back_in_order(tmp_path):
    log = StepLog(tmp_path / "log.jsonl")
    log.append(1, rows(1))
    log.append(2, rows(2))
    assert read_rows(log.path) == rows(1) + rows(2)


def test_a_resumed_run_replaces_the_steps_it_repeats(tmp_path):
    killed = StepLog(tmp_path / "log.jsonl")
    for step in (1, 2, 3):
        killed.append(step, rows(step))
    resumed = StepLog(killed.path)
    resumed.append(2, [{"step": 2, "again": True}])
    resumed.append(3, [{"step": 3, "again": True}])
    assert read_rows(killed.path) == [*rows(1), {"step": 2, "again": True}, {"step": 3, "again": True}]


def test_a_line_that_a_kill_cut_in_half_is_dropped(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"step": 1}) + '\n{"step": 2, "program": "def f')
    assert read_rows(path) == [{"step": 1}]
    StepLog(path).append(2, [{"step": 2}])
    assert read_rows(path) == [{"step": 1}, {"step": 2}]


def test_several_batches_of_one_step_are_all_kept(tmp_path):
    log = StepLog(tmp_path / "log.jsonl")
    log.append(1, rows(1))
    log.append(1, rows(1))
    assert len(read_rows(log.path)) == 4


def test_text_with_lone_surrogates_and_line_separators_survives(tmp_path):
    row = {"step": 1, "program": "x = '\ud800\u2028\x0c'"}
    StepLog(tmp_path / "log.jsonl").append(1, [row])
    assert read_rows(tmp_path / "log.jsonl") == [row]
