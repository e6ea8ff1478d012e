"""`recipes/slurm/run_egca.sbatch` on a real SLURM, around a recipe that trains nothing: nodes, servers, ends."""

import os
import signal

import pytest

from .jobs import PROGRAM, ROOT, SBATCH, Process

pytestmark = pytest.mark.slurm

FOREVER = "STEPS=1000000"
FAKE_DEBUGGER = f'exec "{ROOT}/.venv/bin/python" "{ROOT}/tests/slurm/recipe/fake_debugger.py" $HOST $PORT'


def ranks_of(job):
    return [rank for row in job.rows() for rank in row["ranks"]]


@pytest.fixture(scope="module")
def served_and_plain(slurm, run_name):
    """Two jobs at the same time, on the same nodes; the first has a debugger's server on the third one."""
    served = slurm.submit(
        "--nodes=3",
        name=run_name("served"),
        arguments=["DEBUGGER_NODES=1", f"DEBUGGER_COMMAND={FAKE_DEBUGGER}", "CONTAINER=env IN_CONTAINER=yes", FOREVER],
    )
    plain = slurm.submit("--nodelist=n1,n2", "--nodes=2", name=run_name("plain"), arguments=[FOREVER])
    try:
        for job in (served, plain):
            job.wait_until(lambda job=job: len(job.rows()) > 2)
        yield served, plain
    finally:
        for job in (served, plain):
            slurm.run("scancel", job.number)


@pytest.fixture(scope="module")
def while_both_ran(served_and_plain):
    """The processes of the two jobs while both ran."""
    return [job.processes() for job in served_and_plain]


def test_two_jobs_on_the_same_nodes_do_not_meet(served_and_plain):
    for job in served_and_plain:
        found = ranks_of(job)
        assert {rank["node"] for rank in found} == {"n1", "n2"}
        assert {rank["job"] for rank in found} == {job.number}


def test_each_node_has_its_rank(served_and_plain):
    for job in served_and_plain:
        for row in job.rows():
            assert sorted(rank["node"] for rank in row["ranks"]) == ["n1", "n2"]


def test_the_trainers_environment_reaches_every_node(served_and_plain):
    for job in served_and_plain:
        assert {rank["run"] for rank in ranks_of(job)} == {str(job.run)}


def test_every_node_asks_the_debuggers_server_on_the_node_that_was_chosen_for_it(served_and_plain):
    served, plain = served_and_plain
    assert {rank["debugger"] for rank in ranks_of(served)} == {'{"data": [{"id": "fake on n3"}]}'}
    assert {rank["debugger"] for rank in ranks_of(plain)} == {None}


def test_the_containers_line_goes_before_what_runs_on_the_nodes(served_and_plain):
    served, plain = served_and_plain
    assert {rank["container"] for rank in ranks_of(served)} == {"yes"}
    assert {rank["container"] for rank in ranks_of(plain)} == {None}


def test_rays_token_is_one_a_job_and_in_no_log_and_no_command_line(served_and_plain, while_both_ran):
    tokens = []
    for job, processes in zip(served_and_plain, while_both_ran, strict=True):
        found = {process.environment.get("RAY_AUTH_TOKEN") for process in processes} - {None}
        assert len(found) == 1
        tokens += found
        files = [job.output, *(path for path in job.run.rglob("*") if path.is_file())]
        assert not [path for path in files if tokens[-1] in path.read_text(errors="replace")]
    commands = [process.command for process in Process.all()]
    assert not [command for command in commands if any(token in command for token in tokens)]
    assert tokens[0] != tokens[1]
    assert len(tokens[0]) == 64


def test_a_killed_ray_node_ends_its_job_and_is_named_and_the_other_job_goes_on(served_and_plain, while_both_ran):
    served, plain = served_and_plain
    before = while_both_ran[1]
    (raylet,) = [p for p in before if "raylet/raylet" in p.command.split(" ")[0] and on(p) == "n2"]
    os.kill(raylet.pid, signal.SIGKILL)
    state, status = plain.end()
    assert (state, status) == ("FAILED", 1), plain.said()
    assert "the Ray node on n2 ended by itself" in plain.said()
    assert "n1 ended" not in plain.said()
    assert not [process for process in before if process.alive()]
    seen = len(served.rows())
    served.wait_until(lambda: len(served.rows()) > seen)


