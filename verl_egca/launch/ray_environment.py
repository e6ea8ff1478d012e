"""Where a run's Ray is: started with the run and for it alone, or a cluster whose address is given."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

CLUSTER = "EGCA_RAY_ADDRESS"  # host:port of a cluster's head, as `ray start` prints it

# A cluster's workers inherit the environment of the node that starts them, not that of the trainer: these go with it.
_GOES_ALONG = ("EGCA_", "VERL_", "HF_", "NCCL_", "SGLANG_", "TORCHDYNAMO_")
_GOES_ALONG_BY_NAME = (
    *("CUDA_DEVICE_MAX_CONNECTIONS", "HYDRA_FULL_ERROR", "OMP_NUM_THREADS", "PYTHONPATH", "PYTHONUNBUFFERED"),
    *("TOKENIZERS_PARALLELISM",),
)
_STAYS = ("EGCA_DEBUGGER_API_KEY", "HF_TOKEN", CLUSTER)  # a secret is no part of a job's description


def ray_environment(own_folder: str, own: Mapping[str, str]) -> dict[str, str]:
    """What the trainer finds in its environment so that Ray is the right one.

    Args:
        own_folder: for the sockets of a Ray of the run's own.
        own: variables that are for this run, besides ``os.environ``.
    """
    address = os.environ.get(CLUSTER)
    if not address:
        return {**own, "RAY_ADDRESS": "local", "RAY_TMPDIR": own_folder}
    along = {name: value for name, value in (os.environ | own).items() if _goes_along(name)}
    return {
        **own,
        "RAY_ADDRESS": address,
        # Ray's own way to give a job an environment from outside (ray/_private/worker.py); it appears in no log
        "RAY_JOB_CONFIG_JSON_ENV_VAR": json.dumps({"runtime_env": {"env_vars": along}}),
        # what verl sets for its workers itself stays as verl sets it
        "RAY_OVERRIDE_JOB_RUNTIME_ENV": "1",
    }


def _goes_along(name: str) -> bool:
    return (name.startswith(_GOES_ALONG) or name in _GOES_ALONG_BY_NAME) and name not in _STAYS
