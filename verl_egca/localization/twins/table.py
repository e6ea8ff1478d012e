"""Small edits that undo common slips, as a table of patterns and what replaces them. A line more is an edit more.

Under each kind stand lines of the form ``pattern @place -> cost replacement; cost replacement``. A cost is a rough surprise
in bits: how unlikely it is that this edit, among all at its place, is the one that was needed. In patterns

$a             stands for any expression, an argument's name or a method's; with ``:Name|Call`` for one of these nodes of
               `ast` or with one of these operators, with ``:min|max`` for one of these names, with ``:!`` for any other
$op, ...       stand for each of several operators in turn (`OPERATORS`)
...            stands for any arguments, or any block
@If.test|...   holds where the match is its parent's field: ``Call`` alone is any field, ``.test`` any parent's,
               ``range.args`` the arguments of that function; for a statement, where the innermost loop around is one of
               these. ``@!`` is anywhere else.

A pattern that is ``$a`` alone matches what is read, and not what is called.
"""

OPERATORS = {
    "op": ("+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"),
    "then": ("+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"),
    "uneven": ("+", "-", "/", "//", "%", "**", "<<", ">>"),  # operands can't be exchanged; texts' can't for +
    "sum": ("+", "-"),
    "product": ("*", "/", "//", "%", "**"),
}
_TEST = ".test|.ifs|BoolOp"
_INDEX = "Subscript.slice|Slice.lower|Slice.upper|range.args"
_NUMBER = "Slice.step|Compare|Return|Assign|AugAssign|BinOp"
_WHOLE = "Return.value|Assign.value|Call"

_ARITHMETIC = """
arithmetic
    $a + $b  -> 1.5 $a - $b; 2.5 $a * $b
    $a - $b  -> 1.5 $a + $b; 3.5 $a % $b; 4.0 $a / $b; 4.0 $a * $b
    $a * $b  -> 2.0 $a ** $b; 2.5 $a + $b; 3.0 $a / $b; 3.0 $a // $b; 4.0 $a - $b; 4.5 $a % $b
    $a / $b  -> 1.0 $a // $b; 2.0 $a * $b; 3.0 $a % $b
    $a // $b -> 1.0 $a / $b; 1.5 $a % $b; 2.5 $a * $b
    $a % $b  -> 1.0 $a // $b; 2.5 $a / $b; 3.5 $a * $b
    $a ** $b -> 1.0 $a * $b
    $a & $b  -> 1.0 $a | $b; 2.0 $a ^ $b; 3.0 $a - $b
    $a | $b  -> 1.0 $a & $b; 2.0 $a ^ $b
    $a ^ $b  -> 1.5 $a & $b; 1.5 $a | $b; 2.0 $a ** $b
    $a << $b -> 1.0 $a >> $b
    $a >> $b -> 1.0 $a << $b
"""

