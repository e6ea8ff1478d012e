"""Parts of `scripts/check_verdicts.py`: programs (`corpora`), judges, and reasons for disagreements."""
