"""What verl and the recipes name inside the pinned Megatron and servers is there; their sources are read, not run."""

import importlib.util
from pathlib import Path

import pytest

from .source_names import Import, Sources, imports_of

ROOT = Path(__file__).parents[2]
VERL = Path(importlib.util.find_spec("verl").submodule_search_locations[0])


def missing(folder, package, sources, known):
    """Imports that the sources don't meet: files with what they want. ``known`` are looked for as well."""
    lost = {
        (one.file, f"{one.module} {one.name}".strip()) for one in imports_of(folder, {package}) if not sources.has(one)
    }
    return lost - set(known), set(known) - lost


@pytest.fixture(scope="module")
def megatron(servers):
    return Sources(servers / "megatron")


def test_all_that_verl_imports_from_megatron_is_in_the_pinned_releases_but_two_options_of_its_own(megatron):
    known = {
        # trainer config's checkpoint.async_save=True fails when it saves; no recipe sets it
        (
            "utils/checkpoint/megatron_checkpoint_manager.py",
            "megatron.core.dist_checkpointing.strategies.base async_calls",
        ),
        # dynamic_context_parallel=True is refused at start-up, in words; no recipe sets it
        ("utils/dynamic_cp_scheduler.py", "megatron.core.datasets.data_schedule DefaultDynamicCPScheduler"),
    }
    assert missing(VERL, "megatron", megatron, known) == (set(), set())


def test_a_name_that_is_not_there_is_missed(megatron):
    assert megatron.has(Import("a.py", 1, "megatron.core.parallel_state", "get_tensor_model_parallel_rank"))
    assert not megatron.has(Import("a.py", 1, "megatron.core.parallel_state", "get_tensor_model_parallel_tank"))
    assert not megatron.has(Import("a.py", 1, "megatron.core.parallel_estate"))


_PATCH = "vllm.model_executor.model_loader.checkpoint_weight_patch"
ROLLOUT_KNOWN = {
    "sglang": {
        # before SGLang 0.5.10
        ("async_sglang_server.py", "sglang.srt.entrypoints.http_server _launch_subprocesses"),
        # enable_rollout_routing_replay=True, for mixtures of experts; no recipe sets it
        (
            "async_sglang_server.py",
            "sglang.srt.layers.moe.routed_experts_capturer extract_routed_experts_from_meta_info",
        ),
        # the second choice of a try
        ("sglang_rollout.py", "sglang.srt.model_executor.model_runner_components.weight_updater LocalSerializedTensor"),
    },
    "vllm": {
        # the delta weight transfer's patches, of a later release; under TYPE_CHECKING and in a try. No recipe uses it
        ("delta_weight_transfer.py", f"{_PATCH} CheckpointWeightPatch"),
        ("delta_weight_transfer.py", f"{_PATCH} load_checkpoint_weight_patches"),
    },
}


@pytest.mark.parametrize("engine", ["sglang", "vllm"])
def test_all_that_verls_rollout_imports_from_the_pinned_server_is_there_but_what_no_recipe_reaches(servers, engine):
    sources = Sources(servers / engine / "lib" / "python3.11" / "site-packages")
    folder = VERL / "workers" / "rollout" / f"{engine}_rollout"
    assert missing(folder, engine, sources, ROLLOUT_KNOWN[engine]) == (set(), set())


@pytest.fixture(scope="module")
def overrides(recipe):
    """Keys of Megatron's TransformerConfig that the recipe sets for its actor."""
    return set(recipe("sglang").actor_rollout_ref.actor.megatron.override_transformer_config)


def test_every_transformer_override_of_the_recipe_is_a_field_of_the_pinned_bridges_provider(megatron, overrides):
    fields = megatron.fields("megatron.bridge.models.gpt_provider", "GPTModelProvider")
    assert {"seq_len_interpolation_factor", "rotary_base", "recompute_granularity"} <= overrides
    assert overrides - fields == set()
    assert "rotary_phase" not in fields


def test_the_pinned_bridge_maps_linear_rope_scaling_and_its_base(megatron):
    folder = megatron.folder / "megatron" / "bridge" / "models"
    assert (
        "provider.seq_len_interpolation_factor = hf_rope_scaling" in (folder / "llama" / "llama_bridge.py").read_text()
    )


def test_the_bridge_imports_none_of_the_packages_whose_requirement_is_set_aside(megatron):
    packages = {"flashinfer", "open_clip", "fast_hadamard_transform"}
    assert list(imports_of(megatron.folder / "megatron" / "bridge", packages)) == []
    assert list(imports_of(megatron.folder / "megatron" / "core", {"flashinfer"}))  # guarded there: control


def test_the_released_megatron_is_the_pinned_one(servers):
    pinned = (ROOT / "scripts" / "requirements-gpu.txt").read_text().splitlines()
    for name in ("megatron_core", "megatron_bridge"):
        (found,) = (servers / "megatron").glob(f"{name}-*.dist-info")
        assert f"{name.replace('_', '-')}=={found.name.split('-')[1].removesuffix('.dist')}" in pinned
