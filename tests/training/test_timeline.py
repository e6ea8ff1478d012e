"""A step's timeline is valid, its spans nest, and it agrees with the metrics."""

import json
import time

import pytest
from verl.utils.profiler import marked_timer

from verl_egca.gates.mode import Mode
from verl_egca.sample import SampleRecord
from verl_egca.training.metrics import reward_wait
from verl_egca.training.timeline import PhaseTimes, Timeline, TimelineSpan, trace_of


def sample(rollout_ended, reward_ended, worker="a", mode=Mode.LOGIC, **fields):
    times = {"rollout_ended": rollout_ended, "reward_ended": reward_ended}
    return SampleRecord(task_id="t", mode=mode, reward=0.0, response_tokens=9, worker=worker, **times, **fields)


SAMPLES = [
    sample(103.0, 104.0, mode=Mode.CORRECT),
    sample(103.5, 106.0, reward_started=103.75),
    sample(104.0, 104.5, worker="b"),
    sample(105.0, 107.0),
]
PHASES = [TimelineSpan("gen", 100.0, 107.5), TimelineSpan("adv", 107.5, 108.0), TimelineSpan("step", 99.5, 109.0)]


def spans(trace, name=None):
    return [event for event in trace["traceEvents"] if event["ph"] == "X" and name in (None, event["name"])]


def tracks(trace):
    found = {}
    for span in spans(trace):
        found.setdefault((span["pid"], span["tid"]), []).append((span["ts"], span["ts"] + span["dur"]))
    return found


def assert_nested(intervals):
    """Of any two, one holds the other or they do not meet: what a viewer can draw on one track."""
    for place, (start, end) in enumerate(intervals):
        assert end >= start
        for other_start, other_end in intervals[place + 1 :]:
            apart = other_start >= end or start >= other_end
            inside = (start <= other_start and other_end <= end) or (other_start <= start and end <= other_end)
            assert apart or inside, ((start, end), (other_start, other_end))


def test_every_sample_has_its_reward_on_a_lane_of_its_worker():
    trace = json.loads(json.dumps(trace_of(PHASES, [], [(record, "u") for record in SAMPLES])))
    rewards = [span for span in spans(trace) if "args" in span]
    assert [(span["name"], span["ts"], span["dur"]) for span in rewards] == [
        ("CORRECT", 3.5e6, 1e6), ("LOGIC", 4e6, 2.5e6), ("LOGIC", 4.5e6, 0.5e6), ("LOGIC", 5.5e6, 2e6),
    ]  # fmt: skip
    assert [(span["pid"], span["tid"]) for span in rewards] == [(10, 0), (10, 1), (11, 0), (10, 0)]
    assert rewards[0]["args"]["task_id"] == "t"
    (waits,) = spans(trace, "waits for a thread")
    assert (waits["pid"], waits["tid"], waits["ts"], waits["dur"]) == (10, 1, 4e6, 0.25e6)
    for intervals in tracks(trace).values():
        assert_nested(intervals)


def test_the_counters_begin_with_all_rollouts_and_end_with_nothing_left():
    trace = trace_of(PHASES, [], [(record, "u") for record in SAMPLES])
    for name, first in (("rollouts unfinished", 4), ("rewards unfinished", 1)):
        values = [event["args"]["samples"] for event in trace["traceEvents"] if event["name"] == name]
        assert (values[0], values[-1], min(values)) == (first, 0, 0)


def test_verls_own_marks_become_phases_that_nest_and_last_as_long_as_its_metrics_say():
    marks = PhaseTimes({})
    with marked_timer("step", marks):
        for _ in range(2):  # two local updates add up in one entry
            with marked_timer("gen", marks):
                time.sleep(0.02)
            with marked_timer("adv", marks), marked_timer("inner", marks):
                time.sleep(0.01)
    trace = trace_of(marks.intervals, [], [])
    assert [span["name"] for span in spans(trace)] == ["step", *["gen", "adv", "inner"] * 2]
    for name, seconds in marks.items():
        assert sum(span["dur"] for span in spans(trace, name)) == pytest.approx(seconds * 1e6, abs=2_500)
    assert_nested(tracks(trace)[1, 1])


def test_the_critical_path_track_adds_up_to_the_metric(tmp_path):
    timeline = Timeline(tmp_path / "timeline", [3])
    timeline.begin()
    with timeline.own_work("records"):
        time.sleep(0.01)
    timeline.waited(reward_wait(SAMPLES))
    timeline.add(3, [*SAMPLES, None], "uuuuu")
    timeline.write(3, PHASES)
    trace = json.loads((tmp_path / "timeline/step-3.json").read_text())
    on_track = [span for span in spans(trace) if (span["pid"], span["tid"]) == (1, 2)]
    assert {span["name"] for span in on_track} == {"records", "rewards"}
    assert sum(span["dur"] for span in on_track) == pytest.approx(timeline.critical_path_s * 1e6, abs=1)
    (wait,) = spans(trace, "rewards")
    assert (wait["ts"] / 1e6 + trace["otherData"]["epoch_s"], wait["dur"]) == (105.0, 2e6)


def test_a_step_that_nobody_asked_for_writes_nothing_and_leaves_nothing_to_the_next(tmp_path):
    timeline = Timeline(tmp_path / "timeline", [3])
    for step in (2, 3):
        timeline.begin()
        timeline.waited(TimelineSpan("rewards", 1.0, 2.0))
        timeline.add(step, SAMPLES, "uuuu")
        timeline.write(step, PHASES)
    assert [path.name for path in (tmp_path / "timeline").iterdir()] == ["step-3.json"]
    trace = json.loads((tmp_path / "timeline/step-3.json").read_text())
    assert len(spans(trace, "rewards")) == 1


def test_a_step_without_samples_has_a_timeline():
    assert [span["name"] for span in spans(trace_of(PHASES, [], []))] == ["step", "gen", "adv"]
