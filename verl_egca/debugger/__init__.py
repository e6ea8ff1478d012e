"""The debugger: an LLM, served beside the training, that is asked for the mistake in a failing program."""
