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
    assert "let y = 0; in the reference let y = 2" in text
    assert "not proven: a guess" in text


TWIN = {
    "case": "assert f(3) == 4", "got": "2", "expected": "4", "trials": 12, "cpu_ms": 6.4, "edits": [{}],
    "divergence": {"candidate": {"kind": "let", "name": "y", "value": "2"}, "reference": None},
    "diff": "--- program\n+++ twin\n@@ -2,1 +2,1 @@\n-    y = x - 1\n+    y = x + 1",
}  # fmt: skip
PROVEN = {**ROW, "localizer": "counterfactual", "confirmed": "full", "tests_total": 7, "evidence": TWIN}


def test_a_proof_is_shown_with_its_edit_its_test_and_its_cost(tmp_path):
    text = shown(tmp_path, PROVEN)
    for words in (
        "assert f(3) == 4",
        "2, expected 4",
        "proven: with this edit all 7 tests pass",
        "12 trials, 6 ms of CPU",
        "let y = 2; in the reference nothing more happened",
        "-    y = x - 1",
        "+    y = x + 1",
    ):
        assert words in text


def test_the_edit_has_a_diffs_colours(tmp_path):
    text = shown(tmp_path, PROVEN, ansi=True)
    assert "\x1b[31m-    y = x - 1\x1b[0m" in text
    assert "\x1b[32m+    y = x + 1\x1b[0m" in text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"confirmed": "partial"}, "partly proven: with this edit the failing test passes and none breaks"),
        ({"evidence": {**TWIN, "edits": [{}, {}]}}, "proven: with these 2 edits all 7 tests pass"),
        ({"tests_total": 1}, "proven: with this edit its one test passes"),
        ({"confirmed": "none", "evidence": {"unproven": "no_twin"}}, "not proven: a guess (no_twin)"),
        ({"confirmed": "none", "localizer": "reported", "evidence": {}}, "where Python reported the error"),
        ({"evidence": {**TWIN, "cut": ["diff", "edits.0.text"]}}, "cut short  diff, edits.0.text"),
    ],
)
def test_how_sure_the_blame_is_is_said_in_words(tmp_path, changed, words):
    assert words in shown(tmp_path, {**PROVEN, **changed})


def test_carets_mark_the_span_where_there_is_no_colour(tmp_path):
    lines = shown(tmp_path, ROW).splitlines()
    (marked,) = [number for number, line in enumerate(lines) if "y = x - 1" in line]
    start = lines[marked].index("y = x - 1")
    assert lines[marked + 1].index("^") == start
    assert lines[marked + 1].count("^") == len("y = x - 1")


def test_short_rows_say_what_they_are_and_come_last(tmp_path):
    kept = ("program", "test", "got", "expected", "error", "evidence")
    short = {key: value for key, value in ROW.items() if key not in kept} | {"short": True, "task_id": "a short one"}
    text = shown(tmp_path, short, ROW)
    assert text.index("task/1") < text.index("a short one")
    assert "more failing samples than egca.evidence_rows" in text
    assert "1 of them short rows" in text


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
    evil = "\x1b]0;title\x07"
    row = {
        **ROW,
        "program": "x = '\x1b[2J\x07[bold]'\r\n",
        "test": evil,
        "task_id": "\x1b[31m",
        "error": {"type": evil},
    }
    row["evidence"] = {"diff": f"+{evil}\n-[bold]\r", "cut": [evil], "unproven": evil, "candidate": {"value": evil}}
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
