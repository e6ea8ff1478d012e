"""The update in one plain process: responses that share a prompt are computed together, and it shows in nothing."""

import pytest
import torch

PROMPTS = ("def f(xs, k):\n", 'def count(s):\n    """Return the number of vowels in s."""\n')
RESPONSES = ("    return k\n", "    t = 0\n    for x in xs:\n        t += x\n    return t\n", "    return xs\n")


@pytest.fixture(scope="module")
def batch(sampled):
    return [sampled(prompt, response) for response in RESPONSES for prompt in PROMPTS]


def test_the_loss_gradient_is_that_of_each_response_behind_its_own_prompt(actor, batch, alone):
    torch.manual_seed(0)
    adv_BT = torch.randn(len(batch), max(len(one.response) for one in batch))
    found, nothing = actor.gradients(batch, [adv_BT, torch.zeros_like(adv_BT)])
    assert not nothing.any()

    loss = 0.0  # the ratio is 1 where it is taken, so the policy loss has the gradient of -A log p
    for one, adv_T in zip(batch, adv_BT, strict=True):
        log_prob_T, _ = alone(one)
        loss = loss - (adv_T[: len(one.response)] * log_prob_T).mean() / len(batch)
    loss.backward()
    expected = torch.cat([weight.grad.flatten() for weight in actor.model.parameters()])
    actor.optimizer.zero_grad()
    assert expected.norm() > 0.01
    assert (found - expected).norm() < 1e-5 * expected.norm()


def test_the_first_policy_is_its_own_reference(actor, batch):
    adv_BT = torch.zeros(len(batch), max(len(one.response) for one in batch))
    assert actor.backward(batch, adv_BT, kl_coefficient=1.0)["kl"] == pytest.approx(0.0, abs=1e-9)
    actor.optimizer.zero_grad()


def test_log_probs_and_entropies_are_those_of_each_response_behind_its_own_prompt(actor, batch, alone):
    entropy_BT = actor.entropies(batch)
    for one, found_T, entropy_T in zip(batch, actor.log_probs(batch), entropy_BT, strict=True):
        with torch.no_grad():
            expected_T, all_TV = alone(one)
        assert torch.allclose(found_T, expected_T, atol=1e-4)
        uncertain_T = -(all_TV.exp() * all_TV).sum(-1)
        assert torch.allclose(entropy_T[: len(found_T)], uncertain_T, atol=1e-4)
        assert not entropy_T[len(found_T) :].any()


def test_a_long_group_is_shared_out_among_several_lines(actor, batch, monkeypatch):
    adv_BT = torch.ones(len(batch), max(len(one.response) for one in batch))
    together = actor.gradients(batch, [adv_BT])
    monkeypatch.setattr("experiment.actor._LINE", 40)
    apart = actor.gradients(batch, [adv_BT])
    assert (together - apart).norm() < 1e-5 * together.norm()
