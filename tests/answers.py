"""Answers as chat and base models give them, and the program that is wanted of each.

Every one holds a program that is right: whoever judges it wrong has lost the program.
"""

import io
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass

from verl_egca.problem import AssertionTests, CallTests, Problem

from .problems import assertion_problem, call_problem, stdio_problem

SUM = stdio_problem(("3 4\n", "7\n"), ("1 1\n", "2\n"))
ADD = call_problem(((3, 4), 7), ((1, 1), 2), entry_point="add")
TOTAL = Problem(
    task_id="total",
    prompt="Complete the function.",
    code_prefix='from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    """ Sum. """\n',
    entry_point="total",
    preamble="from typing import List\n",
    tests=AssertionTests(
        setup="def check(candidate):\n    assert candidate([1, 2]) == 3\n    assert candidate([]) == 0\n",
        assertions=("check(total)",),
    ),
)
TWO_SUM = Problem(
    task_id="two-sum",
    prompt="Complete the class.",
    code_prefix="class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n        ",
    entry_point="Solution().twoSum",
    preamble="from typing import List\n",
    tests=CallTests(arguments=(([2, 7, 11], 9), ([3, 3], 6)), expected=([0, 1], [0, 1])),
)
STARTER = TWO_SUM.model_copy(update={"code_prefix": TWO_SUM.code_prefix.rstrip(" ")})
ASSERTED = assertion_problem("assert add(3, 4) == 7", entry_point="add")


@dataclass(frozen=True)
class Answer:
    """``program`` is the source that is wanted, the prompt's code included where the answer goes on with it."""

    name: str
    response: str
    problem: Problem
    program: str


SCRIPT = "a, b = map(int, input().split())\nprint(a + b)\n"
FUNCTION = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return a - b\n"
WITH_MAIN = (
    "import sys\n\n\ndef main():\n    a, b = map(int, sys.stdin.readline().split())\n    print(a + b)\n\n\n"
    'if __name__ == "__main__":\n    main()\n'
)
BODY = "    return sum(xs)\n"
WHOLE_TOTAL = "def total(xs: List[int]) -> int:\n    return sum(xs)\n"
METHOD_BODY = (
    "        seen = {}\n        for i, n in enumerate(nums):\n            if target - n in seen:\n"
    "                return [seen[target - n], i]\n            seen[n] = i\n"
)
SOLUTION = "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n" + METHOD_BODY
WITH_FENCE_INSIDE = 'def add(a, b):\n    """Add.\n\n```python\n>>> add(1, 2)\n3\n```\n    """\n    return a + b\n'


def fenced(code, tag="python"):
    return f"```{tag}\n{code}```"


def indented(code, width):
    return "".join(" " * width + line if line.strip() else line for line in code.splitlines(keepends=True))


