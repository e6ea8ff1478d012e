"""Loaded by verl in every process of a test run (VERL_USE_EXTERNAL_MODULES): codes advantages and records their arrival.

On the driver, after the estimator, each response token's advantage becomes the log-prob that the rollout server reported
for that very token (of a twin, which no server wrote, the actor's old one): a code of its row and place. In each actor process, what the policy loss is called with is recorded
next to the log-prob that the engine computed there.
"""

import json
import os

from wrapt import register_post_import_hook

_OUT = os.environ["CODED_OUT"]


def _append(name, record):
    with open(os.path.join(_OUT, name), "a") as file:
        file.write(json.dumps(record) + "\n")


def _code_on_driver(module):  # verl.trainer.ppo.v1.utils
    compute = module.compute_advantage

    def coded(data, *args, **kwargs):
        from verl_egca.training.batch import current_rows

        data = compute(data, *args, **kwargs)
        rows = current_rows(len(data))
        codes, twins = data.batch["rollout_log_probs"].float(), list(rows.twin_of)
        codes[twins] = data.batch["old_log_probs"].float()[twins]  # nobody sampled them
        mask = rows.mask_BT.bool()
        codes = codes * mask
        _append("sent.jsonl", codes[mask].tolist())
        data.batch["advantages"] = codes
        return data

    module.compute_advantage = coded


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


register_post_import_hook(_code_on_driver, "verl.trainer.ppo.v1.utils")
register_post_import_hook(_record_in_actor, "verl.workers.utils.losses")
