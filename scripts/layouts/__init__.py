"""verl's Megatron engine in every parallel layout, held against arithmetic of our own.

layout.py      what a case is: a parallel layout, an objective, a model, maybe a planted fault
cases.py       the cases
model.py       random models in the shape of those that are trained
batch.py       rows of coded advantages
plain.py       the same model, loss and optimizer written out in plain torch, in float64
engine.py      verl's engine under a layout, driven as verl's workers drive it
recorder.py    what reaches verl's policy loss
rollout.py     responses sampled with the weights that the engine sends
experiment.py  one case: checks A to F
findings.py    what was found, and what is asked of it
ranks.py       processes, one a rank
table.py       the findings as Markdown
"""
