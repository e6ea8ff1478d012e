"""`egca inspect`: what is shown of a failing program, and that the program can't act on the terminal."""

import io
import json

import pytest
from rich.console import Console

from verl_egca.data.rows import BadInput
from verl_egca.report.inspect import show

ROW = {
    "step": 3, "task_id": "task/1", "uid": "u", "mode": "LOGIC", "program": "def f(x):\n    y = x - 1\n    return y\n",
    "reward": 0.0, "test": "assert f(1) == 2", "outcome": "wrong_value", "got": "0", "expected": "2", "error": None,
    "localizer": "trace", "not_localized": None, "confirmed": "none",
    "place": [{"line": 2, "col": 4, "end_line": 2, "end_col": 13}], "token_spans": [[5, 9]], "response_tokens": 20,
    "advantage": -1.5, "credited_tokens": 4,
    "evidence": {"candidate": {"kind": "let", "name": "y", "value": "0"}, "reference": {"kind": "let", "name": "y", "value": "2"}},
}  # fmt: skip


def shown(tmp_path, *rows, ansi=False, **options):
    (tmp_path / "localizations.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = io.StringIO()
    show(tmp_path, Console(file=out, width=120, force_terminal=ansi, highlight=False), **options)
    return out.getvalue()


def test_the_blamed_span_the_test_and_the_advantage_are_shown(tmp_path):
    text = shown(tmp_path, ROW)
    for words in (
        "task/1",
        "LOGIC",
        "2      y = x - 1",
        "assert f(1) == 2",
        "got",
        "0, expected 2",
        "-1.5000, on 4 of 20",
    ):
        assert words in text
    assert "at the divergence let y = 0, in the reference let y = 2" in text


def test_only_the_span_is_marked(tmp_path):
    text = shown(tmp_path, ROW, ansi=True)
    assert "\x1b[1;37;41my = x - 1\x1b[0m" in text
    assert text.count("\x1b[1;37;41m") == 1


def test_a_step_a_task_and_a_mode_can_be_chosen(tmp_path):
    rows = [ROW, {**ROW, "step": 4, "task_id": "task/2", "mode": "SYNTAX"}]
    assert "task/2" in shown(tmp_path, *rows)
    assert "task/1" in shown(tmp_path, *rows, step=3)
    assert "0 of 0" in shown(tmp_path, *rows, mode="LOGIC")
    assert "1 of 1" in shown(tmp_path, *rows, task="/2")


def test_programs_cannot_write_control_sequences_or_markup(tmp_path):
    row = {**ROW, "program": "x = '\x1b[2J\x07[bold]'\r\n", "test": "\x1b]0;title\x07", "task_id": "\x1b[31m"}
    text = shown(tmp_path, row)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]" in text


def test_samples_without_a_place_or_program_are_shown(tmp_path):
    row = {
        **ROW,
        "program": None,
        "mode": None,
        "place": [],
        "localizer": None,
        "not_localized": "ValueError",
        "credited_tokens": 0,
    }
    assert "not scored" in shown(tmp_path, row)


def test_a_bad_file_is_named(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        show(tmp_path, Console(file=io.StringIO()))
    with pytest.raises(BadInput, match="row 2, key 'advantage'"):
        shown(tmp_path, ROW, {key: value for key, value in ROW.items() if key != "advantage"})
