"""Starting a training run, following it, and resuming it: one process around verl's own, which it does not touch."""
