"""Ten thousand failing samples: the page holds few nodes, wherever it is scrolled, and opens what it is asked for."""

import pytest
from playwright.sync_api import expect

from .report_runs import row, write_run

SAMPLES = 10_000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    filler = "".join(f"    # line {number} of a program that is as long as programs are\n" for number in range(30))
    rows = (
        row(
            1 + number // 200, f"task/{number}", program=f"def f(x):\n    y = x - 1\n    return y\n{filler}# {number}\n"
        )
        for number in range(SAMPLES)
    )
    return write_run(tmp_path_factory.mktemp("runs") / "large", rows, steps=50)


def nodes(page):
    return page.evaluate("document.querySelectorAll('*').length")


def test_the_list_draws_only_what_is_in_sight(open_page, large):
    page = open_page(large)
    page.wait_for_selector("pre.heat")
    assert page.locator("#count").inner_text() == "10,000 of 10,000"
    at_the_start = nodes(page)
    assert at_the_start < 2_500
    assert page.locator("#list .row").count() < 50
    seen = set()
    for share in (0.1, 0.37, 0.5, 0.82, 1.0):
        page.evaluate("(share) => { list.scrollTop = share * list.scrollHeight }", share)
        place = page.evaluate("Math.ceil(list.scrollTop / rowHeight)")
        expect(page.locator(f"#row-{place}")).to_be_visible()
        seen |= set(page.locator("#list .task").all_inner_texts())
        assert page.locator("#list .row").count() < 50
        assert nodes(page) < at_the_start + 200
    assert len(seen) > 50


def test_a_sample_far_down_is_opened_with_its_own_program(open_page, large):
    page = open_page(large)
    page.locator("#list").focus()
    page.keyboard.press("End")
    last = page.locator("#list [aria-selected=true] .task").inner_text()
    expect(page.locator("#detail h3")).to_have_text(last)
    assert page.locator("pre.heat").inner_text().rstrip("↵\n").endswith(f"# {last.partition('/')[2]}")


def test_a_filter_finds_one_among_all(open_page, large):
    page = open_page(large)
    page.fill("#f-task", "task/7777")
    assert page.locator("#list .task").all_inner_texts() == ["task/7777"]
    expect(page.locator("#detail h3")).to_have_text("task/7777")


def test_the_details_are_packed(large, open_page):
    page = open_page(large)
    size = page.evaluate("document.documentElement.outerHTML.length")
    assert size < 6_000_000
