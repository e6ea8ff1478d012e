"""Builtins and methods of builtin types that change nothing and return real values."""

from __future__ import annotations

BUILTINS = """
    len abs min max sum sorted str int float bool list tuple set dict frozenset range enumerate zip reversed round
    ord chr any all isinstance bin hex oct divmod pow repr map filter type complex
"""
PURE_BUILTINS = frozenset(BUILTINS.split())
METHODS = """
    lower upper strip lstrip rstrip split rsplit splitlines join replace startswith endswith count index find rfind
    isdigit isalpha isupper islower isalnum isspace isnumeric isdecimal swapcase title capitalize keys values items
    get copy encode decode hexdigest zfill center ljust rjust bit_length union intersection difference issubset
    issuperset most_common partition rpartition translate
"""
PURE_METHODS = frozenset(METHODS.split())
