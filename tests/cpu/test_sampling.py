"""Generation on the CPU: the distribution that the model has, the same tokens whatever else is in the batch."""

import random

import pytest
import torch

from starter.policy import load
from starter.policy_path import WEIGHTS
from verl_egca.cpu.sampling import Request, sample


@pytest.fixture(scope="module")
def policy():
    model, tokenizer = load(WEIGHTS)
    return model.eval(), tokenizer


def requests(tokenizer, count=12, temperature=1.0):
    prompts = [tokenizer(f"def f{'x' * n}(a, b):\n", add_special_tokens=False)["input_ids"] for n in range(count)]
    return [Request(list(prompt), temperature, 20, (0, tuple(prompt), n)) for n, prompt in enumerate(prompts)]


def test_a_request_draws_the_same_alone_and_in_any_company(policy):
    model, tokenizer = policy
    together, shuffled = requests(tokenizer), requests(tokenizer)
    sample(model, together, {tokenizer.eos_token_id})
    random.Random(1).shuffle(shuffled)
    sample(model, shuffled, {tokenizer.eos_token_id})
    alone = requests(tokenizer)
    for request in alone:
        sample(model, [request], {tokenizer.eos_token_id})
    by_stream = {request.stream: request.tokens for request in shuffled}
    for one, other in zip(alone, together, strict=True):
        assert one.tokens == other.tokens == by_stream[one.stream]


def test_log_probs_are_the_models_own(policy):
    model, tokenizer = policy
    drawn = requests(tokenizer, temperature=0.7)
    sample(model, drawn, {tokenizer.eos_token_id})
    for request in drawn:
        ids = torch.tensor([request.prompt + request.tokens])
        with torch.no_grad():
            log_probs = torch.log_softmax(model(ids).logits[0, len(request.prompt) - 1 : -1] / 0.7, -1)
        own = log_probs[range(len(request.tokens)), request.tokens]
        assert torch.allclose(own, torch.tensor(request.log_probs), atol=1e-4)


def test_temperature_0_is_greedy(policy):
    model, tokenizer = policy
    (request,) = requests(tokenizer, count=1, temperature=0.0)
    sample(model, [request], {tokenizer.eos_token_id})
    ids = torch.tensor([request.prompt + request.tokens])
    with torch.no_grad():
        best = model(ids).logits[0, len(request.prompt) - 1 : -1].argmax(-1)
    assert best.tolist() == request.tokens


def test_a_response_ends_at_the_end_token_or_its_budget(policy):
    model, tokenizer = policy
    drawn = requests(tokenizer)
    drawn[0].budget = 3
    drawn.append(Request([1], 1.0, 0, ("none",)))
    sample(model, drawn, {tokenizer.eos_token_id})
    assert len(drawn[0].tokens) <= 3
    assert drawn[-1].tokens == []
    for request in drawn[:-1]:
        assert tokenizer.eos_token_id not in request.tokens[:-1]
        assert request.tokens[-1] == tokenizer.eos_token_id or len(request.tokens) == request.budget


def test_draws_follow_the_distribution(policy):
    model, tokenizer = policy
    prompt = tokenizer("def f(x):\n    return x", add_special_tokens=False)["input_ids"]
    drawn = [Request(list(prompt), 1.0, 1, ("d", n)) for n in range(3_000)]
    for start in range(0, len(drawn), 500):
        sample(model, drawn[start : start + 500], set())
    with torch.no_grad():
        probabilities = torch.softmax(model(torch.tensor([prompt])).logits[0, -1], -1)
    counts = torch.bincount(torch.tensor([request.tokens[0] for request in drawn]), minlength=len(probabilities))
    assert (counts / len(drawn) - probabilities).abs().max() < 0.035  # four standard deviations at most


def test_top_p_draws_from_the_likeliest_tokens_that_hold_so_much(policy):
    model, tokenizer = policy
    prompt = tokenizer("def f(x):\n    ", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        probabilities = torch.softmax(model(torch.tensor([prompt])).logits[0, -1] / 2, -1)
    ordered, order = probabilities.sort(descending=True)
    needed = int((ordered.cumsum(-1) < 0.5).sum()) + 1
    assert 1 < needed < len(order)
    drawn = [Request(list(prompt), 2.0, 1, ("p", n), top_p=0.5) for n in range(1_000)]
    whole = Request(list(prompt), 2.0, 1, ("p", 0))
    sample(model, [*drawn, whole], set())
    assert {request.tokens[0] for request in drawn} <= set(order[:needed].tolist())
    shares = probabilities[order[:needed]] / probabilities[order[:needed]].sum()
    counts = torch.bincount(torch.tensor([request.tokens[0] for request in drawn]), minlength=len(probabilities))
    assert (counts[order[:needed]] / len(drawn) - shares).abs().max() < 0.064  # four standard deviations at most
    place = order.tolist().index(drawn[0].tokens[0])
    assert drawn[0].log_probs[0] == pytest.approx(shares[place].log().item(), abs=1e-4)
    assert whole.log_probs[0] == pytest.approx(probabilities[whole.tokens[0]].log().item(), abs=1e-4)
