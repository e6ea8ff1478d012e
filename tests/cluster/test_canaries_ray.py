"""What the nodes of a cluster lean on inside Ray."""

import pytest

from verl_egca.training.upstream import Relied

RELIED = [
    Relied("ray/actor.py", "_modify_class.Class.__ray_call__", "training/evidence_store.py asks the reward workers by it", takes=("fn",)),
    Relied("ray/scripts/scripts.py", "start", "verl_egca/cluster/node.py", holds="Ray runtime started."),
    Relied("ray/_private/node.py", "Node._drain_node_before_shutdown", "verl_egca/cluster/node.py", holds="RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"),
    Relied("ray/scripts/scripts.py", "start", "verl_egca/cluster/node.py", holds="if has_ray_client and ray_client_server_port is None:"),
    Relied("ray/_private/worker.py", "init", "launch/ray_environment.py", holds="if RAY_JOB_CONFIG_JSON_ENV_VAR in os.environ:"),
]  # fmt: skip


@pytest.mark.parametrize("relied", RELIED, ids=str)
def test_ray_still_has(relied):
    assert relied.lacks() is None
