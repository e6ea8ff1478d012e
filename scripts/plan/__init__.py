"""``python scripts/plan``: whether a run fits on its GPUs, and the time of a step. Arithmetic only, no torch.

shapes.py        a model's shape and number of parameters         gpus.py        public figures of some GPUs
job.py           the run, and its checks                          assumptions.py named values that can't be computed
bad_plan.py      the error for bad input                          part.py        an amount with its arithmetic
training.py      a trainer's memory: Megatron                     sharded.py     the same: FSDP2
serving.py       weights and KV cache of a server                 memory.py      phases of a step on one GPU, and
verdicts remedies.py      changes that make a run fit                      tokens.py      a step's tokens by batches
generation.py    seconds of a rollout                             throughput.py  seconds of a step, hours of a run
planned.py       the plan, as data                                show.py, comment.py   for a terminal, for a recipe

Memory is in bytes inside and in GiB (2**30) where shown. It is an estimate for dense decoder models with verl's hybrid
engine, where trainer and rollout share the GPUs and take turns. Not covered: measured kernels, mixtures of experts,
LoRA, PPO's critic, speculative decoding, checkpoints and evaluation.
"""
