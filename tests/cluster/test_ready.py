"""What a job says about nodes that are not as they should be, and what a training asks of nodes."""

import pytest

from verl_egca.cluster.needs import needs
from verl_egca.cluster.ready import lacking


def ray_node(name, alive=True, **resources):
    return {"Labels": {"slurm-node": name}, "Alive": alive, "Resources": resources}


def config(mode="egca_sync", rollout_gpus=8):
    return {
        "trainer": {"nnodes": 2, "n_gpus_per_node": 8, "v1": {"trainer_mode": mode}},
        "actor_rollout_ref": {"rollout": {"nnodes": 1, "n_gpus_per_node": rollout_gpus}},
    }


def test_nothing_lacks_when_every_node_is_alive_with_its_gpus():
    assert lacking([ray_node("n1", GPU=8.0), ray_node("n2", GPU=8.0)], ["n1", "n2"], 8) == []


def test_a_node_that_is_not_there_or_has_died_is_named():
    assert lacking([ray_node("n1", GPU=8.0)], ["n1", "n2"], 8) == ["n2: its Ray node is not there"]
    assert lacking([ray_node("n2", alive=False, GPU=8.0)], ["n2"], 8) == ["n2: its Ray node is not there"]


def test_a_node_with_too_few_gpus_is_named_with_both_numbers():
    assert lacking([ray_node("n1", GPU=7.0)], ["n1"], 8) == ["n1: its Ray node has 7 of 8 GPUs"]
    assert lacking([ray_node("n1", CPU=4.0)], ["n1"], 1) == ["n1: its Ray node has 0 of 1 GPUs"]


def test_a_training_needs_the_trainers_nodes():
    assert needs(config()) == (2, 8)


def test_a_rollout_apart_from_the_trainer_needs_its_own_nodes_too():
    assert needs(config("egca_separate_async")) == (3, 8)


def test_nodes_of_two_kinds_are_refused():
    with pytest.raises(ValueError, match=r"n_gpus_per_node=4 and trainer\.n_gpus_per_node=8"):
        needs(config("egca_separate_async", rollout_gpus=4))
