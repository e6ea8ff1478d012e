"""Start, follow and resume a training run: one process around verl's own."""
