"""The pinned engines take what `egca evaluate` starts them with and asks of them, and their answers are read as meant."""

import pytest

from verl_egca.evaluation.engines.base import GenerationRequest


@pytest.fixture(scope="module", params=["sglang", "vllm"])
def asked(request, answers, model):
    given = {"folder": str(model), "dtype": "bfloat16", "seed": 3, "tensor_parallel": 2, "extra": {}}
    jobs = [
        {"offline": given},
        {"offline": given | {"extra": {"no_such_argument": 1}}},
        {"offline": given | {"extra": {"dtype": "float16"}}},
    ]
    return request.param, answers(request.param, jobs)


def test_an_engine_starts_with_what_was_chosen(asked, model):
    engine, (found, _, overridden) = asked
    names = {
        "sglang": ("model_path", "dtype", "random_seed", "tp_size", "enable_deterministic_inference"),
        "vllm": ("model", "dtype", "seed", "tensor_parallel_size"),
    }[engine]
    assert "accepted" in found, found
    read = [found["accepted"]["engine"][name] for name in names]
    assert read == [str(model), "bfloat16", 3, 2, True][: len(names)]
    assert overridden["accepted"]["engine"]["dtype"] == "float16"


def test_an_argument_that_it_does_not_know_is_refused(asked):
    _, (_, wrong, _) = asked
    assert "no_such_argument" in wrong["refused"]


def test_each_request_is_sampled_with_its_own_seed_and_budget(asked):
    engine, (found, *_) = asked
    budget, seed = {"sglang": ("max_new_tokens", "sampling_seed"), "vllm": ("max_tokens", "seed")}[engine]
    first, second = found["accepted"]["sampling"]
    assert [first[budget], second[budget]] == [2, 4]
    assert first[seed] == GenerationRequest((7, 8), 0, 3, 2).own_seed
    assert second[seed] == GenerationRequest((9,), 1, 3, 4).own_seed
    assert (first["temperature"], first["top_p"], first["stop_token_ids"]) == (0.5, 0.9, [1])


def test_an_answer_that_stopped_is_whole_and_one_at_its_budget_is_cut_off(asked):
    _, (found, *_) = asked
    assert found["accepted"]["responses"] == [[[5, 1], False], [[5, 1], True]]
