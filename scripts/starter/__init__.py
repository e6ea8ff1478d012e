"""The starter domain: small Python problems, and a policy small enough to learn them on a laptop.

task.py       a problem with its decisions, right and wrong
families.py   the families of problems, training and held-out
problems.py   the shipped problems with their tests, and their generation
policy.py     the shipped Llama and its tokenizer: pretraining and sampling
cli.py        python scripts/starter ...
"""
