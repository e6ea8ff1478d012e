"""The evidence that ships: its pages are made of the rows beside them, and the README says what they say."""

import re
import shutil
from pathlib import Path

import pytest

from verl_egca.experiment.page import write_page
from verl_egca.experiment.recipe import Recipe

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "recipes/evidence"
FIGURE = r"[+-]\d+\.\d \([+-]\d+\.\d to [+-]\d+\.\d\)"
PAGES = {"starter": Recipe(), "styled": Recipe(), "styled_long": Recipe(steps=48)}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_its_rows_say(name, tmp_path):
    page = (EVIDENCE / name / "README.md").read_text()
    shutil.copy(EVIDENCE / name / "runs.csv", tmp_path / "all-lr-seed.csv")
    if (signal := EVIDENCE / name / "signal.csv").exists():
        shutil.copy(signal, tmp_path)
    about = re.search(r"\n\n(.*?) is trained from", page, re.DOTALL)[1]
    assert write_page(tmp_path, tmp_path / "page", PAGES[name], about).read_text() == page


@pytest.mark.parametrize("file", [ROOT / "README.md", EVIDENCE / "README.md"])
def test_differences_told_elsewhere_are_those_of_the_pages(file):
    told = re.findall(FIGURE, file.read_text())
    pages = "".join((EVIDENCE / name / "README.md").read_text() for name in PAGES)
    assert len(told) >= 4
    assert [figure for figure in told if figure not in pages] == []
