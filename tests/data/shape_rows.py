"""A small row of our own making in the shape of each data set, with what is to be read from it."""

import base64
import json
import pickle
import zlib
from dataclasses import dataclass
from typing import Any

from ..execution.leetcode_preamble import PREAMBLE

ADD = "a, b = map(int, input().split())\nprint(a + b)\n"
WRONG_ADD = "a, b = map(int, input().split())\nprint(a - b)\n"
BIG_SUM = "def big_sum(nums, k):\n    return sum(x for x in nums if x >= k)\n"
WRONG_BIG_SUM = "def big_sum(nums, k):\n    return sum(x for x in nums if x > k)\n"
METHOD = "class Solution:\n    def bigSum(self, nums: List[int], k: int) -> int:\n        return sum(x for x in nums if x >= k)\n"
WRONG_METHOD = METHOD.replace(">=", ">")
STARTER = "class Solution:\n    def bigSum(self, nums: List[int], k: int) -> int:\n        "
CHECK = "def check(candidate):\n    assert candidate(nums = [1, 2, 3],k = 2) == 5\n    assert candidate(nums = [],k = 2) == 0\n"
DROP = "class Solution:\n    def drop(self, head: Optional[ListNode]) -> Optional[ListNode]:\n        return head.next if head else None\n"
STDIN_CASES = [
    {"input": "3 4\n", "output": "7\n", "testtype": "stdin"},
    {"input": "1 -1\n", "output": "0\n", "testtype": "stdin"},
]
PYTEST = "from solution import big_sum\n\ndef test_some():\n    assert big_sum([1, 2, 3], 2) == 5\n\ndef test_none():\n    assert big_sum([], 2) == 0\n"
ASSERTIONS = ["assert big_sum([1, 2, 3], 2) == 5", "assert big_sum([], 2) == 0"]
CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Write it."}]


@dataclass(frozen=True)
class Example:
    """``row`` has the shape called ``shape``; ``reference`` is read from it, None if it holds none."""

    name: str
    shape: str
    row: dict[str, Any]
    kind: str
    entry_point: str | None
    right: str
    wrong: str
    has_reference: bool = True


def verl_row(truth: Any, source: str = "taco", **extra: Any) -> dict[str, Any]:
    return {
        "data_source": source,
        "prompt": CHAT,
        "ability": "code",
        "reward_model": {"style": "rule", "ground_truth": truth if isinstance(truth, str) else json.dumps(truth)},
        "extra_info": {"split": "train", "index": 0, **extra},
    }


def packed(cases: list[dict[str, str]]) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(cases)))).decode()


def stdin(name: str, shape: str, row: dict[str, Any], has_reference: bool = True) -> Example:
    return Example(name, shape, row, "stdio", None, ADD, WRONG_ADD, has_reference)


def method(name: str, shape: str, row: dict[str, Any], entry: str = "bigSum", has_reference: bool = True) -> Example:
    kind = "assertions" if "(" in entry else "calls"
    return Example(name, shape, row, kind, entry, METHOD, WRONG_METHOD, has_reference)


def function(
    name: str, shape: str, row: dict[str, Any], kind: str = "assertions", has_reference: bool = True
) -> Example:
    return Example(name, shape, row, kind, "big_sum", BIG_SUM, WRONG_BIG_SUM, has_reference)


CALLS = {"fn_name": "big_sum", "inputs": [[[1, 2, 3], 2], [[], 2]], "outputs": [[5], [0]]}
TEXT_CALLS = {"fn_name": "bigSum", "inputs": ["[1, 2, 3]\n2", "[]\n2"], "outputs": ["5", "0"]}
PAIRS = {"inputs": ["3 4\n", "1 -1\n"], "outputs": ["7\n", "0\n"]}
LINES = {"inputs": [["3 4"], ["1 -1"]], "outputs": [["7"], [0]]}

