"""Common ways to say one thing in many words or in few, and how to get from one to the other.

Each row is what a block may say at length, and the same in short. They mean the same up to evaluation order and types.
"""

from __future__ import annotations

from verl_egca.localization.twins.patterns import rewrite

_ROWS = (
    ("$r = []\nfor $nest in _:\n    $r.append($a)", "$r = [$a for $nest in _]"),
    ("$r = set()\nfor $nest in _:\n    $r.add($a)", "$r = {$a for $nest in _}"),
    ("$r = {}\nfor $nest in _:\n    $r[$k] = $a", "$r = {$k: $a for $nest in _}"),
    ("$r = 0\nfor $nest in _:\n    $r += $a", "$r = sum(($a for $nest in _))"),
    ("for $nest in _:\n    if $c:\n        return True\nreturn False", "return any(($c for $nest in _))"),
    ("for $nest in _:\n    if $not_c:\n        return False\nreturn True", "return all(($c for $nest in _))"),
    ("if $c:\n    return $a\nelse:\n    return $b", "return $a if $c else $b"),
    ("if $c:\n    $r = $a\nelse:\n    $r = $b", "$r = $a if $c else $b"),
    ("if $c:\n    $r += $a\nelse:\n    $r += $b", "$r += $a if $c else $b"),
    ("if $c:\n    $r.append($a)\nelse:\n    $r.append($b)", "$r.append($a if $c else $b)"),
)

shortened = tuple(rewrite(long, short) for long, short in _ROWS)
written_out = tuple(rewrite(short, long) for long, short in _ROWS)
