"""A run's records and step logs, and the tools that show them."""
