"""Parameters are counted exactly: against transformers' own models, which are built without memory."""

import json

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

from plan.bad_plan import BadPlan
from plan.shapes import KNOWN, shape_of
from starter.policy_path import WEIGHTS


def config_of(shape):
    family = Qwen2Config if shape.qkv_bias else LlamaConfig
    return family(
        num_hidden_layers=shape.layers,
        hidden_size=shape.hidden,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        intermediate_size=shape.ffn,
        vocab_size=shape.vocab,
        tie_word_embeddings=shape.tied,
        pad_token_id=0,
    )


def counted(config):
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_model_has_as_many_parameters_as_transformers_builds(name):
    assert KNOWN[name].parameters == counted(config_of(KNOWN[name]))


def test_the_models_of_the_paper_have_the_sizes_that_their_cards_round():
    assert KNOWN["deepseek-6.7b"].parameters == 6_740_512_768
    assert KNOWN["qwen2.5-coder-7b"].parameters == 7_615_616_512
    assert KNOWN["qwen2.5-coder-1.5b"].parameters == 1_543_714_304


def test_the_shipped_policy_is_read_from_its_folder_and_counted_as_its_weights_are():
    model = AutoModelForCausalLM.from_pretrained(WEIGHTS)
    assert shape_of(str(WEIGHTS)).parameters == sum(parameter.numel() for parameter in model.parameters())
    assert shape_of(str(WEIGHTS / "config.json")) == shape_of(str(WEIGHTS))


@pytest.mark.parametrize(
    "config",
    [
        Qwen3Config(hidden_size=64, num_attention_heads=4, num_key_value_heads=2, head_dim=32, intermediate_size=96),
        Qwen3Config(hidden_size=64, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True),
        MistralConfig(hidden_size=64, num_attention_heads=4, num_key_value_heads=2, intermediate_size=96),
        LlamaConfig(hidden_size=64, num_attention_heads=4, num_key_value_heads=1, head_dim=8),
        Qwen2Config(hidden_size=64, num_attention_heads=4, num_key_value_heads=4, tie_word_embeddings=True),
    ],
    ids=lambda config: config.model_type,
)
def test_any_model_of_a_family_is_read_from_the_config_that_transformers_writes(config, tmp_path):
    config.num_hidden_layers, config.vocab_size = 3, 1000
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:3]
    config.save_pretrained(tmp_path)
    assert shape_of(str(tmp_path)).parameters == counted(AutoConfig.from_pretrained(tmp_path))


def test_a_config_that_leaves_out_the_key_and_value_heads_has_as_many_as_heads(tmp_path):
    config = json.loads((WEIGHTS / "config.json").read_text())
    del config["num_key_value_heads"], config["head_dim"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert shape_of(str(tmp_path)).parameters == shape_of(str(WEIGHTS)).parameters


def test_a_name_that_is_no_model_is_answered_with_the_known_ones():
    with pytest.raises(BadPlan, match=r"--model deepsek: choose one of deepseek-1\.3b, .*, or give a model's folder"):
        shape_of("deepsek")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "can't be read as JSON"),
        ("[]", "a JSON object is wanted, got list"),
        ('{"model_type": "gpt2"}', "model_type is 'gpt2'; choose a model of llama, mistral, qwen2, qwen3"),
        ('{"model_type": "llama", "num_attention_heads": 0}', "num_attention_heads is 0; a whole number from 1"),
        ('{"model_type": "llama", "num_attention_heads": 4}', "hidden_size is None"),
    ],
)
def test_a_config_that_does_not_do_is_named_with_its_key(tmp_path, text, message):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(BadPlan, match=message) as caught:
        shape_of(str(tmp_path))
    assert str(tmp_path / "config.json") in str(caught.value)
