"""The numbers of nodes and GPUs of a training command, from its ``--dry-run``.

    bash RECIPE ... --dry-run | python -m verl_egca.cluster.needs

prints ``nodes=2 gpus=8 devices=yes`` for a shell: nodes for training, GPUs on each, and whether these are devices or,
on the CPU, names for processes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import yaml

_HEADING = "\n# the resolved config\n"


def needs(config: Mapping[str, Any]) -> tuple[int, int]:
    """(nodes, GPUs per node) of the trainer, plus those of rollout servers on separate nodes.

    Raises:
        ValueError: rollout and trainer differ in GPUs per node.
    """
    trainer, rollout = config["trainer"], config["actor_rollout_ref"]["rollout"]
    nodes, gpus = int(trainer["nnodes"]), int(trainer["n_gpus_per_node"])
    if config["trainer"]["v1"]["trainer_mode"].endswith("separate_async"):
        own = int(rollout["n_gpus_per_node"])
        if own != gpus:
            raise ValueError(
                f"actor_rollout_ref.rollout.n_gpus_per_node={own} and trainer.n_gpus_per_node={gpus} differ: the nodes of "
                "one job are alike"
            )
        nodes += int(rollout["nnodes"])
    return nodes, gpus


def main() -> int:
    _, found, text = sys.stdin.read().partition(_HEADING)
    if not found:
        print("needs: the input holds no resolved config; it must be what --dry-run prints", file=sys.stderr)
        return 2
    config = yaml.safe_load(text)
    try:
        nodes, gpus = needs(config)
    except (KeyError, ValueError) as error:
        print(f"needs: {error}", file=sys.stderr)
        return 2
    devices = config["actor_rollout_ref"]["rollout"]["name"] != "hf_cpu"
    print(f"nodes={nodes} gpus={gpus} devices={'yes' if devices else 'no'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
