"""The GPU recipes, as far as a machine without one can tell: each composes against the installed verl, in each method."""

import ast
import functools
import importlib.util
import shlex
import subprocess
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from verl_egca.launch.dry_run import BadCommand, check, compose

ROOT = Path(__file__).parents[2]
RECIPES = ["deepseek6.7b", "qwen1.5b", "qwen7b_fsdp2", "stdin"]


def run(recipe, *arguments):
    command = ["bash", f"recipes/run_egca_{recipe}.sh", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@functools.cache
def config_of(recipe, *arguments):
    """The config that the recipe's own command composes to, as flat ``key: value``."""
    done = run(recipe, "--command", *arguments)
    assert done.returncode == 0, done.stderr
    composed = checked(done.stdout)
    return dict(flat(OmegaConf.to_container(composed, resolve=True)))


def checked(command):
    config = compose(shlex.split(command.replace("\\\n", "")))
    check(config)
    return config


def flat(value, path=""):
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


def differences(one, other):
    return {key: (one.get(key), other.get(key)) for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


@pytest.mark.parametrize("method", ["egca", "ppo"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_composes_with_and_without_a_critic_and_verl_accepts_it(recipe, method):
    config = config_of(recipe, f"METHOD={method}")
    assert config["trainer.v1.trainer_mode"] == "egca_sync"
    assert config["reward.reward_manager.name"] == "egca"


@pytest.mark.parametrize(
    ("method", "switched"),
    [
        ("grpo", {"algorithm.adv_estimator": ("egca", "grpo"), "egca.localizer": ("egca", "uniform")}),
        ("executed", {"egca.localizer": ("egca", "executed")}),
        ("random", {"egca.localizer": ("egca", "random")}),
        ("late", {"egca.localizer": ("egca", "late")}),
        ("soft", {"egca.soft": (0.0, 0.5)}),
        ("correct_only", {"egca.localizer": ("egca", "uniform"), "egca.negative_weight": (1.0, 0)}),
        ("w_reinforce", {"egca.localizer": ("egca", "uniform"), "egca.positive_weight": (1.0, 0.1)}),
        ("entropy", {"egca.localizer": ("egca", "uniform"), "egca.entropy_share": (1.0, 0.2)}),
    ],
)
def test_a_method_differs_from_egca_by_its_switch_alone(method, switched):
    egca, other = config_of("deepseek6.7b", "METHOD=egca"), config_of("deepseek6.7b", f"METHOD={method}")
    if method != "soft":  # the others ask no debugger
        switched = switched | {"egca.debugger.urls": (["http://127.0.0.1:30000"], [])}
    assert differences(egca, other) == switched


PAPER = {
    "egca.localizer": ("egca", "debugger"),
    "egca.span_weight": ("grpo", "full"),
    "egca.failing_case": ("shortest", "first"),
    "egca.granularity": ("expression", "statement"),
    "egca.runtime_errors": ("cause", "reported"),
    "egca.gates.comparability": ("unproven", "paper"),
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_papers_rule_is_the_same_few_settings_in_every_recipe(recipe):
    served = "DEBUGGER_URL=http://127.0.0.1:30000"
    assert differences(config_of(recipe, served), config_of(recipe, served, "METHOD=paper")) == PAPER


def test_the_papers_rule_without_a_debugger_blames_the_first_divergence_and_says_so():
    egca, paper = config_of("qwen1.5b", "DEBUGGER=0"), config_of("qwen1.5b", "DEBUGGER=0", "METHOD=paper")
    assert differences(egca, paper) == PAPER | {"egca.localizer": ("egca", "trace")}
    assert "METHOD=paper without a debugger" in run("qwen1.5b", "--command", "DEBUGGER=0", "METHOD=paper").stderr


@pytest.mark.parametrize("recipe", RECIPES)
def test_ppo_adds_a_critic_and_leaves_the_policys_side_alone(recipe):
    changed = differences(config_of(recipe, "METHOD=egca", "DEBUGGER=0"), config_of(recipe, "METHOD=ppo"))
    assert {key for key in changed if not key.startswith("critic.")} == {"algorithm.adv_estimator", "egca.localizer"}
    policy, critic = (
        config_of(recipe, "METHOD=ppo"),
        {key.removeprefix("critic."): value for key, (_, value) in changed.items()},
    )
    assert critic["model.path"] == policy["actor_rollout_ref.model.path"]
    if policy["actor_rollout_ref.actor.strategy"] == "megatron":
        size = "megatron.tensor_model_parallel_size"
        assert policy[f"critic.{size}"] == policy[f"actor_rollout_ref.actor.{size}"]


def test_the_deepseek_recipe_is_the_papers_set_up():
    config = config_of("deepseek6.7b")
    actor, rollout = "actor_rollout_ref.actor", "actor_rollout_ref.rollout"
    assert config["actor_rollout_ref.model.path"] == "deepseek-ai/deepseek-coder-6.7b-instruct"
    assert config["trainer.nnodes"] * config["trainer.n_gpus_per_node"] == 8
    assert config[f"{actor}.strategy"] == "megatron"
    assert config[f"{rollout}.n"] == 16
    assert config[f"{actor}.optim.lr"] == 5e-7
    assert config[f"{actor}.optim.optimizer"] == "adam"  # Megatron's Adam decouples the weight decay
    assert config[f"{actor}.use_kl_loss"] is True
    assert config[f"{actor}.kl_loss_coef"] == 0.05
    assert [config[f"{actor}.clip_ratio{end}"] for end in ("", "_low", "_high")] == [0.2] * 3
    assert config["trainer.total_epochs"] == 3
    assert config[f"{rollout}.name"] == "sglang"
    assert config_of("deepseek6.7b", "ROLLOUT=vllm")[f"{rollout}.name"] == "vllm"


@pytest.mark.parametrize("of", ["actor_rollout_ref.actor", "actor_rollout_ref.ref", "critic"])
def test_the_deepseek_recipe_gives_the_rope_to_each_model_that_megatron_builds(of):
    config = config_of("deepseek6.7b", "METHOD=ppo")
    override = f"{of}.megatron.override_transformer_config"
    assert config[f"{override}.seq_len_interpolation_factor"] == 4.0
    assert config[f"{override}.rotary_base"] == 100000


@pytest.mark.parametrize("recipe", ["deepseek6.7b", "stdin"])
def test_every_key_that_is_added_to_megatrons_config_is_one_of_its_fields(recipe):
    known = fields("megatron.core", "transformer/transformer_config.py") | fields(
        "megatron.core", "model_parallel_config.py"
    )
    known |= fields("megatron.bridge", "models/gpt_provider.py")
    prefix = "actor_rollout_ref.actor.megatron.override_transformer_config."
    added = {key.removeprefix(prefix) for key in config_of(recipe) if key.startswith(prefix)}
    assert added
    assert added <= known


def fields(package, file):
    spec = importlib.util.find_spec(package.split(".")[0])
    folder = Path(next(iter(spec.submodule_search_locations))) / package.split(".")[1]
    tree = ast.parse((folder / file).read_text())
    return {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("TPP=2", "TPP: there is no such setting"),
        ("METHOD=sft", "choose egca, paper, grpo, executed"),
        ("--fast", "known flags are --dry-run"),
    ],
)
def test_a_wrong_argument_is_said_with_status_2(argument, said):
    done = run("deepseek6.7b", "--command", argument)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("TP=3", "can't be shared out among tensor 3"),
        ("ROLLOUT_TP=3", "rollout.tensor_model_parallel_size=3"),
        ("TOKENS_PER_GPU=1000", "holds no sequence of"),
        ("egca.localiser=egca", "Key 'localiser' is not in struct"),
        ("egca.localizer=best", "egca.localizer: "),
    ],
)
def test_a_config_that_would_be_refused_later_is_refused_by_the_dry_run(argument, said):
    with pytest.raises(BadCommand, match=said):
        checked(run("deepseek6.7b", "--command", argument).stdout)


def test_a_dry_run_prints_the_command_and_the_resolved_config():
    done = run("deepseek6.7b", "--dry-run", "RUN=mine", "trainer.total_training_steps=7")
    assert done.returncode == 0, done.stderr
    command, _, config = done.stdout.partition("# the resolved config\n")
    assert "actor_rollout_ref.actor.optim.lr=5e-7 \\\n" in command
    resolved = OmegaConf.create(config)
    assert resolved.trainer.total_training_steps == 7
    assert resolved.egca.run_dir.endswith("runs/mine")
    assert not (ROOT / "runs/mine").exists()


def test_a_dry_run_of_a_bad_config_ends_with_status_2_and_prints_no_config():
    done = run("deepseek6.7b", "--dry-run", "egca.localizer=best")
    assert done.returncode == 2
    assert "egca.localizer: " in done.stderr
    assert done.stdout == ""


def test_help_lists_the_settings_with_their_defaults():
    shown = run("deepseek6.7b", "--help").stdout
    assert "8 x A100 80 GB" in shown
    assert "GROUP=16 " in shown
    assert "METHOD=egca " in shown
