"""Linked lists, trees and graphs as arguments and results."""

import pytest

from verl_egca.execution.verdict import Outcome

from ..problems import assertion_problem, call_problem
from .leetcode_preamble import PREAMBLE

REVERSED = """
class Solution:
    def f(self, head: Optional[ListNode]) -> Optional[ListNode]:
        before = None
        while head:
            head.next, before, head = before, head, head.next
        return before
"""
OWN_CLASSES = {
    "none": "",
    "as the preamble's": "class ListNode:\n    def __init__(self, val=0, next=None):\n        self.val = val\n        self.next = next\n",
    "of one argument": "class ListNode:\n    def __init__(self, x):\n        self.val = x\n        self.next = None\n        self.more = 1\n",
    "with slots": "class ListNode:\n    __slots__ = ('val', 'next')\n    def __init__(self, val, next=None):\n        self.val, self.next = val, next\n",
    "with defaults of its class": "class ListNode:\n    val = 0\n    next = None\n",
    "a dataclass": "from dataclasses import dataclass\n@dataclass\nclass ListNode:\n    val: int = 0\n    next: 'ListNode' = None\n",
    "that wants more arguments": "class ListNode:\n    def __init__(self, val, next, third):\n        pass\n",
}


def node_problem(*body, entry="Solution().f", setup=""):
    text = "".join(f"    {line}\n" for line in body)
    return assertion_problem(
        "check(candidate)", setup=f"{setup}def check(candidate):\n{text}", entry_point=entry, preamble=PREAMBLE
    )


@pytest.mark.parametrize("own", OWN_CLASSES.values(), ids=OWN_CLASSES.keys())
def test_lists_of_nodes_are_arguments_and_results_whatever_class_the_program_has(sandbox, own):
    problem = node_problem(
        "assert is_same_list(candidate(head = list_node([1, 2, 3])), list_node([3, 2, 1]))",
        "assert is_same_list(candidate(head = list_node([])), list_node([]))",
        "assert candidate(list_node([4, 5])).next.val == 4",
    )
    assert sandbox.run(problem, own + REVERSED).passed
    wrong = sandbox.run(problem, own + REVERSED.replace("return before", "return before and before.next"))
    assert [case.outcome for case in wrong.cases] == ["wrong_value", "passed", "wrong_value"]


def test_a_verdict_shows_nodes_as_lists(sandbox):
    problem = node_problem("assert is_same_list(candidate(head = list_node([1, 2])), list_node([2, 1]))")
    (case,) = sandbox.run(problem, "class Solution:\n    def f(self, head): return head\n").cases
    assert (case.got, case.expected) == ("ListNode([1, 2])", "ListNode([2, 1])")
    assert case.call == "Solution().f(head=ListNode([1, 2]))"


def test_a_list_of_ten_thousand_nodes_crosses_and_is_compared(sandbox):
    problem = node_problem(
        "assert is_same_list(candidate(list_node([*range(10_000)])), list_node([*range(9_999, -1, -1)]))"
    )
    assert sandbox.run(problem, REVERSED).passed


def test_circles_and_shared_nodes_keep_their_shape_and_identity(sandbox):
    circle = node_problem(
        "head = list_node([3, 2, 0, -4])",
        "head.next.next.next.next = head.next",
        "assert candidate(head) is head.next",
        "assert candidate(list_node([1])) is None",
    )
    finds = "class Solution:\n    def f(self, head):\n        seen = set()\n        while head and head not in seen:\n            seen.add(head)\n            head = head.next\n        return head\n"
    assert sandbox.run(circle, finds).passed
    shared = node_problem(
        "one, two = list_node([4, 1, 8]), list_node([5])",
        "two.next = one.next.next",
        "assert candidate(one, two) is two.next",
    )
    meets = "class Solution:\n    def f(self, a, b):\n        seen = set()\n        while a:\n            seen.add(a)\n            a = a.next\n        while b not in seen:\n            b = b.next\n        return b\n"
    assert sandbox.run(shared, meets).passed
    copied = "class Solution:\n    def f(self, head):\n        return ListNode(head.val, head.next)\n"
    assert not sandbox.run(circle, copied).passed


def test_what_a_program_changes_in_place_is_changed_for_the_test(sandbox):
    problem = node_problem(
        "root = tree_node([1, 2, 5, 3, 4, None, 6])",
        "left = root.left",
        "assert candidate(root) is None",
        "assert is_same_tree(root, tree_node([1, 5, 2, 6, None, 4, 3])) and root.right is left",
    )
    program = "class Solution:\n    def f(self, root):\n        if root:\n            root.left, root.right = root.right, root.left\n            self.f(root.left)\n            self.f(root.right)\n"
    assert sandbox.run(problem, program).passed
    assert not sandbox.run(problem, program.replace("self.f(root.right)", "pass")).passed


