"""Which pieces of an answer are code, and what each of them is worth as the program. `verl_egca.response` chooses."""
