"""The debugger: an LLM, served beside the training, that is asked where a failing program went wrong."""
