"""The pieces of code in an answer, and the worth of each as the program. `verl_egca.response` chooses."""
