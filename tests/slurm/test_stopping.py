"""Jobs that are stopped, requeue themselves and go on: the CPU recipe on two nodes by a signal, and one by its time limit."""

import re

import pytest

from ..loop.recipe import SMALL
from .jobs import Process

pytestmark = pytest.mark.slurm

STEPS = 2


@pytest.fixture(scope="module")
def stopped_run(slurm, run_name):
    """A two-node training that is asked to stop in its first step, and goes on by itself until it is done.

    verl would save its first checkpoint after the last step only.
    """
    job = slurm.submit(
        "--nodelist=n1,n2",
        "--nodes=2",
        name=run_name("training"),
        recipe="recipes/run_egca_cpu.sh",
        arguments=[
            *("DP=2", *SMALL, "egca.localizer=uniform"),
            *(f"trainer.total_training_steps={STEPS}", "trainer.save_freq=1000"),
        ],
    )
    # the ranks are there: training begins or has begun
    job.wait_until(lambda: len(ranks_by_node(job)) == 2 and "ready: Ray on 2 nodes" in job.said())
    job.ranks = ranks_by_node(job)
    slurm.checked("scancel", "--signal=USR1", "--batch", job.number)
    job.wait_until(lambda: "stopped after step" in job.said())
    job.steps_before = len(job.rows())
    job.outcome = job.end()
    return job


def test_each_node_has_a_rank(stopped_run):
    assert sorted(stopped_run.ranks) == ["n1", "n2"]


def test_a_job_that_is_told_to_stop_finishes_its_step_saves_it_and_requeues_itself(stopped_run):
    said = stopped_run.said()
    assert stopped_run.steps_before == 1
    assert "stopped after step 1 as asked, checkpoint saved" in said
    assert "requeued" in said
    assert stopped_run.field("Restarts") == "1"


def test_a_requeued_job_goes_on_after_the_step_that_it_saved_and_finishes(stopped_run):
    assert stopped_run.outcome == ("COMPLETED", 0), stopped_run.said()
    assert "continued after step 1" in stopped_run.said()
    assert [row["step"] for row in stopped_run.rows()] == list(range(1, STEPS + 1))
    assert (stopped_run.run / "done.json").exists()
    assert not (stopped_run.run / "stop").exists()


def test_both_starts_leave_a_log_for_each_node(stopped_run):
    logs = {str(path.relative_to(stopped_run.run / "logs")) for path in stopped_run.run.glob("logs/slurm-*/ray-*.log")}
    number = stopped_run.number
    assert logs == {f"slurm-{number}-{start}/ray-{node}.log" for start in (0, 1) for node in ("n1", "n2")}


def test_nothing_is_left_running(stopped_run):
    assert not stopped_run.processes()


def test_before_its_time_limit_a_job_stops_at_a_step_requeues_itself_and_goes_on_there(limited):
    assert limited.end() == ("COMPLETED", 0), limited.said()
    assert int(limited.field("Restarts")) >= 1
    (stopped, *_) = re.findall(r"stopped after step (\d+) as asked", limited.said())
    assert f"continued after step {stopped}" in limited.said()
    assert [row["step"] for row in limited.rows()] == list(range(1, 201))
    assert not limited.processes()


def ranks_by_node(job):
    """Nodes of the processes that hold an engine's rank, by the Ray node that started each."""
    processes = {process.pid: process for process in Process.all()}
    found = []
    for process in job.processes():
        if process.command.startswith("ray::WorkerDict"):
            node = process
            while "SLURMD_NODENAME" not in node.environment:
                node = processes[node.parent]
            found.append(node.environment["SLURMD_NODENAME"])
    return found
