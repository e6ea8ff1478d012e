"""README and the pages beside what they describe: short, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for folder in (ROOT, ROOT / "recipes", ROOT / "scripts", ROOT / "verl_egca")
    for page in (folder.glob("README.md") if folder == ROOT else folder.rglob("README.md"))
)


def linked(page: Path) -> list[Path]:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    return [(page.parent / target).resolve() for target in targets]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [target for target in linked(page) if not target.exists()] == []


def test_readme_is_short_and_leads_to_every_page() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200
    found, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page not in found and page.name == "README.md":
            found.add(page)
            todo += linked(page)
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in found] == []
