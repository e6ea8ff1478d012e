"""What passes between a localizer and the debugger: the question, the answer, and what is made of a correction."""
