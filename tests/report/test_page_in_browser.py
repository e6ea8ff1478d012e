"""The report's page in a real browser: what a person sees and does, with and without a mouse."""

import pytest
from playwright.sync_api import expect

from .report_runs import DIFF, row, short, write_run

HEAT = "pre.heat"


@pytest.fixture
def run(tmp_path):
    rows = [
        row(1, "sum/1"),
        row(1, "sum/2", mode="SYNTAX", confirmed="none", localizer="guess"),
        row(2, "sort/1", confirmed="partial"),
        row(2, "sort/2", place=[], token_spans=[], localizer=None, confirmed=None, not_localized="no_twin", credited_tokens=10),
        short(2, "sort/3"),
    ]  # fmt: skip
    return write_run(tmp_path / "a run", rows)


def tasks(page):
    return page.locator("#list .task").all_inner_texts()


def chosen(page):
    return page.locator("#detail h3").inner_text()


def heats(page):
    """(text, its share of the colour in %, blamed) of each piece that the policy wrote."""
    return page.evaluate(
        """() => [...document.querySelectorAll('pre.heat .piece[data-token]')].map((p) => [
            p.firstChild.textContent, parseInt(p.style.getPropertyValue('--heat') || '0'), p.tagName === 'MARK'])"""
    )


def test_each_filter_lists_what_fits_and_says_how_many(open_page, run):
    page = open_page(run)
    assert page.locator("#count").inner_text() == "5 of 5"
    page.select_option("#f-step", "1")
    assert sorted(tasks(page)) == ["sum/1", "sum/2"]
    page.select_option("#f-mode", label="SYNTAX")
    assert tasks(page) == ["sum/2"]
    page.click("#clear")
    page.fill("#f-task", "SORT")
    assert sorted(tasks(page)) == ["sort/1", "sort/2", "sort/3"]
    page.select_option("#f-sure", label="partly proven")
    assert tasks(page) == ["sort/1"]
    page.select_option("#f-sure", label="not localized")
    assert tasks(page) == ["sort/2"]
    page.click("#clear")
    page.check("#f-full")
    assert page.locator("#count").inner_text() == "4 of 5"
    page.fill("#f-task", "nothing has this name")
    assert tasks(page) == []
    assert "No failing program" in page.locator("#detail").inner_text()


def test_the_heat_map_has_the_whole_advantage_on_the_blamed_tokens_or_the_same_on_each(open_page, run):
    page = open_page(run, fragment="#of=0.1.0&at=sum/1")
    assert chosen(page) == "sum/1"
    egca = heats(page)
    assert [text for text, *_ in egca] == ["    y", " =", " x", " -", " 1", "", "    return", " y", ""]
    assert [heat for _, heat, _ in egca] == [0, 0, 100, 100, 100, 0, 0, 0, 0]
    assert [blamed for *_, blamed in egca] == [False, False, True, True, True, False, False, False, False]
    page.get_by_label("GRPO (uniform)").check()
    grpo = heats(page)
    assert {heat for _, heat, _ in grpo} == {30}  # -1.5 / 10 of -1.5 / 3
    assert [blamed for *_, blamed in grpo] == [blamed for *_, blamed in egca]
    assert page.locator(f"{HEAT} .prompt").inner_text().startswith("def f(x):")


def test_a_token_says_what_it_has_when_it_is_pointed_at(open_page, run):
    page = open_page(run, fragment="#of=0.1.0&at=sum/1")
    page.locator(f"{HEAT} mark").nth(1).hover()
    assert page.locator(".pointed").inner_text() == "token 3: EGCA −0.5000, GRPO −0.1500"
    page.locator("#detail h3").hover()
    assert "write this program" in page.locator(".pointed").inner_text()


