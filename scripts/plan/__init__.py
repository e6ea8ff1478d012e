"""``python scripts/plan``: whether a run fits on its GPUs, and how long a step of it may take. Arithmetic only, no torch.

shapes.py        what a model is made of, parameters counted      gpus.py        public figures of some GPUs
job.py           the run that is asked about, and its checks      assumptions.py what can't be computed, each with a name
bad_plan.py      what is wrong with a question                    part.py        an amount with its arithmetic
training.py      a trainer's memory: Megatron                     sharded.py     the same: FSDP2
serving.py       weights and KV cache of a server                 memory.py      phases of a step on one GPU, and verdicts
remedies.py      what to change where it does not fit             tokens.py      how a step's tokens are cut up
generation.py    seconds of a rollout                             throughput.py  seconds of a step, hours of a run
planned.py       all of it, as data                               show.py, comment.py   for people, for a recipe

Memory is in bytes inside and in GiB (2**30) where shown. It is an estimate for dense decoder models with verl's hybrid
engine, where trainer and rollout share the GPUs and take turns. What it does not know: measured kernels, mixtures of
experts, LoRA, PPO's critic, speculative decoding, checkpoints and evaluation.
"""
