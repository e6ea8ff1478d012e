"""The settings under ``egca:``, their YAML, and verl's config with the lines that the README shows."""

import re
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

import verl_egca.config
from verl_egca.config.settings import Settings, SettingsError, parse_settings
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.execution.limits import Limits
from verl_egca.gates.settings import GateSettings
from verl_egca.training.config import settings_of

CONFIG = Path(verl_egca.config.__path__[0])
README = Path(__file__).parents[2] / "README.md"


def test_the_yaml_s_values_are_the_defaults():
    section = yaml.safe_load((CONFIG / "egca.yaml").read_text())["egca"]
    assert parse_settings(section) == Settings()
    assert set(section) == set(Settings.model_fields)  # all of them, so that each can be overridden without a plus
    assert set(section["sandbox"]) == set(Limits.model_fields)
    assert set(section["debugger"]) == set(DebuggerSettings.model_fields)
    assert set(section["gates"]) == set(GateSettings.model_fields)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"localiser": "trace"}, r"egca\.localiser: unknown key; known ones are .*localizer"),
        ({"localizer": "oracle"}, r"egca\.localizer: .*'trace'.*got 'oracle'"),
        ({"unblamed": "moved"}, r"egca\.unblamed: it is egca\.span_weight now: .*'full'"),
        ({"span_weight": "all"}, r"egca\.span_weight: .*'grpo' or 'full'"),
        ({"negative_weight": -1}, r"egca\.negative_weight: .*greater than or equal to 0"),
        ({"entropy_share": 0}, r"egca\.entropy_share: .*greater than 0"),
        ({"soft": 2}, r"egca\.soft: .*less than or equal to 1"),
        ({"sandbox": {"cpu": 1}}, r"egca\.sandbox\.cpu: unknown key; known ones are cpu_seconds"),
        ({"sandbox": {"cpu_seconds": 0}}, r"egca\.sandbox\.cpu_seconds: .*greater than 0"),
        ({"sandbox": {"wall_seconds": -1}}, r"egca\.sandbox\.wall_seconds: .*greater than 0 \(got -1\)"),
        ({"sandbox": {"cpu_seconds": float("inf")}}, r"egca\.sandbox\.cpu_seconds: .*finite"),
        ({"sandbox": {"program_cpu_seconds": 8}}, r"egca\.sandbox\.program_cpu_seconds: .*limits are per case.*remove"),
        ({"sandbox": {"cpu_seconds": "fast"}}, r"egca\.sandbox\.cpu_seconds: .*valid number.*got 'fast'"),
        ({"sandbox": {"memory_bytes": "1G"}}, r"egca\.sandbox\.memory_bytes: .*valid integer.*got '1G'"),
        ({"sandbox": {"memory_bytes": 1}}, r"egca\.sandbox\.memory_bytes: .*greater than or equal to 67108864"),
        ({"sandbox": {"open_files": 40.5}}, r"egca\.sandbox\.open_files: .*fractional"),
        ({"sandbox": {"processes": -1}}, r"egca\.sandbox\.processes: .*greater than or equal to 0"),
        ({"sandbox": {"require": "some"}}, r"egca\.sandbox\.require: .*'full' or 'reduced' \(got 'some'\)"),
        ({"sandbox": {"packages": "numpy"}}, r"egca\.sandbox\.packages: a list is wanted.*got 'numpy'"),
        ({"sandbox": {"packages": ["a b"]}}, r"egca\.sandbox\.packages\.0: the name of a package.*got 'a b'"),
        ({"sandbox": 5}, r"egca\.sandbox: keys with values are wanted, of cpu_seconds.*got 5"),
        ({"debugger": {"url": "http://a"}}, r"egca\.debugger\.url: unknown key; known ones are .*urls"),
        ({"debugger": {"urls": "http://a"}}, r"egca\.debugger\.urls: a list is wanted, such as \[http://host:30000\]"),
        ({"debugger": {"urls": ["a:1"]}}, r"egca\.debugger\.urls\.0: a URL is wanted, .* \(got 'a:1'\)"),
        ({"debugger": {"attempts": 0}}, r"egca\.debugger\.attempts: .*greater than or equal to 1"),
        ({"debugger": {"deadline_s": float("inf")}}, r"egca\.debugger\.deadline_s: .*finite"),
        ({"debugger": "http://a"}, r"egca\.debugger: keys with values are wanted, of answer_tokens"),
        ([1], r"egca: keys with values are wanted \(got \[1\]\)"),
    ],
)
def test_wrong_keys_and_values_are_named_with_the_choices(section, words):
    with pytest.raises(SettingsError, match=words):
        parse_settings(section)


