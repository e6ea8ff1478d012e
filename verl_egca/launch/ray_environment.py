"""The environment that selects a run's Ray: its own, or a cluster at a given address."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

CLUSTER = "EGCA_RAY_ADDRESS"  # host:port of a cluster's head, as `ray start` prints it

# Passed to a cluster's workers, which otherwise inherit only the environment of their node.
_GOES_ALONG = ("EGCA_", "VERL_", "HF_", "NCCL_", "SGLANG_", "TORCHDYNAMO_")
_GOES_ALONG_BY_NAME = (
    *("CUDA_DEVICE_MAX_CONNECTIONS", "HYDRA_FULL_ERROR", "OMP_NUM_THREADS", "PYTHONPATH", "PYTHONUNBUFFERED"),
    *("TOKENIZERS_PARALLELISM",),
)
_STAYS = ("EGCA_DEBUGGER_API_KEY", "HF_TOKEN", CLUSTER)  # secrets don't belong into a job's description


def ray_environment(own_folder: str, own: Mapping[str, str]) -> dict[str, str]:
    """The trainer's environment.

    Args:
        own_folder: for the sockets of the run's own Ray.
        own: variables for this run, besides ``os.environ``.
    """
    address = os.environ.get(CLUSTER)
    if not address:
        return {**own, "RAY_ADDRESS": "local", "RAY_TMPDIR": own_folder}
    along = {name: value for name, value in (os.environ | own).items() if _goes_along(name)}
    return {
        **own,
        "RAY_ADDRESS": address,
        # Ray's way to set a job's environment from outside (ray/_private/worker.py); it appears in no log
        "RAY_JOB_CONFIG_JSON_ENV_VAR": json.dumps({"runtime_env": {"env_vars": along}}),
        # verl's own variables for its workers take precedence
        "RAY_OVERRIDE_JOB_RUNTIME_ENV": "1",
    }


def _goes_along(name: str) -> bool:
    return (name.startswith(_GOES_ALONG) or name in _GOES_ALONG_BY_NAME) and name not in _STAYS
