"""Mistakes, one family a file; each operator is a function that offers edits of a source."""
