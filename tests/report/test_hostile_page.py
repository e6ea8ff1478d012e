"""Programs are untrusted: whatever is in one, in a name, a value or a metric, the page shows it and nothing happens."""

import json

import pytest

from .report_runs import CONFIG, row, write_run

HOSTILE = [
    "<script>window.pwned = 1</script>",
    "</script><script>window.pwned = 1</script>",
    "<!--<script>",
    "]]>--><img src=x onerror='window.pwned = 1'>",
    "\"><svg onload=window.pwned=1>",
    "' onmouseover='window.pwned=1",
    "javascript:window.pwned=1",
    "{{ 7 * 7 }}{% raw %}",
    "${window.pwned = 1}`",
    "\u2028window.pwned = 1\u2029",
    "\ud800 lone \udfff",
    "\u202egnp.exe\u2066",
    "\x00\x1b[2J\x07\r\x85",
    "&lt;b&gt;&amp;",
    "__proto__",
    "a" * 5_000,
    "\u0301" * 300,
    "😀é漢\t字",
]  # fmt: skip


def everywhere(text):
    """A row that says it in each of its texts."""
    happened = {"kind": text, "name": text, "value": text}
    return row(
        1, text, mode=text, program=f"{text}\ndef f():\n    return {text}", program_tokens=[{"token": 0, "start": 0, "lengths": [1] * (len(text) + 9)}],
        test=text, got=text, expected=text, outcome=text, uid=text, constraint=text, localizer=text, confirmed=text,
        not_localized=text, error={"type": text, "message": text},
        debugger={"outcome": text, "reason": text, "latency_s": 1.0},
        evidence={"case": text, "got": text, "expected": text, "diff": f"+{text}\n-{text}", "reason": text, "unproven": text, "cut": [text], "trials": 1, "cpu_ms": 1,
                  "divergence": {"candidate": happened, "twin": happened}},
    )  # fmt: skip


def visible(page, text):
    return page.evaluate("(text) => visible(text)", text)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    named = tmp_path_factory.mktemp("runs") / "<script>window.pwned = 1<⁄script>"
    more = {f"egca/localized_by/{text}": 0.01 for text in HOSTILE} | {f"timing_s/{text}": 0.1 for text in HOSTILE}
    more |= {f"val-core/{text}/acc/mean@1": 0.5 for text in HOSTILE} | {
        f"egca/debugger/skipped/{text}": 1.0 for text in HOSTILE
    }
    config = CONFIG | {"egca": {"localizer": HOSTILE[1]}}
    return write_run(named, [everywhere(text) for text in HOSTILE], config=config, every_step=more)


def check(page):
    assert page.evaluate("window.pwned") is None
    assert page.locator("script").count() == page.evaluate("document.querySelectorAll('body > script').length")
    assert page.locator("#detail img, #detail script, #detail svg, #list img, #list svg, #programs iframe").count() == 0


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_sample_is_shown_and_does_nothing(open_page, hostile, number):
    page = open_page(hostile)
    text = HOSTILE[number]
    page.wait_for_selector("#detail h3")
    place = page.evaluate("(text) => listed.findIndex((s) => nameOf('task', s) === text)", json.loads(json.dumps(text)))
    page.evaluate("(place) => choose(place)", place)
    body = page.evaluate(
        "async (place) => { await showDetail(listed[place]); return document.getElementById('detail').textContent }",
        place,
    )
    assert page.locator("#detail h3").evaluate("(title) => title.textContent") == visible(page, text)
    assert body.count(visible(page, text)) > 8 or len(text) > 1_000
    page.locator("#detail").hover()
    page.locator("#list").focus()
    page.keyboard.press("u")
    check(page)


def test_hostile_names_in_metrics_settings_and_the_runs_own_name_do_nothing(open_page, hostile):
    page = open_page(hostile)
    for summary in page.locator("#curves summary").all():
        summary.click()
    check(page)
    assert "<script>" in page.locator("h1").inner_text()
    assert "</script><script>" in page.locator("#settings").inner_text()


def test_a_script_that_reached_the_page_all_the_same_would_not_run(open_page, hostile, tmp_path, browser):
    open_page(hostile)
    text = (tmp_path / "report.html").read_text()
    injected = tmp_path / "injected.html"
    injected.write_text(
        text.replace("<main>", "<main><script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>", 1)
    )
    page = browser.new_page()
    page.goto(f"file://{injected}")
    page.wait_for_selector("#detail h3")
    assert page.evaluate("window.pwned") is None
    page.close()


def test_what_would_turn_a_line_around_or_not_show_is_shown_as_an_escape(open_page, hostile):
    page = open_page(hostile)
    page.wait_for_selector("#detail h3")
    assert visible(page, "a\u202eb\x00\x1b\u200b\n\tc") == "a\\u202eb\\x00\\x1b\\u200b\n\tc"
    assert page.locator("body").inner_text().count("\u202e") == 0
