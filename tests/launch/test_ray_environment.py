"""Which Ray a run's trainer finds, and what its workers on other nodes get to know."""

import json

import pytest

from verl_egca.launch.ray_environment import ray_environment

OWN = {"EGCA_RUN_DIR": "/runs/one"}


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setenv("EGCA_RAY_ADDRESS", "10.0.0.1:6000")


def along():
    return json.loads(ray_environment("/tmp/own", OWN)["RAY_JOB_CONFIG_JSON_ENV_VAR"])["runtime_env"]["env_vars"]


def test_a_run_has_a_ray_of_its_own_whatever_cluster_is_near(monkeypatch):
    monkeypatch.delenv("EGCA_RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6000")
    assert ray_environment("/tmp/own", OWN) == {**OWN, "RAY_ADDRESS": "local", "RAY_TMPDIR": "/tmp/own"}


def test_a_given_cluster_is_used_and_its_folders_are_its_own(cluster):
    environment = ray_environment("/tmp/own", OWN)
    assert environment["RAY_ADDRESS"] == "10.0.0.1:6000"
    assert "RAY_TMPDIR" not in environment


def test_workers_on_other_nodes_get_the_recipes_and_the_runs_variables(cluster, monkeypatch):
    monkeypatch.setenv("VERL_PLATFORM", "cpu")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("EGCA_DEBUGGER_URL", "http://n3:1")
    monkeypatch.setenv("SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK", "0")
    wanted = {"VERL_PLATFORM": "cpu", "OMP_NUM_THREADS": "1", "EGCA_DEBUGGER_URL": "http://n3:1", **OWN}
    wanted["SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK"] = "0"
    assert wanted.items() <= along().items()


def test_secrets_are_no_part_of_the_jobs_description(cluster, monkeypatch):
    for name in ("RAY_AUTH_TOKEN", "HF_TOKEN", "WANDB_API_KEY", "EGCA_DEBUGGER_API_KEY"):
        monkeypatch.setenv(name, "secret")
    assert "secret" not in along().values()
