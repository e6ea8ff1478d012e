"""What the nodes of a cluster lean on inside Ray, by file and line."""

import pytest

from ..upstream import Relied

NODE = "verl_egca/cluster/node.py"

RELIED = [
    Relied("ray/scripts/scripts.py", 1085, "Ray runtime started.", NODE),
    Relied("ray/scripts/scripts.py", 1250, "Ray runtime started.", NODE),
    Relied("ray/_private/node.py", 683, "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S", NODE),
    Relied("ray/scripts/scripts.py", 920, "if has_ray_client and ray_client_server_port is None:", NODE),
    Relied(
        "ray/_private/worker.py", 1789, "if RAY_JOB_CONFIG_JSON_ENV_VAR in os.environ:", "launch/ray_environment.py"
    ),
    Relied(
        "verl/trainer/ppo/v1/trainer_base.py", 466, "self.global_steps <= self.total_training_steps", "training/stop.py"
    ),
    Relied("verl/trainer/ppo/v1/trainer_base.py", 486, "self.on_step_end()", "training/stop.py"),
]


@pytest.mark.parametrize("relied", RELIED, ids=str)
def test_upstream_is_as_the_cluster_expects_it(relied):
    relied.check()
