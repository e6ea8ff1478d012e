"""A projected gain: the gradient of a pass rate, and updates of equal divergence."""

import pytest
import torch

from experiment import probe

PROMPT = "def f(xs, k):\n"
RESPONSES = ("    return k\n", "    t = 0\n    for x in xs:\n        t += x\n    return t\n", "    return xs\n")


@pytest.fixture(scope="module")
def responses(sampled):
    return [sampled(PROMPT, text) for text in RESPONSES]


def test_the_gradient_of_a_pass_rate_is_the_score_function_s(actor, responses, alone):
    rewards_S = torch.tensor([1.0, 0.0, 0.0])
    found_N = probe._of_pass_rate(actor, responses, rewards_S)
    actor.model.eval()
    above = (1.0, -0.5, -0.5)  # each reward less the mean of the two others
    total = sum(weight * alone(one)[0].sum() for weight, one in zip(above, responses, strict=True)) / 3
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


def test_distributions_are_those_of_each_response_behind_its_own_prompt(actor, responses, alone):
    for one, all_TV in zip(responses, actor.distributions(responses), strict=True):
        with torch.no_grad():
            assert torch.allclose(all_TV, alone(one)[1], atol=1e-4)
