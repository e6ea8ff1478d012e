"""What the guard makes of the actor's and Hugging Face's log-probs. The whole of it runs in tests/loop/test_guarded_training.py."""

import math

import pytest
from omegaconf import OmegaConf

from verl_egca.training.guard import TOLERANCE, _refusal, compare, text_ids
from verl_egca.training.hf_log_probs import AS_SAVED, misreadings

from ..problems import assertion_problem

LINEAR = {"rope_type": "linear", "factor": 4.0, "rope_theta": 100000.0}
SAVED = [-0.1, -2.0, -0.7, -0.01]
MISREAD = [-0.9, -1.0, -0.2, -0.8]
CONFIG = OmegaConf.create({"actor_rollout_ref": {"model": {"path": "a/model"}, "actor": {"strategy": "megatron"}}})


def off_by(values, distance):
    return [math.log(math.exp(value) + distance) if value < -0.05 else value for value in values]


def test_equal_log_probs_are_acceptable_at_any_tolerance():
    assert compare(SAVED, {AS_SAVED: SAVED}).acceptable(1e-12)


def test_what_rounding_leaves_in_bfloat16_is_acceptable_in_it_and_not_in_float32():
    found = compare(off_by(SAVED, 0.004), {AS_SAVED: SAVED, "without RoPE scaling": MISREAD})
    assert found.acceptable(TOLERANCE["bfloat16"])
    assert not found.acceptable(TOLERANCE["float32"])


def test_an_actor_past_the_tolerance_is_refused_with_the_reading_that_it_agrees_with():
    found = compare(MISREAD, {AS_SAVED: SAVED, "without RoPE scaling": MISREAD, "with RoPE base 10000": SAVED})
    assert not found.acceptable(TOLERANCE["bfloat16"])
    said = _refusal(found, LINEAR, CONFIG, TOLERANCE["bfloat16"])
    assert "those of the model without RoPE scaling" in said
    assert "rotary_base=100000 " in said
    assert "seq_len_interpolation_factor=4" in said
    assert "egca.guard.enabled=false" in said


def test_a_misreading_too_small_for_the_tolerance_is_refused_if_it_clearly_is_one():
    slightly = off_by(SAVED, 0.006)
    found = compare(slightly, {AS_SAVED: SAVED, "with RoPE base 10000": slightly})
    assert found.mean < TOLERANCE["bfloat16"]
    assert not found.acceptable(TOLERANCE["bfloat16"])


def test_noise_that_happens_to_be_nearer_to_a_misreading_is_acceptable():
    noisy = off_by(SAVED, 0.0004)
    found = compare(noisy, {AS_SAVED: SAVED, "with RoPE base 10000": noisy})
    assert found.acceptable(TOLERANCE["bfloat16"])


def test_an_unknown_cause_is_not_given_a_name():
    found = compare(MISREAD, {AS_SAVED: SAVED, "without RoPE scaling": off_by(SAVED, 0.01)})
    assert "Likely causes:" in _refusal(found, LINEAR, CONFIG, 1e-2)


@pytest.mark.parametrize("broken", [[math.nan] * 4, [-0.1, math.nan, -0.7, -0.01]])
def test_numbers_that_are_none_are_refused(broken):
    assert not compare(broken, {AS_SAVED: SAVED}).acceptable(TOLERANCE["bfloat16"])


def test_another_number_of_tokens_is_an_error_with_both_numbers():
    with pytest.raises(ValueError, match="3 log-probs, as saved 4"):
        compare(SAVED[:3], {AS_SAVED: SAVED})


def test_the_misreadings_are_those_that_change_the_model():
    assert list(misreadings(LINEAR)) == [
        "without RoPE scaling",
        "with RoPE base 10000",
        "without RoPE scaling and with RoPE base 10000",
    ]
    assert list(misreadings(LINEAR | {"rope_theta": 10000.0})) == ["without RoPE scaling"]
    assert list(misreadings({"rope_type": "default", "rope_theta": 1e6})) == ["with RoPE base 10000"]
    assert misreadings({"rope_type": "default", "rope_theta": 10000.0}) == {}
    assert misreadings(None) == {}


class Letters:
    """A tokenizer of single letters."""

    def apply_chat_template(self, messages, add_generation_prompt, tokenize, **kwargs):
        assert add_generation_prompt
        assert not tokenize
        return kwargs.get("opening", "") + messages[0]["content"]

    def __call__(self, text, add_special_tokens):
        return {"input_ids": [ord(letter) for letter in text]}


@pytest.mark.parametrize(
    ("ground_truth", "reference"),
    [
        (assertion_problem("assert f() == 1", reference="xy").model_dump_json(), "xy"),
        (assertion_problem("assert f() == 1", reference=None).model_dump_json(), ""),
        *[(other, "") for other in ("42", "no json", None, '{"inputs": [], "outputs": [1]}')],
    ],
)
def test_the_text_is_the_templated_prompt_with_the_reference_where_there_is_one(ground_truth, reference):
    row = {"raw_prompt": [{"role": "user", "content": "ab"}], "reward_model": {"ground_truth": ground_truth}}
    data = OmegaConf.create({"apply_chat_template_kwargs": {"opening": ">"}})
    assert "".join(map(chr, text_ids(Letters(), row, data))) == ">ab" + reference
