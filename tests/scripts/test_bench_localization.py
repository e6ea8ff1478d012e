"""The bench from its command line on one small set, and what it makes of rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bench_localization import figures, main, miss_classes, proofs, readable
from truth.measure import Row
from verl_egca.localization.confirmed import Confirmed


def row(**fields: object) -> Row:
    known = {"set": "second", "localizer": "x", "task": "t", "index": 0, "operators": ("constant",), "truth": ((2,),)}
    return Row(**{**known, **fields})  # type: ignore[arg-type]


def test_shares_are_of_all_samples_and_medians_of_those_that_are_localized() -> None:
    rows = [
        row(
            hit1=True,
            confirmed=Confirmed.FULL,
            twin_holds=True,
            blamed_share=0.1,
            cpu_ms=10,
            trials=4,
            evidence={"edits": [1, 2]},
        ),
        row(hit1=False, confirmed=Confirmed.PARTIAL, twin_holds=True, blamed_share=0.3, cpu_ms=30, trials=8),
        row(hit1=False, blamed_share=0.2, cpu_ms=20),
        row(hit1=False, not_localized="no_trace", cpu_ms=500),
    ]
    right = ["25.0%", "100.0%", "0.0%", "0.0%"]
    cells = ["4", "25.0%", *right, "25.0%", "2.0", "25.0%", "20.0%", "25", "500", "6"]
    assert figures(rows) == cells
    assert figures([row(hit1=None)])[2:6] == ["-"] * 4


def test_a_proof_that_does_not_hold_is_counted_and_named() -> None:
    rows = [
        row(confirmed=Confirmed.FULL, twin_holds=True),
        row(confirmed=Confirmed.FULL, twin_holds=False, task="bad", index=3),
    ]
    told = list(proofs(rows))
    assert told[0].startswith("twins reported as full: 2;")
    assert told[0].endswith(": 1")
    assert told[1].split() == ["second", "x", "bad", "3"]


def test_misses_are_grouped_by_operator_and_shown_with_both_places_marked() -> None:
    missed = row(blamed=((3, 3),), program="def f():\n    a = 1\n    return a\n", hit1=False, evidence={"trials": 2})
    other = row(operators=("boundary", "constant"), hit1=True)
    grouped = miss_classes([missed, other], [missed])
    assert [list(column.cells) for column in grouped.columns] == [["constant"], ["2"], ["1"], ["50.0%"], ["100.0%"]]
    text = readable(missed)
    assert "!    2     a = 1" in text
    assert " >   3     return a" in text
    assert "trials: 2" in text


def test_the_command_writes_a_row_a_sample_and_localizer(
    tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    app.command()(main)
    out = tmp_path / "rows.jsonl"
    fix = str(shared_data / "humanevalfix_python_even.jsonl")
    options = ["--fix", fix, "--sets", "fix-even,second", "--localizers", "text-diff,random", "--limit", "2"]
    answer = CliRunner().invoke(app, [*options, "--workers", "1", "--misses", "1", "--out", str(out)])
    assert answer.exit_code == 0, answer.output
    assert "second is left out: it needs --problems and --mbpp" in answer.output
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(one["localizer"], one["hit1"]) for one in rows if one["localizer"] == "text-diff"] == [
        ("text-diff", True)
    ] * 2
    assert len(rows) == 4
    assert all(one["program"] and one["truth"] and one["cpu_ms"] >= 0 for one in rows)


def test_an_unknown_name_is_refused_with_the_choices() -> None:
    app = typer.Typer()
    app.command()(main)
    answer = CliRunner().invoke(app, ["--localizers", "oracle"])
    assert answer.exit_code == 2
    assert "ochiai" in answer.output
