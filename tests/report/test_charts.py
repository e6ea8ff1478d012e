"""Which curves a run has, what they say in words, and how they are drawn."""

from xml.etree import ElementTree as ET

import pytest

from verl_egca.report.page.charts import charts
from verl_egca.report.page.programs import samples
from verl_egca.report.page.run import read_run
from verl_egca.report.page.settings import differences
from verl_egca.report.page.svg import in_words, svg
from verl_egca.report.page.tables import debugger, failures, figures, slowest
from verl_egca.report.page.thinning import thinned

from .report_runs import row, short, write_run


@pytest.fixture
def read(tmp_path):
    def made(*rows, name="run", **options):
        return read_run(write_run(tmp_path / name, rows, **options))

    return made


def chart(run, key):
    return next(one for one in charts([run]) if one.key == key)


def values(one):
    return {series.label: dict(series.points) for series in one.series}


def test_credit_is_weighed_by_advantage(read):
    run = read(
        row(1, advantage=-3.0), row(1, advantage=-1.0, confirmed="none"), row(2, advantage=1.0), row(2, advantage=0.0), short(2, advantage=-1.0)
    )  # fmt: skip
    assert values(chart(run, "proof")) == {
        "proven": {1: 0.75, 2: 0.5}, "a guess": {1: 0.25, 2: 0.0}, "spread evenly": {1: 0.0, 2: 0.5},
    }  # fmt: skip


def test_an_advantage_that_is_no_number_weighs_nothing(read):
    run = read(row(1, advantage=float("nan")), row(1, advantage=-1.0))
    assert values(chart(run, "proof")) == {"proven": {1: 1.0}}


def test_a_steps_phases_and_what_has_no_timer_add_up_to_the_step(read):
    shown = values(chart(read(), "phases"))
    assert shown == {"gen": {1: 6.0, 2: 6.0}, "update_actor": {1: 3.0, 2: 3.0}, "other": {1: 1.0, 2: 1.0}}


def test_validation_is_there_if_verl_validated(read):
    run = read(every_step={"val-core/humaneval/acc/mean@1": 0.5})
    assert values(chart(run, "validation")) == {"humaneval pass@1": {1: 0.5, 2: 0.5}}
    assert "validation" not in [one.key for one in charts([read()])]


def test_a_drawing_has_no_style_of_its_own_and_ids_that_no_other_has(read):
    ids = []
    for one in charts([read(row())]):
        root = ET.fromstring(svg(one))
        assert root.get("role") == "img"
        for element in root.iter():
            assert "style" not in element.attrib
            assert not element.tag.endswith(("}style", "}script", "}metadata"))
            assert "#ab00" not in " ".join(element.attrib.values())
            ids += [element.get("id")] if element.get("id") else []
    assert len(ids) == len(set(ids))


def test_words_name_beginning_end_and_extremes(read):
    assert in_words(chart(read(steps=3), "reward")) == (
        "reward: 0.51 at step 1, 0.53 at step 3; lowest 0.51 at step 1, highest 0.53 at step 3."
    )
    assert in_words(chart(read(steps=1), "reward")) == "reward: 0.51 at step 1."


def test_a_long_run_is_drawn_in_a_bounded_size(read):
    run = read(steps=3_000)
    assert all(len(svg(one)) < 100_000 for one in charts([run]))
    drawn, of = thinned(chart(run, "reward"))
    assert (of, len(drawn.series[0].points)) == (12, 250)
    assert drawn.series[0].points[0] == (7, pytest.approx(0.565))  # the mean of steps 1 to 12


def test_two_runs_share_a_chart_for_each_part(read):
    first, second = read(row(), name="a", steps=3), read(row(), name="b", steps=2)
    shown = {one.title: values(one) for one in charts([first, second])}
    assert shown["Reward"] == {"A: a": {1: 0.51, 2: 0.52, 3: 0.53}, "B: b": {1: 0.51, 2: 0.52}}
    assert set(shown["Time of a step: gen"]) == {"A: a", "B: b"}
    assert all(one.kind == "lines" for one in charts([first, second]))


def test_a_repeated_step_counts_as_it_was_written_last(read, tmp_path):
    run = read(steps=3)
    path = run.path / "metrics.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1].replace("0.52", "0.9")]) + "\n")
    assert dict(read_run(run.path).series("critic/score/mean")) == {1: 0.51, 2: 0.9}


def test_rows_of_verls_own_file_logger_are_read_too(read):
    run = read()
    (run.path / "metrics.jsonl").write_text(
        '{"step": 4, "data": {"critic/score/mean": 0.25, "timing_s/step": 1, "odd": NaN}}\n'
    )
    again = read_run(run.path)
    assert (again.steps, again.series("critic/score/mean"), again.names("odd")) == ([4], [(4, 0.25)], [])


def test_the_debuggers_table_sums_counts_and_takes_the_median_of_latencies(read):
    assert debugger(read()) == []
    asked = {"egca/debugger/asked": 3.0, "egca/debugger/latency_p50": 0.5, "egca/debugger/skipped/no_variance": 2.0}
    table = dict(debugger(read(every_step=asked)))
    assert table == {"asked": "6", "latency, median of the steps' medians, s": "0.50", "skipped: no variance": "4"}


def test_slowest_and_failed_localizations_point_at_their_samples(read):
    slow = row(1, "slow")
    slow["evidence"] = slow["evidence"] | {"cpu_ms": 900}
    asked = row(1, "asked", debugger={"outcome": "timeout", "latency_s": 4.0})
    lost = row(1, "lost", not_localized="no_twin", place=[], token_spans=[])
    run = read(row(1, "quick"), slow, asked, lost)
    found = samples([run])
    assert [line.task for line in slowest(found, [run])][:2] == ["asked", "slow"]
    assert all(found[line.sample].record.task_id == line.task for line in slowest(found, [run]))
    assert failures(found) == [("no_twin", 1)]


def test_figures_say_what_they_count(read):
    shown = {figure.name: (figure.value, figure.note) for figure in figures(read(row(), short(), steps=4))}
    assert shown["reward"] == ("0.515 → 0.535", "first and last 2 steps")
    assert shown["failing samples"] == ("2", "1 of them short rows")
    assert shown["credit on proof"] == ("100%", "of failing samples' advantage")


def test_settings_that_only_name_the_runs_own_directory_are_counted_and_not_listed(read):
    runs = [read(name="a"), read(name="b", config={"egca": {"soft": 0.5}})]
    rows, own = differences(runs)
    assert ("egca.soft", "0.0", "0.5") in rows
    assert ("algorithm.adv_estimator", "egca", "not set") in rows
    assert "trainer.default_local_dir" not in {key for key, *_ in rows}
    assert own == 1
