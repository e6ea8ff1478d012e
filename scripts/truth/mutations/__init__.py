"""Mistakes, one family per file; each operator is a function that yields edits of a source."""
