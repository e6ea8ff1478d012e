"""What the comparison of the default makes of two runs' metrics."""

import json
import xml.etree.ElementTree as ET

import pytest
import yaml
from rich.console import Console

from compare_default import draw, read, table


def write(folder, aggregation, kl):
    folder.mkdir()
    config = {"actor_rollout_ref": {"actor": {"loss_agg_mode": aggregation}}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    said = {"critic/score/mean": 0.5, "egca/mode/syntax": 0.02, "response_length/mean": 40.0, "actor/kl_loss": kl}
    lines = [json.dumps(said | {"step": step}) for step in range(1, 4)]
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_kl_is_told_of_a_token_and_of_a_response_however_the_loss_adds_it_up(tmp_path):
    averaged = read(write(tmp_path / "a", "seq-mean-token-mean", 0.01), "default", 0)
    summed = read(write(tmp_path / "b", "seq-mean-token-sum", 0.4), "former", 0)
    for row in averaged + summed:
        assert (row.kl_token, row.kl_response) == pytest.approx((0.01, 0.4))


def test_a_run_that_has_not_begun_has_no_rows(tmp_path):
    assert read(tmp_path, "default", 0) == []


def test_each_run_is_drawn_and_has_a_line_of_the_table(tmp_path):
    folder = write(tmp_path / "a", "seq-mean-token-mean", 0.01)
    rows = [row for rule in ("default", "former") for seed in (0, 1) for row in read(folder, rule, seed)]
    draw(rows, tmp_path / "default.svg")
    assert ET.parse(tmp_path / "default.svg").getroot().tag.endswith("svg")
    console = Console(width=140, record=True)
    console.print(table(rows))
    assert console.export_text().count("seed 1") == 2
