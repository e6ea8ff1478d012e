"""Rewrites that leave a program's meaning as it is, one idea a file; ``truth.rewrite`` composes them."""
