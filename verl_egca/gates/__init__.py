"""The gates: rules, without any learned part, that decide the mode of each sample."""
