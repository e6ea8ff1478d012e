"""Programs from files, judged and localized: the work behind ``egca evaluate`` and ``egca localize``.

samples.py   rows of samples, and the program in each
jobs.py      many programs at once, in order, with progress, resumable
localize.py  a row a sample: mode, verdict, what is to blame
pass_at_k.py the unbiased estimate of pass@k
"""
