"""verl's Megatron engine in every parallel layout, compared with plain torch.

layout.py      a case: a parallel layout, an objective, a model, maybe a planted fault
cases.py       the cases
model.py       random models in the shape of real ones
batch.py       rows of coded advantages
plain.py       the same model, loss and optimizer in plain torch, in float64
engine.py      verl's engine under a layout, called as in verl's workers
recorder.py    records the inputs of verl's policy loss
rollout.py     responses sampled with the engine's exported weights
experiment.py  one case: checks A to F
findings.py    results, and their requirements
ranks.py       processes, one per rank
table.py       results as Markdown
"""
