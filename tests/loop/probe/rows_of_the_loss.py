"""Loaded by verl in every process of a test run (VERL_USE_EXTERNAL_MODULES): what each row of a batch is, and what trains.

On the driver, after the estimator: of each row its group, reward, mode, spans and twin, or that it is one or pads the batch.
In each actor process: the advantages that the policy loss is called with, row by row, on the tokens of its mask.
"""

import json
import os

from wrapt import register_post_import_hook

_OUT = os.environ["ROWS_OUT"]


def _append(name, record):
    with open(os.path.join(_OUT, name), "a") as file:
        file.write(json.dumps(record) + "\n")


def _tell_on_driver(module):  # verl.trainer.ppo.v1.utils
    compute = module.compute_advantage

    def told(data, *args, **kwargs):
        from verl_egca.training.batch import current_rows

        data = compute(data, *args, **kwargs)
        rows = current_rows(len(data))
        seen = [
            {
                "uid": rows.uids[row],
                "record": record.model_dump(mode="json") if record is not None else None,
                "twin_of": rows.twin_of.get(row),
                "tokens": int(rows.mask_BT[row].sum()),
                "mask_before": int(data.batch["response_mask"][row].sum()),
            }
            for row, record in enumerate(rows.records)
        ]
        _append("rows.jsonl", seen)
        return data

    module.compute_advantage = told


def _tell_in_actor(module):  # verl.workers.utils.losses
    choose = module.get_policy_loss_fn

    def told(mode):
        loss = choose(mode)

        def call(**kwargs):
            masks, advantages = kwargs["response_mask"].bool(), kwargs["advantages"]
            _append(f"trained-{os.getpid()}.jsonl", [a[m].tolist() for a, m in zip(advantages, masks, strict=True)])
            return loss(**kwargs)

        return call

    module.get_policy_loss_fn = told


register_post_import_hook(_tell_on_driver, "verl.trainer.ppo.v1.utils")
register_post_import_hook(_tell_in_actor, "verl.workers.utils.losses")