def test_graphs_and_lists_of_nodes_cross(sandbox):
    graph = node_problem(
        "a, b = Node(1), Node(2)",
        "a.neighbors, b.neighbors = [b], [a]",
        "c = candidate(a)",
        "assert c is not a and c.val == 1 and c.neighbors[0].val == 2 and c.neighbors[0].neighbors[0] is c",
    )
    clone = (
        "import copy\nclass Solution:\n    def f(self, node: 'Node') -> 'Node':\n        return copy.deepcopy(node)\n"
    )
    assert sandbox.run(graph, clone).passed
    many = node_problem("assert [n.val for n in candidate([list_node([1, 2]), None, list_node([3])])] == [1, 3]")
    assert sandbox.run(many, "class Solution:\n    def f(self, heads): return [h for h in heads if h]\n").passed


def test_classes_of_data_that_the_tests_define_cross_too(sandbox):
    setup = "class Employee:\n    def __init__(self, id, reports):\n        self.id, self.reports = id, reports\n"
    problem = assertion_problem("assert f(Employee(1, [Employee(2, [])])).id == 2", setup=setup)
    assert sandbox.run(problem, "def f(e): return e.reports[0]\n").passed
    own = "class Employee:\n    def __init__(self, id): self.id = id\ndef f(e): return Employee(e.reports[0].id)\n"
    assert sandbox.run(problem, own).passed


def test_objects_with_methods_of_the_tests_do_not_cross(sandbox):
    setup = "class Account:\n    def balance(self): return 3\n"
    (case,) = sandbox.run(
        assertion_problem("assert f(Account()) == 3", setup=setup), "def f(a): return a.balance()\n"
    ).cases
    assert case.outcome is Outcome.UNSUPPORTED


@pytest.mark.parametrize("own", ["none", "as the preamble's", "of one argument", "with slots", "a dataclass"])
def test_tests_without_a_preamble_may_make_nodes_whether_the_program_defines_them_or_not(sandbox, own):
    test = "head = ListNode(1)\nhead.next = ListNode(2)\nr = candidate(head)\nassert (r.val, r.next.val) == (2, 1)"
    problem = assertion_problem(f"{test}\nassert r.next.next is None", entry_point="Solution().f")
    assert sandbox.run(problem, OWN_CLASSES[own] + REVERSED).passed


# ---------------------------------------------------------------- pairs of JSON values

PAIRS = {
    "a list": (REVERSED, "f", (([1, 2, 3],), [3, 2, 1]), (([],), [])),
    "a list, annotated as text": (
        "def f(head: 'ListNode') -> 'ListNode':\n    return head.next if head else None\n", "f", (([1, 2],), [2]), (([1],), [])
    ),
    "lists of a list": (
        "def f(lists: List[Optional[ListNode]]) -> Optional[ListNode]:\n    values = []\n    for head in lists:\n        while head:\n            values.append(head.val)\n            head = head.next\n    first = None\n    for v in sorted(values, reverse=True):\n        first = ListNode(v, first)\n    return first\n",
        "f",
        (([[1, 4], [], [2]],), [1, 2, 4]),
    ),
    "a tree": (
        "class Solution:\n    def f(self, root: TreeNode | None) -> list[int]:\n        return [root.val, *self.f(root.left), *self.f(root.right)] if root else []\n",
        "f",
        (([1, None, 2, 3],), [1, 2, 3]),
        (([],), []),
    ),
    "a tree as a result": (
        "class Solution:\n    def f(self, root: Optional['TreeNode']) -> Optional['TreeNode']:\n        if root:\n            root.left, root.right = self.f(root.right), self.f(root.left)\n        return root\n",
        "f",
        (([4, 2, 7, 1, 3, 6, 9],), [4, 7, 2, 9, 6, 3, 1]),
        (([1, None, 2],), [1, 2]),
    ),
    "trees of a result": (
        "class Solution:\n    def f(self, n: int) -> List[Optional[TreeNode]]:\n        return [TreeNode(n), TreeNode(n, None, TreeNode(2))]\n",
        "f",
        ((1,), [[1], [1, None, 2]]),
    ),
    "a class of its own": (
        "class ListNode:\n    def __init__(self, x):\n        self.val = x\n        self.next = None\nclass Solution:\n    def f(self, head: ListNode, k: int) -> ListNode:\n        node = ListNode(k)\n        node.next = head\n        return node\n",
        "f",
        (([1, 2], 7), [7, 1, 2]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_lists_stand_for_nodes_where_annotations_say_so(sandbox, name):
    program, entry, *pairs = PAIRS[name]
    verdict = sandbox.run(call_problem(*pairs, entry_point=entry), program)
    assert verdict.passed, verdict.first_failure
    wrong = call_problem(*((arguments, [99]) for arguments, _ in pairs), entry_point=entry)
    assert {case.outcome for case in sandbox.run(wrong, program).cases} == {Outcome.WRONG}


def test_a_result_that_ends_in_a_circle_equals_no_list(sandbox):
    program = "def f(head: ListNode) -> ListNode:\n    head.next = head\n    return head\n"
    (case,) = sandbox.run(call_problem((([1],), [1])), program).cases
    assert case.outcome is Outcome.WRONG


def test_lists_stay_lists_where_nothing_says_otherwise(sandbox):
    assert sandbox.run(call_problem((([1, 2],), [2, 1])), "def f(head: list[int]): return head[::-1]").passed
