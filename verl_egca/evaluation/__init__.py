"""Programs from files or from a model, judged and localized: the work behind ``egca evaluate`` and ``egca localize``.

cli.py       ``egca evaluate``
prompts.py   what a model is asked: the paper's model's own format, or as in training
generate.py  a model's samples, resumable: engines/ (what generates), model_folder.py, sample_file.py
samples.py   rows of samples, and the program in each
evaluate.py  which samples pass: pass_at_k.py (the unbiased estimate), intervals.py, results.py (file and table)
jobs.py      many programs at once, in order, with progress, resumable
localize.py  a row a sample: mode, verdict, what is to blame
explain.py   one program as a finding; example.py is one
"""