ANSWERS = [
    # fences
    Answer("one fence", f"Sure!\n\n{fenced(SCRIPT)}\n\nThis adds them.", SUM, SCRIPT),
    Answer("a fence without a tag", f"{fenced(SCRIPT, '')}\n", SUM, SCRIPT),
    Answer("py as the tag", fenced(FUNCTION, "py"), ADD, FUNCTION),
    Answer("Python3 as the tag", fenced(FUNCTION, "Python3"), ADD, FUNCTION),
    Answer("python3.11 as the tag", fenced(FUNCTION, "python3.11"), ADD, FUNCTION),
    Answer("a file's name as the tag", fenced(FUNCTION, "solution.py"), ADD, FUNCTION),
    Answer("a title after the tag", fenced(FUNCTION, 'python title="add.py"'), ADD, FUNCTION),
    Answer("pandoc's tag", fenced(FUNCTION, "{.python}"), ADD, FUNCTION),
    Answer("tildes", f"~~~python\n{FUNCTION}~~~\n", ADD, FUNCTION),
    Answer("four backticks", f"````python\n{FUNCTION}````", ADD, FUNCTION),
    Answer("Windows' line ends", fenced(FUNCTION).replace("\n", "\r\n"), ADD, FUNCTION.replace("\n", "\r\n")),
    Answer("tabs", "```python\ndef add(a, b):\n\treturn a + b\n```", ADD, "def add(a, b):\n\treturn a + b\n"),
    Answer("a byte order mark within the fence", fenced("\ufeff" + SCRIPT), SUM, SCRIPT),
    Answer("a fence that opens after words", f"Here is the code: {fenced(SCRIPT)}\nDone.", SUM, SCRIPT),
    Answer("an untagged fence that opens after words", f"The code: {fenced(FUNCTION, '')}", ADD, FUNCTION),
    Answer("a fence that closes on a code line", "```python\n" + FUNCTION.rstrip() + "```\nDone.", ADD, FUNCTION.rstrip()),
    Answer("words after the closing fence", "```python\n" + SCRIPT.rstrip() + "``` This adds.", SUM, SCRIPT.rstrip()),
    Answer("a fence on one line", "```python print(sum(map(int, input().split())))```", SUM, "print(sum(map(int, input().split())))"),
    Answer("code on the opening fence's line", "```python import sys\nprint(sum(map(int, sys.stdin.read().split())))\n```", SUM, "import sys\nprint(sum(map(int, sys.stdin.read().split())))\n"),
    Answer("a fence that is never closed", f"The code:\n```python\n{SCRIPT}", SUM, SCRIPT),
    Answer("a fence that is never closed, and prose", f"```python\n{SCRIPT}\nThis reads two numbers.\n", SUM, SCRIPT + "\n"),
    Answer("a lone closing fence", f"{SCRIPT}```\n\nThis reads two numbers and adds them.\n", SUM, SCRIPT),
    Answer("a lone closing fence, then an example", f"{FUNCTION}```\n\nFor example:\n{fenced('print(add(1, 2))')}", ADD, FUNCTION),
    Answer("a fence in a list", f"1. So:\n\n   ```python\n{indented(SCRIPT, 3)}   ```\n2. Done.", SUM, SCRIPT),
    Answer("a fence on a list item's line", f"- ```python\n{indented(SCRIPT, 2)}  ```\n", SUM, SCRIPT),
    Answer("a fence in a quotation", f"> ```python\n> {FUNCTION.replace(chr(10), chr(10) + '> ', 1)}> ```\n", ADD, FUNCTION),
    Answer("a fence whose code is indented", fenced(indented(SCRIPT, 4)), SUM, SCRIPT),
    Answer("a fence in a docstring", fenced(WITH_FENCE_INSIDE), ADD, WITH_FENCE_INSIDE),
    Answer("a fence in the docstring of bare code", WITH_FENCE_INSIDE, ADD, WITH_FENCE_INSIDE),
    Answer("a fence in the docstring of bare code below prose", f"Sure, here it is:\n\n{WITH_FENCE_INSIDE}", ADD, WITH_FENCE_INSIDE),
    Answer("backticks in a string", fenced("FENCE = '```'\n" + FUNCTION), ADD, "FENCE = '```'\n" + FUNCTION),
    Answer("an interactive session", fenced(">>> def add(a, b):\n...     return a + b\n...\n>>> add(1, 2)\n3\n"), ADD, "def add(a, b):\n    return a + b\n\nadd(1, 2)\n"),
    Answer("the language's name within the fence", fenced("python\n" + SCRIPT, ""), SUM, SCRIPT),
    Answer("a shell's command within the fence", fenced("!pip install numpy\n" + SCRIPT), SUM, SCRIPT),
    Answer("a heading within the fence", fenced(f"{FUNCTION}\nComplexity: O(n)\n"), ADD, FUNCTION + "\n"),
    Answer("a fence of Markdown around the fence", f"````markdown\nSo:\n{fenced(SCRIPT)}\n````", SUM, SCRIPT),
    # several fences
    Answer("sample output in a fence of its own", f"{fenced(SCRIPT)}\nOutput:\n{fenced('7' + chr(10), '')}", SUM, SCRIPT),
    Answer("sample input before and output after, tagged text", f"Input:\n{fenced('3 4' + chr(10), 'text')}\n{fenced(SCRIPT)}\nOutput:\n{fenced('7' + chr(10), 'output')}", SUM, SCRIPT),
    Answer("untagged program and samples", f"{fenced('3 4' + chr(10), '')}\n{fenced(SCRIPT, '')}\n{fenced('7' + chr(10), '')}", SUM, SCRIPT),
    Answer("how to run it, in bash", f"{fenced(SCRIPT)}\nRun it:\n{fenced('python sum.py < input.txt' + chr(10), 'bash')}", SUM, SCRIPT),
    Answer("a value in JSON", f"{fenced(FUNCTION)}\n{fenced('[1, 2, 3]' + chr(10), 'json')}", ADD, FUNCTION),
    Answer("the same in C++ below", f"{fenced(SCRIPT)}\nIn C++:\n{fenced('int main() { int a, b; std::cin >> a >> b; }' + chr(10), 'cpp')}", SUM, SCRIPT),
    Answer("an example below", f"{fenced(FUNCTION)}\nUse it so:\n{fenced('print(add(1, 2))' + chr(10))}", ADD, FUNCTION),
    Answer("an example of a script's function below", f"{fenced(WITH_MAIN)}\n{fenced('main()' + chr(10))}", SUM, WITH_MAIN),
    Answer("a test below", f"{fenced(FUNCTION)}\n{fenced('from solution import add' + chr(10) + 'assert add(1, 2) == 3' + chr(10))}", ADD, FUNCTION),
    Answer("a better version below", f"{fenced(WRONG)}\nThat subtracts. Better:\n{fenced(FUNCTION)}", ADD, FUNCTION),
    Answer("a better script below", f"{fenced(SCRIPT.replace('+', '-'))}\nBetter:\n{fenced(SCRIPT)}", SUM, SCRIPT),
    Answer("the signature quoted below", f"{fenced(FUNCTION)}\nIts signature is\n{fenced('def add(a, b):' + chr(10) + '    ...' + chr(10))}", ADD, FUNCTION),
    Answer("half of the function quoted below", f"{fenced(FUNCTION)}\nNote the line\n{fenced('def add(a, b):' + chr(10) + '    # ...' + chr(10))}", ADD, FUNCTION),
    Answer("the body quoted below", f"{fenced(WHOLE_TOTAL)}\nHere\n{fenced(BODY)}\nadds them up.", TOTAL, WHOLE_TOTAL),
    Answer("a line of the script quoted below", f"{fenced(SCRIPT)}\nThe line\n{fenced('a, b = map(int, input().split())' + chr(10))}\nreads.", SUM, SCRIPT),
    Answer("lines of main quoted below", f"{fenced(WITH_MAIN)}\nHere\n{fenced('a, b = map(int, sys.stdin.readline().split())' + chr(10) + 'print(a + b)' + chr(10))}\ndoes it.", SUM, WITH_MAIN),
    Answer("a function in two fences", f"First:\n{fenced('def plus(a, b):' + chr(10) + '    return a + b' + chr(10))}\nThen:\n{fenced('def add(a, b):' + chr(10) + '    return plus(a, b)' + chr(10))}", ADD, "def plus(a, b):\n    return a + b\ndef add(a, b):\n    return plus(a, b)\n"),
    Answer("a helper and its check, then the function", f"{fenced('def plus(a, b):' + chr(10) + '    return a + b' + chr(10) + 'assert plus(1, 1) == 3' + chr(10))}\nThen:\n{fenced('def add(a, b):' + chr(10) + '    return plus(a, b)' + chr(10))}", ADD, "def plus(a, b):\n    return a + b\ndef add(a, b):\n    return plus(a, b)\n"),
    Answer("a script step by step", f"Read:\n{fenced('a, b = map(int, input().split())' + chr(10))}\nWrite:\n{fenced('print(a + b)' + chr(10))}", SUM, SCRIPT),
    Answer("a script whose call stands apart", f"{fenced('def main():' + chr(10) + '    print(sum(map(int, input().split())))' + chr(10))}\nand\n{fenced('main()' + chr(10))}", SUM, "def main():\n    print(sum(map(int, input().split())))\nmain()\n"),
    Answer("imports in a fence of their own", f"{fenced('from math import *' + chr(10))}\nThen\n{fenced('def add(a, b):' + chr(10) + '    return int(fsum((a, b)))' + chr(10))}", ADD, "from math import *\ndef add(a, b):\n    return int(fsum((a, b)))\n"),
    Answer("a better script that imports nothing again", f"{fenced(WITH_MAIN.replace('a + b', 'a - b'))}\nBetter:\n{fenced('n = sys.stdin.readline()' + chr(10) + 'print(sum(map(int, n.split())))' + chr(10))}", SUM, "import sys\nn = sys.stdin.readline()\nprint(sum(map(int, n.split())))\n"),
    Answer("a fence that the next one closes", f"```python\n{FUNCTION}\n```python\nprint(add(1, 2))\n```", ADD, FUNCTION + "\n"),
    # no fence
    Answer("bare code", SCRIPT, SUM, SCRIPT),
    Answer("bare code after a byte order mark", "\ufeff" + SCRIPT, SUM, SCRIPT),
    Answer("prose, then code", f"Here is the program:\n\n{SCRIPT}", SUM, SCRIPT),
    Answer("code, then prose", f"{SCRIPT}\nThis reads two numbers and prints their sum.\n", SUM, SCRIPT + "\n"),
    Answer("prose, code, prose", f"Here is the program:\n\nimport sys\n{SCRIPT}\nThis reads two numbers.\n", SUM, f"import sys\n{SCRIPT}\n"),
    Answer("prose and a loop", "Solution.\n\nfor line in [input()]:\n    a, b = map(int, line.split())\n    print(a + b)\n", SUM, "for line in [input()]:\n    a, b = map(int, line.split())\n    print(a + b)\n"),
    Answer("prose and one statement", "The answer is simply\n\nprint(sum(map(int, input().split())))\n", SUM, "print(sum(map(int, input().split())))\n"),
    Answer("code, then a heading", f"{SCRIPT}\n## Explanation\n\nWe add.\n", SUM, f"{SCRIPT}\n## Explanation\n\n"),
    Answer("a heading that parses", f"Note\n\n{SCRIPT}", SUM, SCRIPT),
    Answer("brackets and strings that go on at the left edge", f"Here you go:\n\nXS = [\n1,\n]\nTEXT = \"\"\"\nfoo bar baz\n\"\"\"\n{SCRIPT}\nBye now.", SUM, f'XS = [\n1,\n]\nTEXT = """\nfoo bar baz\n"""\n{SCRIPT}\n'),
    Answer("a bracket that closes nothing", f"<![CDATA[\n{SCRIPT}]]>", SUM, SCRIPT),
    Answer("labels that parse", f"Input: a = 3, b = 4\nInput: a = 3\nOutput: 7\n\n{SCRIPT}", SUM, SCRIPT),
    Answer("a list, then code", f"1. Read.\n2. Add.\n\n{SCRIPT}", SUM, SCRIPT),
    Answer("code, then a sample that parses", f"{SCRIPT}\nOutput\n\n7\n", SUM, SCRIPT + "\n"),
    Answer("code, then a complexity that parses", f"{FUNCTION}\nTime: O(n)\nSpace: O(1)\n", ADD, FUNCTION + "\n"),
    Answer("prose within the code", "First read:\n\na, b = map(int, input().split())\n\nThen print the sum of both:\n\nprint(a + b)\n", SUM, "a, b = map(int, input().split())\n\nprint(a + b)\n"),
    Answer("a function between prose", f"I'd write it like this.\n\n{FUNCTION}\nIt's short, isn't it?\n", ADD, FUNCTION + "\n"),
    Answer("code in a Markdown block by indentation", f"Here is the program:\n\n{indented(SCRIPT, 4)}\nIt adds.\n", SUM, SCRIPT + "\n"),
    Answer("prose in another language", f"以下是程序：\n\n{SCRIPT}\n它把两个数相加。\n", SUM, SCRIPT + "\n"),
    Answer("bare code, then a sample in a fence", f"{SCRIPT}\nFor example\n{fenced('3 4' + chr(10), '')}\ngives 7.\n", SUM, SCRIPT + "\n"),
    Answer("a script that begins with what parses alone", f"import sys\n\nn = 0\n{SCRIPT}\nThe end of it.\n", SUM, f"import sys\n\nn = 0\n{SCRIPT}\n"),
    Answer("another function that is cut off", f"{FUNCTION}\n\ndef other(xs):\n    for x in", ADD, FUNCTION + "\n\n"),
    # tokens and tags as text
    Answer("an end-of-text token", f"{SCRIPT}<|endoftext|>", SUM, SCRIPT),
    Answer("an end-of-text token on a code line", f"{SCRIPT.rstrip()}</s>", SUM, SCRIPT.rstrip()),
    Answer("an end-of-text token in an open fence", f"```python\n{FUNCTION}<|im_end|>", ADD, FUNCTION),
    Answer("another conversation after the end", f"{fenced(FUNCTION)}<|im_end|>\n<|im_start|>user\nNow subtract.<|im_end|>\n<|im_start|>assistant\n{fenced(WRONG)}", ADD, FUNCTION),
    Answer("DeepSeek's end-of-text token", f"{FUNCTION.rstrip()}<｜end▁of▁sentence｜>", ADD, FUNCTION.rstrip()),
    Answer("Llama's tokens", f"<|start_header_id|>assistant<|end_header_id|>\n\n{SCRIPT}<|eot_id|>", SUM, SCRIPT),
    Answer("CodeLlama's tags", f"[PYTHON]\n{FUNCTION}[/PYTHON]\n[TESTS]\nassert add(1, 2) == 4\n[/TESTS]", ADD, FUNCTION),
    Answer("MBPP's marks, and the next task", f"[BEGIN]\n{FUNCTION}[DONE]\n\nWrite a function to subtract.\n[BEGIN]\n{WRONG}[DONE]", ASSERTED, FUNCTION),
    Answer("an instruction's end", f"[/INST] Here you are:\n{SCRIPT}</s>", SUM, SCRIPT),
    Answer("HTML's tags", f'<pre><code class="language-python">\n{SCRIPT}</code></pre>', SUM, SCRIPT),
    Answer("an answer's tag", f"<answer>\n{SCRIPT}</answer>", SUM, SCRIPT),
    Answer("a token within a string", fenced(f"END = '</s>'\n{SCRIPT}"), SUM, f"END = '</s>'\n{SCRIPT}"),
    Answer("a token within a string of bare code", f"END = '<|endoftext|>'\n{SCRIPT}", SUM, f"END = '<|endoftext|>'\n{SCRIPT}"),
    Answer("a token in the middle of a string", fenced(f"END = 'the <|im_end|> token'\n{SCRIPT}"), SUM, f"END = 'the <|im_end|> token'\n{SCRIPT}"),
    # thinking
    Answer("a draft in the thinking", f"<think>\nMaybe\n{fenced(WRONG)}\nNo.\n</think>\n\n{fenced(FUNCTION)}", ADD, FUNCTION),
    Answer("thinking whose start the prompt holds", f"Maybe\n{fenced(WRONG)}\nNo.\n</think>\n\n{FUNCTION}", ADD, "\n\n" + FUNCTION),
    Answer("nothing but thinking", f"<think>\nI'd say\n{fenced(FUNCTION)}\nand that is", ADD, FUNCTION),
    Answer("thinking, and no code in the answer", f"<think>\n{fenced(FUNCTION)}\n</think>\nSee above.", ADD, FUNCTION),
    # what goes on with the prompt
    Answer("a body", BODY, TOTAL, TOTAL.code_prefix + BODY),
    Answer("a body in a fence", fenced(BODY), TOTAL, TOTAL.code_prefix + BODY),
    Answer("a body with its docstring again", f'    """ Sum. """\n{BODY}', TOTAL, f'{TOTAL.code_prefix}    """ Sum. """\n{BODY}'),
    Answer("a body, then an example", f"{BODY}\nprint(total([1, 2, 3]))\n", TOTAL, f"{TOTAL.code_prefix}{BODY}\nprint(total([1, 2, 3]))\n"),
    Answer("a body, then prose", f"{BODY}\nThis function adds them up.\n", TOTAL, f"{TOTAL.code_prefix}{BODY}\n"),
    Answer("a body below prose", f"The body is:\n\n{BODY}", TOTAL, TOTAL.code_prefix + BODY),
    Answer("a body, then a lone closing fence", f"{BODY}```\n\nThis adds them up.\n", TOTAL, TOTAL.code_prefix + BODY),
    Answer("a body, then the next function, cut off", f"{BODY}\n\ndef other(xs):\n    for x in", TOTAL, f"{TOTAL.code_prefix}{BODY}\n\n"),
    Answer("the signature again", WHOLE_TOTAL, TOTAL, WHOLE_TOTAL),
    Answer("the whole prompt again", TOTAL.code_prefix + BODY, TOTAL, TOTAL.code_prefix + BODY),
    Answer("the whole function, indented", fenced(indented(WHOLE_TOTAL, 4)), TOTAL, WHOLE_TOTAL),
    Answer("a chat's whole function", f"Sure:\n{fenced(WHOLE_TOTAL)}", TOTAL, WHOLE_TOTAL),
    # methods
    Answer("a class", f"{fenced(SOLUTION)}\nUse it:\n{fenced('print(Solution().twoSum([2, 7], 9))' + chr(10))}", TWO_SUM, SOLUTION),
    Answer("a method's body, its first indentation in the prompt", METHOD_BODY.lstrip(" "), TWO_SUM, TWO_SUM.code_prefix + METHOD_BODY.lstrip(" ")),
    Answer("a method's body", METHOD_BODY, STARTER, STARTER.code_prefix + METHOD_BODY),
    Answer("a method with its signature again", fenced(indented(SOLUTION.split("\n", 1)[1], 0)), STARTER, SOLUTION),
    Answer("a class, then its method quoted", f"{fenced(SOLUTION)}\nThe core is\n{fenced(METHOD_BODY)}", STARTER, SOLUTION),
]  # fmt: skip


def passes(problem, source):
    """A plain run in this process: the table's programs harm nothing."""
    try:
        code, names = compile(source, "program", "exec"), {"__name__": "program"}
        if problem.tests.kind == "stdio":
            return all(
                printed(code, given).split() == wanted.split()
                for given, wanted in zip(problem.tests.inputs, problem.tests.outputs, strict=True)
            )
        with redirect_stdout(io.StringIO()):
            exec(problem.preamble, names)
            exec(code, names)
            if problem.tests.kind == "calls":
                called = eval(problem.entry_point, names)
                pairs = zip(problem.tests.arguments, problem.tests.expected, strict=True)
                return all(called(*arguments) == expected for arguments, expected in pairs)
            for text in (problem.tests.setup, *problem.tests.assertions):
                exec(text, names)
            return True
    except Exception:
        return False


def printed(code, given):
    standard_input, sys.stdin = sys.stdin, io.StringIO(given)
    try:
        with redirect_stdout(io.StringIO()) as output:
            exec(code, {"__name__": "__main__"})
    finally:
        sys.stdin = standard_input
    return output.getvalue()