def test_test_values_at_the_divergence_and_the_twins_diff_are_shown(open_page, run):
    page = open_page(run, fragment="#of=0.1.0&at=sum/1")
    text = page.locator("#detail").inner_text()
    for words in ("assert f(3) == 4", "2, expected 4", "proven: with this edit all 3 tests pass", "12 trials"):
        assert words in text
    assert page.locator(".sides .is p").inner_text() == "let y = 2"
    assert page.locator(".sides .should p").inner_text() == "let y = 4"
    assert page.locator("pre.diff").inner_text().split("\n")[: len(DIFF.split("\n"))] == DIFF.split("\n")
    assert page.locator(".diff .added").inner_text() == "+    y = x + 1"


def test_a_short_row_says_what_it_is(open_page, run):
    page = open_page(run, fragment="#of=0.2.0&at=sort/3")
    assert "egca.evidence_rows" in page.locator("#detail").inner_text()
    assert "line 2, column 9" in page.locator("#detail").inner_text()
    assert page.locator(HEAT).count() == 0


def test_an_advantage_that_is_no_number_is_said_to_be_none(open_page, tmp_path):
    page = open_page(write_run(tmp_path / "nan", [row(advantage=float("nan"))]))
    assert "Advantage nan" in page.locator("#detail .credit").inner_text()
    assert page.locator("#list .advantage").inner_text() == "no number"
    assert {heat for _, heat, _ in heats(page)} == {0}


def test_a_row_without_token_boundaries_is_coloured_by_character_and_says_so(open_page, tmp_path):
    page = open_page(write_run(tmp_path / "old", [row(program_tokens=[])]))
    assert "not by token" in page.locator(".pointed").inner_text()
    assert page.locator(f"{HEAT} mark").inner_text() == "x - 1"
    assert "hold no token boundaries" in page.locator("#programs").inner_text()