SLIPS = f"""
{_ARITHMETIC}
{_ARITHMETIC.replace(" $b", "= $b")}

update
    $a $op= $b                        -> 2.0 $a = $b
    $a:Name|Subscript = $b            -> 2.5 $a += $b; 4.0 $a -= $b; 4.0 $a *= $b
    $a:Name|Subscript = $b @For|While -> 3.5 $a = max($a, $b); 3.5 $a = min($a, $b)

comparison
    $a < $b      -> 1.0 $a <= $b; 2.0 $a > $b; 2.5 $a >= $b; 3.5 $a != $b; 3.5 $a == $b
    $a <= $b     -> 1.0 $a < $b; 2.0 $a >= $b; 2.5 $a > $b; 3.5 $a == $b; 4.0 $a != $b
    $a > $b      -> 1.0 $a >= $b; 2.0 $a < $b; 2.5 $a <= $b; 3.5 $a != $b; 3.5 $a == $b
    $a >= $b     -> 1.0 $a > $b; 2.0 $a <= $b; 2.5 $a < $b; 3.5 $a == $b; 4.0 $a != $b
    $a == $b     -> 1.5 $a != $b; 2.5 $a <= $b; 2.5 $a >= $b; 3.0 $a > $b; 3.0 $a < $b; 4.0 $a in $b
    $a != $b     -> 1.5 $a == $b; 3.0 $a < $b; 3.0 $a > $b; 4.0 $a not in $b
    $a in $b     -> 1.0 $a not in $b; 3.5 $a == $b; 4.0 $b in $a
    $a not in $b -> 1.0 $a in $b; 3.5 $a != $b; 4.0 $b not in $a
    $a is $b     -> 1.0 $a is not $b; 3.0 $a == $b
    $a is not $b -> 1.0 $a is $b; 3.0 $a != $b

boolean
    $a and $b -> 1.5 $a or $b
    $a or $b  -> 1.5 $a and $b

negation
    not $a                              -> 1.0 $a
    $a:!Compare|BoolOp|Not @{_TEST}     -> 1.5 not $a
    $a:BoolOp @{_TEST}                  -> 2.5 not $a
    $a:Call|BoolOp @Return.value        -> 3.5 not $a

sign
    -$a                                      -> 2.0 $a
    +$a                                      -> 2.0 $a
    $a:Name|Call|Subscript @{_INDEX}|{_NUMBER} -> 4.0 -$a

operand
    $a $op $b            -> 3.0 $a; 3.5 $b
    $a $uneven $b        -> 3.0 $b $uneven $a
    $a $op ($b $then $c) -> 4.0 ($a $op $b) $then $c
    ($a $op $b) $then $c -> 4.0 $a $op ($b $then $c)
    $a and $b            -> 3.0 $a; 3.0 $b
    $a or $b             -> 3.0 $a; 3.0 $b

bound
    $a:Name|Call|Subscript|Attribute @{_INDEX}  -> 2.0 $a + 1; 2.0 $a - 1
    $a:Name|Call|Subscript|Attribute @{_NUMBER} -> 2.8 $a + 1; 2.8 $a - 1
    $a $product $b @{_INDEX}                    -> 2.0 $a $product $b + 1; 2.0 $a $product $b - 1
    $a $product $b @{_NUMBER}                   -> 2.8 $a $product $b + 1; 2.8 $a $product $b - 1
    $a $sum $b:!Constant @{_INDEX}              -> 2.0 $a $sum $b + 1; 2.0 $a $sum $b - 1
    $a $sum $b:!Constant @{_NUMBER}             -> 2.8 $a $sum $b + 1; 2.8 $a $sum $b - 1
    $a:Name @For.iter|comprehension.iter        -> 4.0 $a[1:]; 4.0 $a[:-1]; 4.0 $a[::-1]
    range($a)         -> 2.5 range(1, $a); 2.5 range(1, $a + 1); 3.5 range(2, $a)
    range($a, $b)     -> 3.5 range($b)
    range($a, $b, $c) -> 3.5 range($b); 3.5 range($a, $b)
    $a[0]             -> 2.0 $a[-1]
    $a[$b:UnaryOp]    -> 2.0 $a[0]
    $a[:]             -> 3.0 $a[1:]; 3.0 $a[:-1]
    $a[:$b]           -> 3.0 $a[1:$b]; 3.0 $a[:]
    $a[$b:]           -> 3.0 $a[$b:-1]; 3.0 $a[:]
    $a[$b:$c]         -> 3.0 $a[:$c]; 3.0 $a[$b:]
    $a[::$b]          -> 3.0 $a[1::$b]
    $a[:$b:$c]        -> 3.0 $a[1:$b:$c]; 3.0 $a[::$c]
    $a[$b::$c]        -> 3.0 $a[::$c]
    $a[$b:$c:$d]      -> 3.0 $a[:$c:$d]; 3.0 $a[$b::$d]

subscript
    $a[$b:!Slice] -> 5.0 $a

call
    $a[:]            -> 3.0 $a
    $a[::$b]         -> 3.0 $a
    $a.$m()          -> 3.0 $a
    $a.$m:strip|lower|upper|copy|split|replace(...) -> 3.0 $a
    $f:sorted|set|list|int|str|abs|len|tuple|round|sum|reversed|float|bool($a) -> 3.0 $a
    sorted($a)       -> 3.0 sorted($a, reverse=True)
    $a.sort()        -> 3.0 $a.sort(reverse=True)
    $f:sorted|min|max($a, $k=$b)   -> 3.0 $f($a)
    sorted($a, $k=$b)              -> 3.0 $a
    sorted($a, $j=$b, $k=$c)       -> 3.0 sorted($a)
    $a.sort($k=$b)                 -> 3.0 $a.sort()
    $a.sort($j=$b, $k=$c)          -> 3.0 $a.sort()
    $a:!Constant @{_WHOLE}         -> 4.5 abs($a); 4.5 len($a); 4.5 set($a); 4.5 sorted($a); 4.5 str($a); 4.5 int($a)
    $a:!Constant @!{_WHOLE}        -> 5.5 abs($a); 5.5 len($a); 5.5 set($a); 5.5 sorted($a); 5.5 str($a); 5.5 int($a)
    $a:Name|Subscript|Call @Compare|Call|Return -> 6.0 $a.lower(); 6.0 $a.upper(); 6.0 $a.strip()

branches
    $a if $b else $c -> 2.0 $c if $b else $a; 4.0 $a; 4.0 $c

jump
    break    -> 1.0 continue; 2.0 pass
    continue -> 1.0 break; 2.0 pass
    pass     -> 2.5 continue; 2.5 break

constant
    return $a:!Constant -> 4.0 return True; 4.0 return False; 4.5 return None; 5.0 return 0; 5.0 return []
    return $a:!Constant -> 5.5 return ''; 5.5 return -1
"""
# names of functions and methods that are taken for one another
ALIKE = (
    *("min max", "any all", "sorted list reversed set", "int float round str", "sum len max", "append extend insert"),
    *("upper lower swapcase capitalize title", "isupper islower", "isalpha isdigit isalnum isnumeric"),
    *("startswith endswith", "find rfind index", "strip lstrip rstrip", "add remove discard", "ceil floor"),
    *("union intersection difference", "keys values items", "ljust rjust", "heappush heappop"),
)
