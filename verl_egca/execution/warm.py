"""Modules that programs use most: imported once where programs are forked from, and known to tests without an import."""

WARM = (
    *("array", "bisect", "cmath", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions"),
    *("functools", "hashlib", "heapq", "itertools", "math", "operator", "random", "re", "statistics", "string"),
    *("sys", "typing"),
)
