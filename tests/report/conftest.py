import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium, without a window; installed if it is not there.

    It ends with each file's tests: while it is there, playwright has an event loop in this thread, and nobody else can.
    """
    from playwright.sync_api import sync_playwright

    found = subprocess.run(["bash", "scripts/setup_browser.sh"], cwd=ROOT, capture_output=True, text=True)
    if found.returncode:
        pytest.fail(f"no Chromium could be had here: {found.stderr}", pytrace=False)
    with sync_playwright() as playwright:
        # root has no sandbox of Chromium's; the page under test is our own file
        launched = playwright.chromium.launch(executable_path=found.stdout.strip(), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def page_of():
    """The page of some runs, made once: no test changes a run that it has opened."""
    from verl_egca.report.page.html import html
    from verl_egca.report.page.run import read_run

    return lru_cache(lambda folders, reload_s: html([read_run(folder) for folder in folders], reload_s=reload_s))


@pytest.fixture
def open_page(browser, page_of, tmp_path):
    """Opens the page of some runs; afterwards nothing may have gone wrong in any: no error, no warning, no request."""
    wrong, contexts = [], []

    def opened(*folders, reload_s=None, fragment="", **options):
        file = tmp_path / "report.html"
        file.write_text(page_of(folders, reload_s), encoding="utf-8")
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: None if request.url.startswith("file:") else wrong.append(request.url))
        page.goto(f"file://{file}{fragment}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
