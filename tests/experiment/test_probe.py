"""A projected gain: the gradient of a pass rate, and updates of equal divergence."""

import pytest
import torch

from verl_egca.experiment import probe
from verl_egca.experiment.actor import Actor, Sampled
from verl_egca.experiment.recipe import Recipe

PROMPT = "def f(xs, k):\n"
RESPONSES = ("    return k\n", "    t = 0\n    for x in xs:\n        t += x\n    return t\n", "    return xs\n")


@pytest.fixture(scope="module")
def actor():
    return Actor(Recipe())


@pytest.fixture(scope="module")
def responses(actor):
    def ids(text):
        return actor.tokenizer(text, add_special_tokens=False)["input_ids"]

    return [Sampled(ids(PROMPT), ids(text)) for text in RESPONSES]


def log_prob(actor, one):
    logits = actor.model(torch.tensor([[*one.prompt, *one.response]])).logits[0]
    log_prob_LV = torch.log_softmax(logits[len(one.prompt) - 1 : -1], -1)
    return log_prob_LV.gather(-1, torch.tensor(one.response)[:, None]).sum()


def test_the_gradient_of_a_pass_rate_is_the_score_function_s(actor, responses):
    rewards_S = torch.tensor([1.0, 0.0, 0.0])
    found_N = probe._of_pass_rate(actor, responses, rewards_S)
    actor.model.eval()
    above = (1.0, -0.5, -0.5)  # each reward less the mean of the two others
    total = sum(weight * log_prob(actor, one) for weight, one in zip(above, responses, strict=True)) / 3
    gradients = torch.autograd.grad(total, list(actor.model.parameters()))
    expected_N = torch.cat([gradient.flatten() for gradient in gradients])
    assert expected_N.norm() > 0.01
    assert (found_N - expected_N).norm() < 1e-5 * expected_N.norm()


def test_updates_have_the_same_divergence_whatever_their_direction_is_long(actor, responses):
    drawn_from = actor.distributions(responses)
    found = probe.Probe(0.5, 3, torch.zeros(1, 1), responses, drawn_from)
    before = [weight.detach().clone() for weight in actor.model.parameters()]
    direction_N = torch.randn(sum(weight.numel() for weight in before), generator=torch.Generator().manual_seed(0))
    for scale in (0.01, 1.0):
        update_N = probe._update(actor, found, scale * direction_N)
        assert probe._divergence(actor, found, update_N) == pytest.approx(probe.KL, rel=0.1)
    assert all(torch.equal(now, then) for now, then in zip(actor.model.parameters(), before, strict=True))
    assert not probe._update(actor, found, torch.zeros_like(direction_N)).any()


def test_distributions_are_those_that_log_probs_are_read_from(actor, responses):
    for one, all_TV, log_prob_T in zip(
        responses, actor.distributions(responses), actor.log_probs(responses), strict=True
    ):
        assert torch.equal(all_TV[torch.arange(len(one.response)), torch.tensor(one.response)], log_prob_T)