def test_scancel_leaves_nothing(slurm, served_and_plain, while_both_ran):
    served, before = served_and_plain[0], while_both_ran[0]
    assert {on(process) for process in before} == {"n1", "n2", "n3"}
    slurm.checked("scancel", served.number)
    assert served.end()[0] == "CANCELLED"
    assert not [process for process in before if process.alive()]
    assert not served.processes()
    assert not (served.run / "done.json").exists()


def test_a_job_array_makes_a_run_for_each_seed(slurm, run_name):
    jobs = slurm.submit("--array=3-4", name=run_name("seeds"))
    for seed in ("3", "4"):
        run = jobs.run.with_name(f"{jobs.run.name}-seed{seed}")
        one = type(jobs)(slurm, f"{jobs.number}_{seed}", run, jobs.output)
        one.wait_until(lambda run=run: (run / "done.json").exists())
        assert one.end() == ("COMPLETED", 0)
        assert {rank["seed"] for rank in ranks_of(one)} == {seed}


def test_a_server_that_does_not_answer_and_a_node_that_does_not_start_are_named(slurm, run_name):
    silent = slurm.submit(
        "--nodelist=n1,n2",
        "--nodes=2",
        name=run_name("silent"),
        arguments=["DEBUGGER_NODES=n1", "DEBUGGER_COMMAND=sleep 600", "READY_TIMEOUT=20"],
    )
    broken = slurm.submit("--nodelist=n3", name=run_name("broken"), arguments=["RAY_OBJECT_STORE_BYTES=1"])
    for job, message in (
        (silent, "n1: its server does not answer, after 20 s"),
        (broken, "the Ray node on n3 did not start"),
    ):
        assert job.end() == ("FAILED", 1), job.said()
        assert message in job.said()
        assert not job.rows()
        assert not job.processes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["recipes/run_egca_cpu.sh", "DP=2", "egca.budget=1"], "egca.budget"),
        (["recipes/run_egca_cpu.sh", "DP=2", "LAYOUT=3"], "LAYOUT"),
        (["recipes/run_egca_cpu.sh", "DP=3"], "NNODES=2"),
        (["recipes/run_egca_deepseek6.7b.sh", "GRUOP=8"], "GRUOP"),
        (["recipes/none.sh"], "recipes/none.sh"),
        ([PROGRAM, "NNODES=1"], "--nodes"),
        ([PROGRAM, "DEBUGGER_NODES=2"], "no node for training"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_wrong_arguments_fail_before_the_queue(slurm, arguments, words):
    before = slurm.all_jobs()
    done = slurm.run("bash", SBATCH, "--nodes=2", "--", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert slurm.all_jobs() == before


def test_wrong_arguments_that_came_by_sbatch_end_the_job_at_its_start(slurm, run_name):
    job = slurm.submit(name=run_name("wrong"), arguments=["egca.budget=1"])
    assert job.end() == ("FAILED", 2)
    assert "bad command: egca.budget=1" in job.said()
    assert not job.run.exists()


def test_sbatch_accepts_the_script_and_its_options(slurm):
    options = ["--nodes=2", "--gpus-per-node=8", "--array=0-4", "--time=24:00:00"]
    tested = slurm.run("sbatch", "--test-only", *options, SBATCH, "recipes/run_egca_deepseek6.7b.sh")
    assert tested.returncode == 0, tested.stderr
    assert "to start at" in tested.stderr


def test_arguments_that_pass_the_checks_go_to_sbatch_with_its_options(slurm):
    before = slurm.all_jobs()
    options = ["--test-only", "--nodes=3", "--gpus-per-node=8", "--time=24:00:00"]
    tested = slurm.run("bash", SBATCH, *options, "--", "recipes/run_egca_deepseek6.7b.sh", "DEBUGGER_NODES=1")
    assert tested.returncode == 0, tested.stderr
    assert "to start at" in tested.stderr
    assert slurm.all_jobs() == before


def on(process):
    """The node that a process of a job runs on: its own environment may be overwritten, an ancestor's is not."""
    by_pid = {one.pid: one for one in Process.all()}
    while process is not None and "SLURMD_NODENAME" not in process.environment:
        process = by_pid.get(process.parent)
    return process and process.environment["SLURMD_NODENAME"]
