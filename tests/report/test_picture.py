"""The picture of where an advantage lands, which the README shows."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

from verl_egca.cli import app
from verl_egca.report.picture import picture
from verl_egca.report.records import Finding, Place

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def finding(program, *places):
    keys = ("line", "col", "end_line", "end_col")
    return Finding(
        task_id="t", mode="LOGIC", program=program, place=[Place(**dict(zip(keys, p, strict=True))) for p in places]
    )


def boxes(drawn):
    """x of what is drawn behind tokens."""
    return [float(r.get("x")) for r in ET.fromstring(drawn).iter(f"{SVG}rect")]


def test_the_readmes_picture_is_what_the_command_draws(tmp_path):
    file = tmp_path / "credit.svg"
    done = CliRunner().invoke(app, ["explain", "--example", "--picture", str(file)])
    assert done.exit_code == 0
    assert file.read_text() == (ROOT / "recipes/evidence/credit.svg").read_text()


def test_grpo_marks_every_token_and_egca_the_blamed_ones_alone():
    drawn = boxes(picture(finding("def f(x):\n    return x + 1\n", (2, 15, 2, 16))))
    assert len(drawn) == 11 + 1
    assert max(drawn) == drawn[-1] > drawn[-2]  # the one of the second panel


def test_a_program_is_text_and_can_be_no_markup():
    drawn = picture(finding("x = '</text><script>alert(1)</script>'\n", (1, 4, 1, 8)))
    assert not list(ET.fromstring(drawn).iter(f"{SVG}script"))
    assert "<script" not in drawn


def test_without_blame_there_is_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="nothing is blamed"):
        picture(finding("x = 1\n"))