# fmt: off
EXAMPLES = [
    stdin("prime_code", "prime_code", verl_row(PAIRS), False),
    method("prime_code of LeetCode", "prime_code", verl_row(TEXT_CALLS), has_reference=False),
    stdin("prime_code as an object", "prime_code", {**verl_row(""), "reward_model": {"ground_truth": PAIRS}}, False),
    stdin("prime_code twice as text", "prime_code", verl_row(json.dumps(json.dumps(PAIRS))), False),
    stdin("prime_code in columns that are text", "prime_code", {**verl_row(""), "reward_model": json.dumps({"ground_truth": PAIRS}), "extra_info": json.dumps({"solution": ADD})}),
    function("Eurus-2", "prime_code", verl_row(CALLS), "calls", False),
    function("sandbox_fusion", "sandbox_fusion", verl_row({"assert_case": ASSERTIONS}), has_reference=False),
    function("sandbox_fusion with inputs", "sandbox_fusion", verl_row({"assert_case": ASSERTIONS, "inputs": ["", ""], "outputs": [None, None]}), has_reference=False),
    stdin("code-r1 stdin", "prime_code", verl_row(PAIRS, "code", reference=ADD)),
    method("code-r1 functional", "code-r1 functional", verl_row({"functional": f"{CHECK}\n\ncheck(Solution().bigSum)"}, "code", reference=METHOD), "Solution().bigSum"),
    function("code-r1 functional, a list", "code-r1 functional", verl_row({"functional": ASSERTIONS}, "code", reference=BIG_SUM)),
    stdin("DeepCoder", "deepcoder", {"problem": "Add.", "tests": json.dumps(STDIN_CASES), "starter_code": "", "metadata": {"func_name": None}}, False),
    method("DeepCoder functional", "deepcoder", {"problem": "Sum.", "tests": json.dumps([{"input": "[1, 2, 3]\n2", "output": "5", "testtype": "functional"}]), "starter_code": STARTER, "metadata": {"func_name": "bigSum"}}, has_reference=False),
    method("DeepCoder functional, the name in the starter code", "deepcoder", {"problem": "Sum.", "tests": json.dumps([{"input": "[1, 2, 3]\n2", "output": "5", "testtype": "functional"}]), "starter_code": STARTER}, has_reference=False),
    stdin("DeepCoder of TACO", "apps", {"problem": "Add.", "tests": json.dumps(PAIRS), "solutions": ["print 1", ADD]}),
    stdin("DeepCoder of PrimeIntellect", "deepcoder", {"problem": "Add.", "tests": json.dumps([{"type": "stdin_stdout", "input": "3 4\n", "output": "7\n", "fn_name": None}]), "solutions": [f"```python\n{ADD}```"]}),
    function("DeepCoder of PrimeIntellect, calls", "deepcoder", {"problem": "Sum.", "tests": json.dumps([{"type": "function_call", "input": [[1, 2, 3], 2], "output": [5], "fn_name": "big_sum"}]), "solutions": [BIG_SUM]}, "calls"),
    stdin("rLLM", "deepcoder", {"uid": "deepcoder_0", "index": 0, "question": "Add.", "ground_truth": json.dumps(STDIN_CASES), "data_source": "livecodebench", "starter_code": "", "metadata": "{}"}, False),
    stdin("rLLM in verl's columns", "deepcoder", {**verl_row(""), "reward_model": {"style": "rule", "ground_truth": None}, "extra_info": {"question": "Add.", "ground_truth": json.dumps(STDIN_CASES), "index": 0}}, False),
    stdin("a list of cases in verl's columns", "deepcoder", verl_row(json.dumps([{**case, "metadata": {"func_name": None}} for case in STDIN_CASES]), "livecodebench"), False),
    method("LeetCodeDataset", "leetcodedataset", {"task_id": "big-sum", "question_id": 1, "starter_code": STARTER, "prompt": PREAMBLE, "completion": METHOD, "entry_point": "Solution().bigSum", "test": CHECK, "input_output": [{"input": "nums = [1,2,3], k = 2", "output": "5"}], "query": "Sum.", "response": ""}, "Solution().bigSum"),
    Example("LeetCodeDataset with linked lists", "leetcodedataset", {"task_id": "drop", "prompt": PREAMBLE, "completion": DROP, "entry_point": "Solution().drop", "test": "def check(candidate):\n    assert is_same_list(candidate(head = list_node([1, 2, 3])), list_node([2, 3]))\n", "query": "Drop."}, "assertions", "Solution().drop", DROP, DROP.replace("head.next if head else None", "head")),
    method("LeetCodeDataset under HumanEval's keys", "humaneval", {"task_id": "big-sum", "prompt": PREAMBLE, "canonical_solution": f"\n{METHOD}", "entry_point": "Solution().bigSum", "test": CHECK}, "Solution().bigSum"),
    function("AceCode-87K", "acecode", {"id": "oss_1", "question": "Write big_sum(nums, k).", "test_cases": ASSERTIONS, "inferences": [], "context_messages": []}, has_reference=False),
    function("AceCode-V2", "acecode", {"id": "oss_1", "question": "Write big_sum(nums, k).", "tests": ASSERTIONS}, has_reference=False),
    function("AceCode in verl's columns", "acecode", verl_row(ASSERTIONS, "acecoder"), has_reference=False),
    stdin("APPS", "apps", {"problem_id": 1, "question": "Add.", "solutions": json.dumps([ADD]), "input_output": json.dumps(PAIRS), "difficulty": "interview", "url": "", "starter_code": ""}),
    stdin("APPS with lines", "apps", {"problem_id": 1, "question": "Add.", "solutions": json.dumps([ADD]), "input_output": json.dumps(LINES), "starter_code": ""}),
    method("TACO", "apps", {"question": "Sum.", "solutions": json.dumps([METHOD]), "starter_code": STARTER, "input_output": json.dumps({**CALLS, "fn_name": "bigSum"}), "source": "leetcode", "time_limit": "2.0 seconds", "name": None}),
    stdin("LiveCodeBench", "livecodebench", {"question_title": "sum", "question_content": "Add.", "question_id": "abc1_a", "starter_code": "", "public_test_cases": json.dumps(STDIN_CASES[:1]), "private_test_cases": packed(STDIN_CASES[1:]), "metadata": "{}"}, False),
    method("LiveCodeBench functional", "livecodebench", {"question_content": "Sum.", "question_id": "7", "starter_code": STARTER, "public_test_cases": json.dumps([{"input": "[1, 2, 3]\n2", "output": "5", "testtype": "functional"}]), "private_test_cases": "[]", "metadata": json.dumps({"func_name": "bigSum"})}, has_reference=False),
    stdin("CodeContests", "code_contests", {"name": "1_A", "description": "Add.", "public_tests": {"input": ["3 4\n"], "output": ["7\n"]}, "private_tests": {"input": [], "output": []}, "generated_tests": {"input": ["1 -1\n"], "output": ["0\n"]}, "solutions": {"language": [2, 1, 3], "solution": ["int main(){}", "print raw_input()", ADD]}, "time_limit": {"seconds": 1, "nanos": 0}, "input_file": "", "output_file": ""}),
    method("Skywork-OR1", "skywork", verl_row({"import_prefix": PREAMBLE, "test_code": CHECK, "entry_point": "Solution().bigSum"}, "leetcode"), "Solution().bigSum", False),
    stdin("open-r1", "verifiable-coding-problems", {"problem_id": "vcp_1", "problem_statement": "Add.", "gold_standard_solution": f"```python\n{ADD}```", "verification_info": {"language": "python", "test_cases": [{"fn_name": None, "input": "3 4\n", "output": "7\n", "type": "stdin_stdout"}]}, "metadata": {"difficulty": None}}),
    stdin("PrimeIntellect", "verifiable-coding-problems", {"problem_id": "vcp_1", "prompt": "Add.", "gold_standard_solution": ADD, "verification_info": json.dumps({"language": "python", "test_cases": [{"type": "stdin_stdout", "input": "3 4\n", "output": "7\n"}]})}),
    stdin("open-r1 codeforces", "open-r1 codeforces", {"id": "1/A", "title": "Add", "description": "Add.", "input_mode": "stdio", "generated_checker": None, "official_tests": [{"input": "3 4\n", "output": "7\n"}]}, False),
    function("HumanEval", "humaneval", {"task_id": "HumanEval/900", "prompt": "import math\n\ndef big_sum(nums, k):\n    '''Sum.'''\n", "canonical_solution": "    return sum(x for x in nums if x >= k)\n", "test": CHECK, "entry_point": "big_sum"}),
    function("MBPP", "mbpp", {"task_id": 601, "text": "Write big_sum.", "code": BIG_SUM.replace("\n", "\r\n"), "test_list": ASSERTIONS, "test_setup_code": "", "challenge_test_list": []}),
    function("MBPP sanitized", "mbpp", {"task_id": 602, "source_file": "a", "prompt": "Write big_sum.", "code": BIG_SUM, "test_list": ASSERTIONS, "test_imports": ["import math"]}),
    function("MBPP+", "mbpp-plus", {"task_id": "Mbpp/11", "prompt": "Write big_sum.", "code": BIG_SUM, "test_list": ASSERTIONS, "test_imports": [], "test": "inputs = [[[1, 2, 3], 2], [[], 2]]\nresults = [5, 0]\nfor i, (inp, exp) in enumerate(zip(inputs, results)):\n    assert big_sum(*inp) == exp\n"}),
    function("code-r1 pytest", "code-r1 pytest", verl_row({"pytest": f"from solution import *\n{PYTEST}"}, "code", reference=BIG_SUM)),
    function("KodCode", "kodcode", {"style": "instruct", "question_id": "Prefill_1_I", "question": "Write it.", "solution": BIG_SUM, "test": PYTEST, "test_info": [{"function_declaration": "def big_sum(nums, k):", "function_name": "big_sum", "parameter_list": "(nums, k)", "docstring": ""}]}),
    function("BigCodeBench", "bigcodebench", {"task_id": "BigCodeBench/1", "complete_prompt": "import itertools\ndef big_sum(nums, k):\n    '''Doc.'''\n", "instruct_prompt": "Write big_sum.", "canonical_solution": "    return sum(x for x in nums if x >= k)\n", "code_prompt": "import itertools\ndef big_sum(nums, k):\n", "test": "import unittest\nclass TestCases(unittest.TestCase):\n    def test_some(self):\n        self.assertEqual(big_sum([1, 2, 3], 2), 5)\n    def test_none(self):\n        self.assertEqual(big_sum([], 2), 0)\n", "entry_point": "big_sum", "doc_struct": "{}", "libs": "['itertools']"}),
    function("HumanEval's tests in verl's columns", "kodcode", verl_row({"test": CHECK, "entry_point": "big_sum"}, "humaneval", solution=BIG_SUM)),
    function("code-r1 functional without check", "code-r1 functional", verl_row({"functional": "\n".join(ASSERTIONS)}, "code", reference=BIG_SUM)),
    function("assertions as text in verl's columns", "python tests", verl_row("\n".join(ASSERTIONS), "own", solution=BIG_SUM)),
    function("pytest's tests as text in verl's columns", "python tests", verl_row(PYTEST, "own", solution=BIG_SUM)),
    function("our own", "egca", {"task_id": "own", "prompt": "Write big_sum.", "entry_point": "big_sum", "reference": BIG_SUM, "tests": {"kind": "assertions", "setup": "", "assertions": ASSERTIONS}}),
]
# fmt: on
