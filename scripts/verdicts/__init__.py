"""Parts of `scripts/check_verdicts.py`: programs to judge (`corpora`), who judges them (`judges`), and why two differ (`reasons`)."""
