"""The dialogue of a localizer with the debugger: the question, the answer, and the correction as an edit."""
