"""The evidence that ships: its page is made of the tables beside it, and the README says what the page says."""

import re
import shutil
from pathlib import Path

from verl_egca.experiment.page import MAP, RUNS, write_page

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "recipes/evidence"
FIGURE = r"[+-]\d+\.\d \([+-]\d+\.\d to [+-]\d+\.\d\)"


def test_the_page_is_what_its_tables_say(tmp_path):
    for table in (MAP, RUNS):
        shutil.copy(EVIDENCE / table, tmp_path)
    assert write_page(tmp_path).read_text() == (EVIDENCE / "README.md").read_text()


def test_differences_told_in_the_readme_are_those_of_the_page():
    told = re.findall(FIGURE, (ROOT / "README.md").read_text())
    page = (EVIDENCE / "README.md").read_text()
    assert len(told) >= 2
    assert [figure for figure in told if figure not in page] == []
