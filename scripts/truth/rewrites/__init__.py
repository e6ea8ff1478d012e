"""Rewrites that keep a program's meaning, one idea per file; ``truth.rewrite`` composes them."""
