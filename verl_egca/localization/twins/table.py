"""Small edits that undo common slips, as a table of patterns and replacements. Each row is one edit.

Each kind has rows of the form ``pattern @place -> replacement; replacement``. The cost of each is learned (`costs`).
In patterns

$a             is any expression, an argument's name or a method's; with ``:Name|Call``, one of these nodes of `ast` or
               a node with one of these operators; with ``:min|max``, one of these names; with ``:!``, any other
$op, ...       are each of several operators in turn (`OPERATORS`)
...            is any arguments, or any block
@If.test|...   restricts the match to this field of its parent: ``Call`` alone is any field, ``.test`` any parent's,
               ``range.args`` the arguments of that function; for a statement, it restricts the innermost loop around.
               ``@!`` is any other place.

The pattern ``$a`` alone matches an expression that is read and not called.
"""

OPERATORS = {
    "op": ("+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"),
    "then": ("+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"),
    "uneven": ("+", "-", "/", "//", "%", "**", "<<", ">>"),  # operands cannot be swapped; for +, those of texts cannot
    "sum": ("+", "-"),
    "product": ("*", "/", "//", "%", "**"),
}
_TEST = ".test|.ifs|BoolOp"
_NUMBER = "Subscript.slice|Slice|range.args|Compare|Return|Assign|AugAssign|BinOp"

_ARITHMETIC = """
arithmetic
    $a + $b  -> $a - $b; $a * $b
    $a - $b  -> $a + $b; $a % $b; $a / $b; $a * $b
    $a * $b  -> $a ** $b; $a + $b; $a / $b; $a // $b; $a - $b; $a % $b
    $a / $b  -> $a // $b; $a * $b; $a % $b
    $a // $b -> $a / $b; $a % $b; $a * $b
    $a % $b  -> $a // $b; $a / $b; $a * $b
    $a ** $b -> $a * $b
    $a & $b  -> $a | $b; $a ^ $b; $a - $b
    $a | $b  -> $a & $b; $a ^ $b
    $a ^ $b  -> $a & $b; $a | $b; $a ** $b
    $a << $b -> $a >> $b
    $a >> $b -> $a << $b
"""

SLIPS = f"""
{_ARITHMETIC}
{_ARITHMETIC.replace(" $b", "= $b")}

update
    $a $op= $b                        -> $a = $b
    $a:Name|Subscript = $b            -> $a += $b; $a -= $b; $a *= $b
    $a:Name|Subscript = $b @For|While -> $a = max($a, $b); $a = min($a, $b)

comparison
    $a < $b      -> $a <= $b; $a > $b; $a >= $b; $a != $b; $a == $b
    $a <= $b     -> $a < $b; $a >= $b; $a > $b; $a == $b; $a != $b
    $a > $b      -> $a >= $b; $a < $b; $a <= $b; $a != $b; $a == $b
    $a >= $b     -> $a > $b; $a <= $b; $a < $b; $a == $b; $a != $b
    $a == $b     -> $a != $b; $a <= $b; $a >= $b; $a > $b; $a < $b; $a in $b
    $a != $b     -> $a == $b; $a < $b; $a > $b; $a not in $b
    $a in $b     -> $a not in $b; $a == $b; $b in $a
    $a not in $b -> $a in $b; $a != $b; $b not in $a
    $a is $b     -> $a is not $b; $a == $b
    $a is not $b -> $a is $b; $a != $b

boolean
    $a and $b -> $a or $b
    $a or $b  -> $a and $b

negation
    not $a                              -> $a
    $a:!Compare|BoolOp|Not @{_TEST}     -> not $a
    $a:BoolOp @{_TEST}                  -> not $a
    $a:Call|BoolOp @Return.value        -> not $a

sign
    -$a                                      -> $a
    +$a                                      -> $a
    $a:Name|Call|Subscript @{_NUMBER} -> -$a

operand
    $a $op $b            -> $a; $b
    $a $uneven $b        -> $b $uneven $a
    $a $op ($b $then $c) -> ($a $op $b) $then $c
    ($a $op $b) $then $c -> $a $op ($b $then $c)
    $a and $b            -> $a; $b
    $a or $b             -> $a; $b

bound
    $a:Name|Call|Subscript|Attribute @{_NUMBER} -> $a + 1; $a - 1
    $a $product $b @{_NUMBER}                   -> $a $product $b + 1; $a $product $b - 1
    $a $sum $b:!Constant @{_NUMBER}             -> $a $sum $b + 1; $a $sum $b - 1
    $a:Name @For.iter|comprehension.iter        -> $a[1:]; $a[:-1]; $a[::-1]
    range($a)         -> range(1, $a); range(1, $a + 1); range(2, $a)
    range($a, $b)     -> range($b)
    range($a, $b, $c) -> range($b); range($a, $b)
    $a[0]             -> $a[-1]
    $a[$b:UnaryOp]    -> $a[0]
    $a[:]             -> $a[1:]; $a[:-1]
    $a[:$b]           -> $a[1:$b]; $a[:]
    $a[$b:]           -> $a[$b:-1]; $a[:]
    $a[$b:$c]         -> $a[:$c]; $a[$b:]
    $a[::$b]          -> $a[1::$b]
    $a[:$b:$c]        -> $a[1:$b:$c]; $a[::$c]
    $a[$b::$c]        -> $a[::$c]
    $a[$b:$c:$d]      -> $a[:$c:$d]; $a[$b::$d]

subscript
    $a[$b:!Slice] -> $a

call
    $a[:]            -> $a
    $a[::$b]         -> $a
    $a.$m()          -> $a
    $a.$m:strip|lower|upper|copy|split|replace(...) -> $a
    $f:sorted|set|list|int|str|abs|len|tuple|round|sum|reversed|float|bool($a) -> $a
    sorted($a)       -> sorted($a, reverse=True)
    $a.sort()        -> $a.sort(reverse=True)
    $f:sorted|min|max($a, $k=$b)   -> $f($a)
    sorted($a, $k=$b)              -> $a
    sorted($a, $j=$b, $k=$c)       -> sorted($a)
    $a.sort($k=$b)                 -> $a.sort()
    $a.sort($j=$b, $k=$c)          -> $a.sort()
    $a:!Constant     -> abs($a); len($a); set($a); sorted($a); str($a); int($a)
    $a:Name|Subscript|Call @Compare|Call|Return -> $a.lower(); $a.upper(); $a.strip()

branches
    $a if $b else $c -> $c if $b else $a; $a; $c

jump
    break    -> continue; pass
    continue -> break; pass
    pass     -> continue; break

constant
    return $a:!Constant -> return True; return False; return None; return 0; return []
    return $a:!Constant -> return ''; return -1
"""
# names of functions and methods that are confused
ALIKE = (
    *("min max", "any all", "sorted list reversed set", "int float round str", "sum len max", "append extend insert"),
    *("upper lower swapcase capitalize title", "isupper islower", "isalpha isdigit isalnum isnumeric"),
    *("startswith endswith", "find rfind index", "strip lstrip rstrip", "add remove discard", "ceil floor"),
    *("union intersection difference", "keys values items", "ljust rjust", "heappush heappop"),
)
