"""The response mask, sent to the reward worker: the tokens of a trajectory that the policy sampled.

verl 0.9.1 computes the mask where the rollout runs but does not send it to the reward worker
(experimental/agent_loop/agent_loop.py:967, `AgentLoopWorker._compute_score`), which then can't distinguish a tool's
output from the policy's text. So that method is wrapped here, once verl has loaded it: it also sends the final output's
mask, as a text of ones and zeros, which numpy keeps unchanged. Trajectories of one turn need no mask.
"""

from __future__ import annotations

import functools

from verl.experimental.agent_loop.agent_loop import AgentLoopWorker

KEY = "egca_response_mask"
SINGLE_TURN = 2  # verl counts the prompt's turn, too


def mask_of(item) -> list[bool] | None:
    """The mask of a sample's response tokens, without padding; None if all tokens are the policy's.

    Args:
        item: one sample in the form that verl's reward workers get; a ``response_mask`` in its batch takes precedence.

    Raises:
        ValueError: a trajectory of several turns came without its mask.
    """
    if "response_mask" in item.batch:
        return [bool(own) for own in item.batch["response_mask"].tolist()]
    sent = item.non_tensor_batch.get(KEY)
    if sent is not None:
        return [own == "1" for own in str(sent)]
    turns = item.non_tensor_batch.get("__num_turns__")
    if turns is not None and int(turns) > SINGLE_TURN:
        raise ValueError(
            f"a trajectory of {int(turns)} turns came without its response mask, so that a tool's output can't be told from "
            "the policy's own text; the agent loop must score through verl's AgentLoopWorker._compute_score"
        )
    return None


def _sending_masks(compute_score):
    @functools.wraps(compute_score)
    async def with_mask(self, outputs, kwargs):
        mask = outputs[-1].response_mask
        if not all(mask) or outputs[-1].num_turns > SINGLE_TURN:
            kwargs = {**kwargs, KEY: "".join("1" if own else "0" for own in mask)}
        return await compute_score(self, outputs, kwargs=kwargs)

    return with_mask


AgentLoopWorker._compute_score = _sending_masks(AgentLoopWorker._compute_score)