@pytest.mark.parametrize("url", ["http://user:hunter2@host:1", "http://host:1/?key=hunter2", "user:hunter2@host:1"])
def test_a_secret_in_a_debuggers_url_is_refused_and_not_repeated(url):
    with pytest.raises(SettingsError, match=r"egca\.debugger\.urls\.0: .*EGCA_DEBUGGER_API_KEY") as caught:
        parse_settings({"debugger": {"urls": [url]}})
    assert "hunter2" not in str(caught.value)


def test_a_debuggers_url_needs_no_slash_at_its_end():
    urls = parse_settings({"debugger": {"urls": ["http://host:1/", " https://host/v1 "]}}).debugger.urls
    assert urls == ("http://host:1", "https://host/v1")


def test_several_wrong_keys_are_all_named():
    with pytest.raises(SettingsError) as caught:
        parse_settings({"a": 1, "b": 2})
    assert len(str(caught.value).splitlines()) == 2


@pytest.fixture
def composed(tmp_path):
    """Composes a user's own YAML, as `--config-dir` and `--config-name` do."""

    def compose_yaml(text, *overrides):
        (tmp_path / "mine.yaml").write_text(text)
        GlobalHydra.instance().clear()
        with initialize_config_dir(str(tmp_path), version_base=None):
            return compose("mine", overrides=list(overrides))

    yield compose_yaml
    GlobalHydra.instance().clear()


PLAIN = "hydra:\n  searchpath: [pkg://verl.trainer.config]\ndefaults: [ppo_trainer, _self_]\n"
THREE_LINES = {
    "reward.reward_manager.name": "egca",
    "algorithm.adv_estimator": "egca",
    "trainer.v1.trainer_mode": "egca_sync",
}


def test_a_config_without_the_section_gets_the_defaults(composed):
    assert settings_of(composed(PLAIN)) == Settings()


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["algorithm.adv_estimator=grpo", "+egca.negative_weight=0"], r"egca\.negative_weight: has no effect .*grpo"),
        (["algorithm.adv_estimator=grpo", "+egca.entropy_share=0.2"], r"egca\.entropy_share: has no effect .*grpo"),
        (
            [
                "algorithm.adv_estimator=egca",
                "+egca.entropy_share=0.2",
                "algorithm.rollout_correction.bypass_mode=True",
            ],
            r"egca\.entropy_share: .*bypass_mode",
        ),
    ],
)
def test_what_the_rest_of_the_config_leaves_without_effect_is_refused(composed, overrides, words):
    with pytest.raises(SettingsError, match=words):
        settings_of(composed(PLAIN, *overrides))


def test_the_readmes_block_turns_a_verl_config_into_one_with_egca(composed):
    block = re.search(r"<!-- a test composes this block -->\n```yaml\n(.*?)```", README.read_text(), re.DOTALL)[1]
    config, plain = composed(block), composed(PLAIN)
    changed = {key: value for key, value in flat(config).items() if flat(plain).get(key, "absent") != value}
    assert {key: value for key, value in changed.items() if not key.startswith("egca.")} == THREE_LINES
    assert settings_of(config) == Settings()


def test_the_three_lines_are_enough_as_overrides(composed):
    config = composed(PLAIN, *(f"{key}={value}" for key, value in THREE_LINES.items()), "+egca.localizer=late")
    assert settings_of(config).localizer == "late"


def test_the_recipes_config_is_those_lines_and_a_loss_that_averages(composed):
    config = composed(
        PLAIN.replace("[pkg://verl.trainer.config]", "[pkg://verl.trainer.config, pkg://verl_egca.config]").replace(
            "[ppo_trainer, _self_]", "[egca_ppo, _self_]"
        ),
        "egca.localizer=late",
        "egca.sandbox.cpu_seconds=0.5",
    )
    assert settings_of(config).sandbox.cpu_seconds == 0.5
    assert config.actor_rollout_ref.actor.loss_agg_mode == "seq-mean-token-mean"
    assert settings_of(config).localizer == "late"
    assert {key: flat(config)[key] for key in THREE_LINES} == THREE_LINES


def flat(config, prefix=""):
    """A config as dotted keys and values."""
    found = {}
    for key, value in OmegaConf.to_container(config, resolve=False).items():
        walk(f"{prefix}{key}", value, found)
    return found


def walk(key, value, found):
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            walk(f"{key}.{name}", inner, found)
    else:
        found[key] = value
