"""The starter policy, and what it says of one response behind its own prompt, computed alone."""

import pytest
import torch

from experiment.actor import Actor, Sampled
from experiment.recipe import Recipe


@pytest.fixture(scope="module")
def actor():
    return Actor(Recipe())


@pytest.fixture(scope="module")
def sampled(actor):
    """A prompt and a response of these texts."""

    def made(prompt, response):
        return Sampled(*(actor.tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, response)))

    return made


@pytest.fixture(scope="module")
def alone(actor):
    """Log-probs of a response's tokens, shape (T,), and of all that they were drawn from, (T, V)."""

    def found(one):
        logits = actor.model(torch.tensor([[*one.prompt, *one.response]])).logits[0]
        all_TV = torch.log_softmax(logits[len(one.prompt) - 1 : -1], -1)
        return all_TV.gather(-1, torch.tensor(one.response)[:, None])[:, 0], all_TV

    return found
