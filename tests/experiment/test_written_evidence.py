"""The evidence that ships: its page is made of the tables beside it, and the README says what the page says."""

import re
import shutil
from pathlib import Path

import pytest

from experiment.page import write_page

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "recipes/evidence"
MAP_PAGE = EVIDENCE / "map"
FIGURE = r"[+-]\d+\.\d \([+-]\d+\.\d to [+-]\d+\.\d\)"


def test_the_page_is_what_its_tables_say(tmp_path):
    for table in MAP_PAGE.glob("*.csv"):
        shutil.copy(table, tmp_path)
    assert write_page(tmp_path).read_text() == (MAP_PAGE / "README.md").read_text()


@pytest.mark.parametrize("file", [ROOT / "README.md", EVIDENCE / "README.md"])
def test_differences_told_elsewhere_are_those_of_the_pages(file):
    told = re.findall(FIGURE, file.read_text())
    pages = "".join(page.read_text() for page in EVIDENCE.glob("*/README.md"))
    assert len(told) >= 4
    assert [figure for figure in told if figure not in pages] == []
