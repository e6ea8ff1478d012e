"""Loaded by verl in every process of a test run (VERL_USE_EXTERNAL_MODULES): what the driver sends, and what arrives.

On the driver, in each step, the batch's advantages are computed twice more, on copies: by verl's GRPO, and by our estimator
where no sample has a place to blame. In the last step (LOOP_STEPS), after the estimator, each response token's advantage
becomes the log-prob that the rollout server reported for that very token (of a twin, which no server wrote, the actor's old
one): a code of its row and place. In each actor process, what the policy loss is called with is recorded next to the log-prob
that the engine computed there.
"""

import json
import os
import time
from copy import deepcopy
from dataclasses import replace

from wrapt import register_post_import_hook

_OUT, _STEPS = os.environ["LOOP_OUT"], int(os.environ["LOOP_STEPS"])


def _append(name, record):
    with open(os.path.join(_OUT, name), "a") as file:
        file.write(json.dumps({"at": time.time()} | record) + "\n")


def _tell_on_driver(module):  # verl.trainer.ppo.v1.utils
    compute = module.compute_advantage
    steps = iter(range(1, _STEPS + 1))

    def told(data, *args, **kwargs):
        from verl.trainer.ppo.core_algos import AdvantageEstimator

        from verl_egca.training.batch import current_rows, rows_visible

        rows = current_rows(len(data))
        unblamed = replace(
            rows, records=[record and record.model_copy(update={"spans": ()}) for record in rows.records]
        )
        grpo = compute(deepcopy(data), *args, **{**kwargs, "adv_estimator": AdvantageEstimator.GRPO})
        with rows_visible(unblamed):
            uniform = compute(deepcopy(data), *args, **kwargs)
        data = compute(data, *args, **kwargs)
        mask = rows.mask_BT.bool()
        if next(steps) == _STEPS:
            codes, twins = data.batch["rollout_log_probs"].float(), list(rows.twin_of)
            codes[twins] = data.batch["old_log_probs"].float()[twins]
            data.batch["advantages"] = codes * mask
        _append(
            "sent.jsonl",
            {
                "grpo": grpo.batch["advantages"][mask].tolist(),
                "uniform": uniform.batch["advantages"][mask].tolist(),
                "estimated": rows.adv_BT[mask].tolist(),
                "sent": data.batch["advantages"][mask].tolist(),
            },
        )
        return data

    module.compute_advantage = told


def _record_in_actor(module):  # verl.workers.utils.losses
    choose = module.get_policy_loss_fn

    def recorded(mode):
        loss = choose(mode)

        def call(**kwargs):
            from megatron.core import parallel_state as ranks

            if ranks.get_tensor_model_parallel_rank() == 0 and ranks.get_context_parallel_rank() == 0:
                mask = kwargs["response_mask"].bool()
                received = {
                    "advantages": kwargs["advantages"][mask].tolist(),
                    "log_probs": kwargs["log_prob"].detach()[mask].tolist(),
                }
                _append(f"received-{ranks.get_data_parallel_rank()}.jsonl", received)
            return loss(**kwargs)

        return call

    module.get_policy_loss_fn = recorded


register_post_import_hook(_tell_on_driver, "verl.trainer.ppo.v1.utils")
register_post_import_hook(_record_in_actor, "verl.workers.utils.losses")
