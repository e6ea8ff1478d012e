"""A file that nobody prepared, in training: code in verl's own shape beside mathematics."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.loop


def row(index, source, ability, question, truth):
    prompt = [{"role": "system", "content": "Answer."}, {"role": "user", "content": question}]
    return {
        "data_source": source,
        "prompt": prompt,
        "ability": ability,
        "reward_model": {"style": "rule", "ground_truth": truth},
        "extra_info": {"index": index, "split": "dummy"},
    }


ROWS = [
    row(0, "taco", "code", "Write f(x).", json.dumps({"fn_name": "f", "inputs": [[1]], "outputs": [[2]]})),
    row(1, "codecontests", "code", "Add a, b.", json.dumps({"inputs": ["1 2\n"], "outputs": ["3\n"]})),
    row(2, "numina_olympiads", "math", "What is 1/4 + 1/4?", "\\frac{1}{2}"),
    row(3, "numina_cn_k12", "math", "What is 20 + 22?", "42"),
]


def test_mixed_rows_train_as_they_stand_and_the_start_says_what_they_are(recipe, tmp_path):
    file = tmp_path / "mixed.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), file)
    run = recipe("unprepared", f"TRAIN={file}", "trainer.total_training_steps=2", "trainer.save_freq=-1")
    shown = run.finish()
    assert "without program tests: 2 rows, rewarded as without EGCA: numina_olympiads 1, numina_cn_k12 1" in shown
    assert [row["step"] for row in run.rows()] == [1, 2]
    for step in run.rows():
        assert step["egca/rows_without_tests"] == 16  # 2 of 4 prompts, 8 samples each
        assert step["egca/mode/ungated"] == 0.5
        assert step["egca/failed_samples_total"] == step["egca/rows_unreadable"] == 0
    tasks = {row["task_id"] for row in run.rows("localizations.jsonl")}
    assert all(task.startswith(("taco/", "codecontests/")) for task in tasks)
