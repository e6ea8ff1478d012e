"""Runs as directories on disk, for tests of the report."""

import json

import yaml

CONFIG = {
    "algorithm": {"adv_estimator": "egca"},
    "egca": {"localizer": "egca", "normalisation": "sum", "span_weight": "full", "soft": 0.0},
    "trainer": {"default_local_dir": "?"},
}
PROMPT = "def f(x):\n"
BODY = "    y = x - 1\n    return y\n"
# tokens: "    y", " =", " x", " -", " 1", "\n", "    return", " y", "\n"; the tenth is the end mark
LENGTHS = [5, 2, 2, 2, 2, 1, 10, 2, 1]
DIFF = "--- program\n+++ twin\n@@ -2,1 +2,1 @@\n-    y = x - 1\n+    y = x + 1"


def row(step=1, task="task/1", **changed):
    """A failing sample whose operator is blamed, proven by a twin."""
    full = {
        "step": step, "task_id": task, "uid": "u", "mode": "LOGIC", "program": PROMPT + BODY, "reward": 0.0,
        "test": "assert f(1) == 2", "outcome": "wrong_value", "got": "0", "expected": "2", "error": None,
        "tests_passed": 1, "tests_total": 3, "localizer": "counterfactual", "not_localized": None, "confirmed": "full",
        "place": [{"line": 2, "col": 8, "end_line": 2, "end_col": 13}], "token_spans": [[2, 5]], "response_tokens": 10,
        "program_tokens": [{"token": 0, "start": len(PROMPT), "lengths": LENGTHS}],
        "advantage": -1.5, "credited_tokens": 3,
        "evidence": {
            "case": "assert f(3) == 4", "got": "2", "expected": "4", "trials": 12, "cpu_ms": 6.4, "edits": [{}], "diff": DIFF,
            "divergence": {"candidate": {"kind": "let", "name": "y", "value": "2"}, "twin": {"kind": "let", "name": "y", "value": "4"}},
        },
    }  # fmt: skip
    return full | changed


def short(step=1, task="task/short", **changed):
    kept_out = ("program", "program_tokens", "test", "got", "expected", "error", "evidence")
    return {key: value for key, value in row(step, task).items() if key not in kept_out} | {"short": True} | changed


def metrics(step, **changed):
    return {
        "step": step, "critic/score/mean": 0.5 + step / 100, "timing_s/step": 10.0, "timing_s/gen": 6.0,
        "timing_s/update_actor": 3.0, "egca/mode/correct": 0.5, "egca/mode/logic": 0.4, "egca/mode/syntax": 0.1,
        "egca/mode/constraint": 0.0, "egca/localized_share": 0.9, "egca/localized_by/counterfactual": 0.9,
        "egca/not_localized/no_twin": 0.1, "egca/confirmed/full": 1.0, "egca/span_tokens_mean": 3.0,
        "egca/span_share_of_response": 0.3, "egca/overhead_share": 0.02,
    } | changed  # fmt: skip


def write_run(folder, rows=(), steps=2, config=CONFIG, every_step=None):
    """``every_step``: more metrics of each step."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(
        yaml.safe_dump(config | {"trainer": {"default_local_dir": str(folder / "checkpoints")}})
    )
    lines = [metrics(step, **(every_step or {})) for step in range(1, steps + 1)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "localizations.jsonl").write_text("".join(json.dumps(line) + "\n" for line in rows))
    return folder
