"""Programs from files or from a model, judged and localized: the work behind ``egca evaluate`` and ``egca localize``.

cli.py       ``egca evaluate``
prompts.py   the chat of each problem, in the format of the paper's model, or as in training
generate.py  a model's samples, resumable: engines/, model_folder.py, sample_file.py
samples.py   rows of samples, and the program in each
evaluate.py  outcomes and pass@k: pass_at_k.py (the unbiased estimate), intervals.py, results.py (file and table)
jobs.py      many programs at once, in order, with progress, resumable
localize.py  a row for each sample: mode, verdict, blame
explain.py   one program as a finding; example.py is one
"""