def test_the_keyboard_is_enough(open_page, run):
    page = open_page(run)
    order = tasks(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("#list").focus()
    page.keyboard.press("ArrowDown")
    assert chosen(page) == order[1]
    page.keyboard.press("End")
    assert chosen(page) == order[-1]
    page.keyboard.press("Home")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert chosen(page) == order[1]
    selected = page.locator("#list [aria-selected=true]")
    assert page.locator("#list").get_attribute("aria-activedescendant") == selected.get_attribute("id")
    assert (selected.get_attribute("aria-posinset"), selected.get_attribute("aria-setsize")) == ("2", "5")
    page.keyboard.press("u")
    assert page.get_by_label("GRPO (uniform)").is_checked()
    page.keyboard.press("/")
    page.keyboard.type("uk")  # letters in a field are letters
    assert page.input_value("#f-task") == "uk"


def test_what_is_chosen_is_in_the_address_and_comes_back_with_it(open_page, run):
    page = open_page(run)
    page.fill("#f-task", "sum")
    page.locator("#list").focus()
    page.keyboard.press("End")
    page.keyboard.press("u")
    before = chosen(page)
    page.wait_for_url("**view=grpo")
    page.reload()
    assert (chosen(page), page.input_value("#f-task")) == (before, "sum")
    assert page.get_by_label("GRPO (uniform)").is_checked()


def test_a_link_to_a_part_of_the_page_and_a_pasted_address_both_keep_their_promise(open_page, run):
    page = open_page(run, fragment="#of=0.1.0&at=sum/1")
    page.get_by_role("link", name="Curves").click()
    page.wait_for_url("**at=sum%2F1")
    page.evaluate("location.hash = 'of=0.2.0&at=sort/1&view=grpo'")
    expect(page.locator("#detail h3")).to_have_text("sort/1")
    expect(page.get_by_label("GRPO (uniform)")).to_be_checked()


def test_rows_of_the_tables_open_their_program(open_page, run):
    page = open_page(run)
    page.fill("#f-task", "sum")
    page.locator("#localizations button.open", has_text="sort/2").last.click()
    assert chosen(page) == "sort/2"
    assert page.input_value("#f-task") == ""


def test_every_chart_has_words_and_a_table(open_page, run):
    page = open_page(run)
    figures = page.locator(".charts figure")
    assert figures.count() >= 6
    for number in range(figures.count()):
        figure = figures.nth(number)
        drawing = figure.get_by_role("img").first
        for name in drawing.get_attribute("aria-labelledby").split():
            assert page.locator(f"#{name}").text_content()
        figure.locator("summary").click()
        expect(figure.locator("tbody tr")).to_have_count(2)  # it is made when it is opened, a moment later
    reward = page.locator("#chart-reward")
    assert "0.51 at step 1, 0.52 at step 2" in reward.locator("desc").text_content()
    assert reward.locator("tbody tr").first.inner_text().split() == ["1", "0.51"]


def test_the_tokens_can_be_read_in_a_table(open_page, run):
    page = open_page(run, fragment="#of=0.1.0&at=sum/1")
    page.locator(".tokens summary").click()
    rows = page.locator(".tokens tbody tr")
    expect(rows).to_have_count(9)
    assert rows.nth(3).inner_text().split() == ["3", "2", "-", "blamed", "−0.5000", "−0.1500"]


def test_dark_and_light_follow_the_system_and_the_button(open_page, run):
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = (open_page(run, color_scheme=scheme).evaluate(ground) for scheme in ("light", "dark"))
    assert light != dark
    page = open_page(run, color_scheme="dark")
    page.click("#theme")
    assert (page.locator("#theme").inner_text(), page.evaluate(ground)) == ("Light", light)
    page.reload()
    assert page.evaluate(ground) == light
    page.click("#theme")
    assert (page.locator("#theme").inner_text(), page.evaluate(ground)) == ("Dark", dark)


CONTRAST = """() => {
  const parse = (text) => {
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    context.fillStyle = text; context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => top.slice(0, 3).map((c, i) => c * top[3] + under[i] * (1 - top[3])).concat(1);
  const ground = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const low = [];
  for (const element of document.querySelectorAll('body *:not(script, option, .eol, svg, svg *)')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility({ opacityProperty: true })) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) low.push(`${element.className || element.tagName}: ${element.textContent.slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["egca", "grpo"])
def test_all_text_has_the_contrast_that_wcag_aa_asks_for(open_page, run, scheme, view):
    page = open_page(run, color_scheme=scheme, fragment=f"#of=0.1.0&at=sum/1&view={view}")
    page.wait_for_selector(HEAT)
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_is_never_wider_than_the_screen(open_page, run, width):
    page = open_page(run, viewport={"width": width, "height": 800})
    page.wait_for_selector("#detail h3")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_two_runs_share_their_charts_and_the_list_and_differ_in_settings(open_page, tmp_path):
    other = {
        "algorithm": {"adv_estimator": "egca"},
        "egca": {"localizer": "uniform", "normalisation": "sum", "span_weight": "full", "soft": 0.0},
    }
    first = write_run(tmp_path / "egca", [row(1, "a")], steps=3)
    second = write_run(tmp_path / "grpo", [row(1, "b"), row(2, "c")], steps=2, config=other)
    page = open_page(first, second)
    reward = page.locator("#curves figure").first
    assert reward.locator(".legend").inner_text().split("\n") == ["A: egca", "B: grpo"]
    reward.locator("summary").click()
    expect(reward.locator("tbody tr")).to_have_count(3)
    assert [cell.split() for cell in reward.locator("tbody tr").all_inner_texts()] == [
        ["1", "0.51", "0.51"], ["2", "0.52", "0.52"], ["3", "0.53", "-"],
    ]  # fmt: skip
    page.select_option("#f-run", "1")
    assert sorted(tasks(page)) == ["b", "c"]
    settings = page.locator("#settings")
    assert settings.locator("tbody tr").inner_text().split() == ["egca.localizer", "egca", "uniform"]
    assert "1 that only name the run's own directory" in settings.inner_text()


def test_a_page_of_a_running_training_loads_itself_anew_unless_it_is_paused(open_page, run):
    page = open_page(run, reload_s=1)
    with page.expect_event("load"):
        pass
    page.click("#pause")
    page.evaluate("window.kept = true")
    page.wait_for_timeout(2_500)
    assert page.evaluate("window.kept")
    assert page.locator("#pause").get_attribute("aria-pressed") == "true"
