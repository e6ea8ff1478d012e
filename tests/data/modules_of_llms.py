"""Modules of tests as KodCode, BigCodeBench and chat models write them, each with a right program and edits that break it."""

from textwrap import dedent

from .modules_of_tests import Module


def module(name, tests, program, *wrong, cases=None):
    return Module(name, dedent(tests), dedent(program).lstrip("\n"), wrong, cases)


MODULES = [
    module(
        "lru-cache",
        """
        from solution import LRUCache

        def test_put_and_get():
            cache = LRUCache(2)
            cache.put(1, 1)
            cache.put(2, 2)
            assert cache.get(1) == 1
            cache.put(3, 3)
            assert cache.get(2) == -1
            assert cache.get(3) == 3

        def test_update_existing_key():
            cache = LRUCache(1)
            cache.put('a', 1)
            cache.put('a', 2)
            assert cache.get('a') == 2

        def test_missing():
            assert LRUCache(3).get('x') == -1
        """,
        """
        from collections import OrderedDict

        class LRUCache:
            def __init__(self, capacity):
                self.capacity = capacity
                self.data = OrderedDict()

            def get(self, key):
                if key not in self.data:
                    return -1
                self.data.move_to_end(key)
                return self.data[key]

            def put(self, key, value):
                self.data[key] = value
                self.data.move_to_end(key)
                if len(self.data) > self.capacity:
                    self.data.popitem(last=False)
        """,
        ("        self.data.move_to_end(key)\n        return", "        return"),
        ("last=False", "last=True"),
        cases=3,
    ),
    module(
        "bank-account",
        """
        import pytest
        from solution import BankAccount, InsufficientFundsError

        class TestBankAccount:
            def test_initial_balance(self):
                account = BankAccount("Ada", 100)
                assert account.balance == 100
                assert account.owner == "Ada"

            def test_deposit(self):
                account = BankAccount("Ada")
                account.deposit(50.5)
                assert account.balance == pytest.approx(50.5)

            def test_negative_deposit(self):
                with pytest.raises(ValueError):
                    BankAccount("Ada").deposit(-5)

            def test_overdraft(self):
                account = BankAccount("Ada", 10)
                with pytest.raises(InsufficientFundsError) as info:
                    account.withdraw(20)
                assert "10" in str(info.value)
                assert account.balance == 10

            def test_transfer(self):
                a, b = BankAccount("Ada", 10), BankAccount("Bob", 1)
                a.transfer(b, 4)
                assert a.balance == 6
                assert b.balance == 5
        """,
        """
        class InsufficientFundsError(Exception):
            pass

        class BankAccount:
            def __init__(self, owner, balance=0):
                self.owner = owner
                self.balance = balance

            def deposit(self, amount):
                if amount <= 0:
                    raise ValueError("amount must be positive")
                self.balance += amount

            def withdraw(self, amount):
                if amount > self.balance:
                    raise InsufficientFundsError(f"only {self.balance} left")
                self.balance -= amount

            def transfer(self, other, amount):
                self.withdraw(amount)
                other.deposit(amount)
        """,
        ("raise InsufficientFundsError", "raise ValueError"),
        ('raise ValueError("amount', 'ValueError("amount'),
        ("other.deposit(amount)", "other.deposit(amount + 1)"),
        ("only {self.balance} left", "no"),
        cases=5,
    ),
    module(
        "errors-that-derive",
        """
        import pytest
        from solution import ParseError, parse_pairs

        def test_pairs():
            assert parse_pairs("a=1;b=2") == {"a": 1, "b": 2}
            assert parse_pairs("") == {}

        def test_is_a_value_error():
            with pytest.raises(ValueError):
                parse_pairs("a=x")

        def test_position():
            with pytest.raises(ParseError) as info:
                parse_pairs("a=1;b")
            assert info.value.position == 4

        def test_by_hand():
            try:
                parse_pairs("nonsense")
            except ParseError as error:
                assert "nonsense" in str(error)
            else:
                assert False, "no error"
        """,
        """
        class ParseError(ValueError):
            def __init__(self, message, position):
                super().__init__(message)
                self.position = position

        def parse_pairs(text):
            result, place = {}, 0
            for part in text.split(";") if text else []:
                key, sign, value = part.partition("=")
                if not sign:
                    raise ParseError(f"no = in {part}", place)
                if not value.isdigit():
                    raise ParseError("not a number", place)
                result[key] = int(value)
                place += len(part) + 1
            return result
        """,
        ("class ParseError(ValueError)", "class ParseError(Exception)"),
        ("place += len(part) + 1", "place += len(part)"),
        ("no = in {part}", "no"),
        cases=5,
    ),
    module(
        "temperature",
        """
        import pytest
        from solution import convert_temperature

        @pytest.mark.parametrize(
            "value, unit, expected",
            [
                (0, "C", 32.0),
                (100, "C", 212.0),
                (-40, "F", -40.0),
                (98.6, "F", 37.0),
            ],
        )
        def test_conversion(value, unit, expected):
            assert convert_temperature(value, unit) == pytest.approx(expected, abs=1e-6)

        @pytest.mark.parametrize("unit", ["K", "", None])
        def test_bad_unit(unit):
            with pytest.raises(ValueError, match="unit"):
                convert_temperature(1, unit)
        """,
        """
        def convert_temperature(value, unit):
            if unit == "C":
                return value * 9 / 5 + 32
            if unit == "F":
                return (value - 32) * 5 / 9
            raise ValueError(f"unknown unit {unit}")
        """,
        ("* 5 / 9", "* 4 / 9"),
        ("unknown unit", "unknown"),
        ("raise ValueError", "raise KeyError"),
        cases=7,
    ),
    module(
        "vector-operators",
        """
        import math
        from solution import Vector

        def test_add():
            v = Vector(1, 2) + Vector(3, 4)
            assert (v.x, v.y) == (4, 6)

        def test_scale_and_length():
            v = Vector(3, 4) * 2
            assert abs(v) == 10
            assert math.isclose(Vector(1, 1).length(), math.sqrt(2))

        def test_repr():
            assert repr(Vector(1, 2)) == "Vector(1, 2)"
            assert str(Vector(0, 0)) == "(0, 0)"

        def test_equal():
            assert Vector(1, 2) == Vector(1, 2)
            assert Vector(1, 2) != Vector(2, 1)
            assert len({Vector(1, 2), Vector(1, 2)}) == 1
        """,
        """
        import math

        class Vector:
            def __init__(self, x, y):
                self.x, self.y = x, y

            def __add__(self, other):
                return Vector(self.x + other.x, self.y + other.y)

            def __mul__(self, k):
                return Vector(self.x * k, self.y * k)

            def __abs__(self):
                return self.length()

            def length(self):
                return math.hypot(self.x, self.y)

            def __eq__(self, other):
                return (self.x, self.y) == (other.x, other.y)

            def __hash__(self):
                return hash((self.x, self.y))

            def __repr__(self):
                return f"Vector({self.x}, {self.y})"

            def __str__(self):
                return f"({self.x}, {self.y})"
        """,
        ("self.y + other.y", "self.y - other.y"),
        ("return Vector(self.x * k, self.y * k)", "return Vector(self.x * k, self.y)"),
        ('f"Vector(', 'f"V('),
    ),
    module(
        "linked-list",
        """
        from solution import LinkedList, Node

        def build(values):
            linked = LinkedList()
            for value in values:
                linked.append(value)
            return linked

        def test_append():
            assert build([1, 2, 3]).to_list() == [1, 2, 3]

        def test_reverse():
            linked = build([1, 2, 3])
            linked.reverse()
            assert linked.to_list() == [3, 2, 1]
            assert linked.head.value == 3
            assert linked.head.next.next.next is None

        def test_empty():
            linked = LinkedList()
            linked.reverse()
            assert linked.to_list() == []
            assert linked.head is None

        def test_iteration_and_length():
            linked = build("abc")
            assert [x for x in linked] == ["a", "b", "c"]
            assert len(linked) == 3
            assert "b" in linked
            assert "z" not in linked

        def test_node():
            node = Node(5)
            assert node.value == 5
            assert node.next is None
        """,
        """
        class Node:
            def __init__(self, value):
                self.value = value
                self.next = None

        class LinkedList:
            def __init__(self):
                self.head = None

            def append(self, value):
                node = Node(value)
                if self.head is None:
                    self.head = node
                    return
                last = self.head
                while last.next:
                    last = last.next
                last.next = node

            def reverse(self):
                before, node = None, self.head
                while node:
                    node.next, before, node = before, node, node.next
                self.head = before

            def __iter__(self):
                node = self.head
                while node:
                    yield node.value
                    node = node.next

            def __len__(self):
                return sum(1 for _ in self)

            def __contains__(self, value):
                return any(x == value for x in self)

            def to_list(self):
                return list(self)
        """,
        ("self.head = before", "pass"),
        ("x == value", "x != value"),
        ("return sum(1 for _ in self)", "return 2"),
    ),
    module(
        "matrix-unittest",
        """
        import unittest
        import numpy as np
        from solution import task_func

        class TestCases(unittest.TestCase):
            def setUp(self):
                self.matrix = [[1, 2], [3, 4]]

            def test_shape(self):
                self.assertEqual(np.array(task_func(self.matrix)).shape, (2, 2))

            def test_values(self):
                np.testing.assert_array_almost_equal(task_func(self.matrix), [[-2.0, 1.0], [1.5, -0.5]])

            def test_singular(self):
                with self.assertRaises(ValueError):
                    task_func([[1, 2], [2, 4]])
        """,
        """
        def task_func(m):
            (a, b), (c, d) = m
            det = a * d - b * c
            if det == 0:
                raise ValueError("singular")
            return [[d / det, -b / det], [-c / det, a / det]]
        """,
        ("-b / det", "b / det"),
        ("det == 0", "det == 1"),
        cases=3,
    ),
    module(
        "word-count",
        """
        from collections import Counter
        from solution import word_count

        def test_simple():
            assert word_count("a b a") == {"a": 2, "b": 1}

        def test_against_counter():
            text = "the quick brown fox jumps over the lazy dog the end"
            assert word_count(text) == dict(Counter(text.split()))

        def test_case_and_punctuation():
            assert word_count("Hi, hi! HI?") == {"hi": 3}

        def test_empty():
            result = word_count("")
            assert isinstance(result, dict)
            assert not result
            assert len(result) == 0
        """,
        """
        import re
        from collections import Counter

        def word_count(text):
            return Counter(re.findall(r"[a-z]+", text.lower()))
        """,
        (".lower()", ""),
        ("[a-z]+", "[a-z,]+"),
    ),
    module(
        "generators",
        """
        from itertools import islice
        from types import GeneratorType
        import pytest
        from solution import fib, chunks

        def test_first_ten():
            assert list(islice(fib(), 10)) == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]

        def test_next():
            g = fib()
            assert next(g) == 0
            assert next(g) == 1
            assert next(g) == 1

        def test_chunks():
            assert list(chunks([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
            assert list(chunks([], 3)) == []

        def test_end():
            c = chunks([1], 1)
            next(c)
            with pytest.raises(StopIteration):
                next(c)
        """,
        """
        def fib():
            a, b = 0, 1
            while True:
                yield a
                a, b = b, a + b

        def chunks(xs, n):
            for i in range(0, len(xs), n):
                yield xs[i:i + n]
        """,
        ("b, a + b", "b, a + b + 1"),
        ("i + n]", "i + n - 1]"),
    ),
    module(
        "decorators-and-callbacks",
        """
        from solution import memoize, compose, apply_n

        def test_memoize_calls_once():
            calls = []

            def slow(x):
                calls.append(x)
                return x * 2

            fast = memoize(slow)
            assert fast(3) == 6
            assert fast(3) == 6
            assert calls == [3]

        def test_compose():
            inc = lambda x: x + 1
            double = lambda x: x * 2
            assert compose(inc, double)(5) == 11
            assert compose()(7) == 7

        def test_apply():
            assert apply_n(lambda x: x + 3, 4, 0) == 12
            assert apply_n(str.upper, 1, "a") == "A"
        """,
        """
        def memoize(f):
            seen = {}
            def inner(x):
                if x not in seen:
                    seen[x] = f(x)
                return seen[x]
            return inner

        def compose(*fs):
            def inner(x):
                for f in reversed(fs):
                    x = f(x)
                return x
            return inner

        def apply_n(f, n, x):
            for _ in range(n):
                x = f(x)
            return x
        """,
        ("if x not in seen", "if True"),
        ("reversed(fs)", "fs"),
        ("range(n)", "range(n - 1)"),
    ),
    module(
        "enum-and-constants",
        """
        from solution import Color, DEFAULT, mix, PALETTE

        def test_members():
            assert Color.RED.value == 1
            assert Color.BLUE.name == "BLUE"

        def test_mix():
            assert mix(Color.RED, Color.BLUE) == "purple"
            assert mix(DEFAULT, DEFAULT) == "red"

        def test_palette():
            assert PALETTE == {"red": (255, 0, 0), "blue": (0, 0, 255)}
        """,
        """
        from enum import Enum

        class Color(Enum):
            RED = 1
            BLUE = 2

        DEFAULT = Color.RED
        PALETTE = {"red": (255, 0, 0), "blue": (0, 0, 255)}

        def mix(a, b):
            if a == b:
                return a.name.lower()
            return "purple"
        """,
        ("RED = 1", "RED = 3"),
        ('"purple"', '"green"'),
        ("(0, 0, 255)", "(0, 0, 254)"),
    ),
    module(
        "class-methods-and-properties",
        """
        import pytest
        from solution import Circle

        def test_area():
            c = Circle(2)
            assert round(c.area, 2) == 12.57
            assert c.diameter == 4

        def test_setter():
            c = Circle(1)
            c.radius = 3
            assert c.diameter == 6
            with pytest.raises(ValueError):
                c.radius = -1

        def test_from_diameter():
            assert Circle.from_diameter(10).radius == 5
            assert Circle.is_valid(3)
            assert not Circle.is_valid(-3)

        def test_count():
            before = Circle.made
            Circle(1)
            Circle(2)
            assert Circle.made == before + 2
        """,
        """
        import math

        class Circle:
            made = 0

            def __init__(self, radius):
                self.radius = radius
                Circle.made += 1

            @property
            def radius(self):
                return self._radius

            @radius.setter
            def radius(self, value):
                if value < 0:
                    raise ValueError("negative")
                self._radius = value

            @property
            def area(self):
                return math.pi * self._radius ** 2

            @property
            def diameter(self):
                return 2 * self._radius

            @classmethod
            def from_diameter(cls, d):
                return cls(d / 2)

            @staticmethod
            def is_valid(r):
                return r >= 0
        """,
        ("d / 2", "d"),
        ("2 * self._radius", "3 * self._radius"),
        ("raise ValueError", "ValueError"),
        ("Circle.made += 1", "Circle.made += 2"),
    ),
    module(
        "in-place",
        """
        from solution import bubble_sort, remove_duplicates, transpose

        def test_sorts_in_place():
            data = [5, 2, 9, 1]
            result = bubble_sort(data)
            assert result is None
            assert data == [1, 2, 5, 9]

        def test_keeps_the_input():
            data = [1, 1, 2]
            assert remove_duplicates(data) == [1, 2]
            assert data == [1, 1, 2]

        def test_many():
            for data in ([], [1], [2, 1], [3, 3, 1], list(range(20, 0, -1))):
                expected = sorted(data)
                bubble_sort(data)
                assert data == expected

        def test_matrix():
            m = [[1, 2], [3, 4]]
            transpose(m)
            assert m == [[1, 3], [2, 4]]
        """,
        """
        def bubble_sort(xs):
            for i in range(len(xs)):
                for j in range(len(xs) - 1 - i):
                    if xs[j] > xs[j + 1]:
                        xs[j], xs[j + 1] = xs[j + 1], xs[j]

        def remove_duplicates(xs):
            return list(dict.fromkeys(xs))

        def transpose(m):
            for i in range(len(m)):
                for j in range(i):
                    m[i][j], m[j][i] = m[j][i], m[i][j]
        """,
        ("xs[j] > xs[j + 1]", "xs[j] < xs[j + 1]"),
        ("return list(dict.fromkeys(xs))", "xs[:] = list(dict.fromkeys(xs)); return list(xs)"),
        ("range(i)", "range(len(m))"),
    ),
    module(
        "calculator-parser",
        """
        import pytest
        from solution import evaluate

        CASES = {
            "1 + 2": 3,
            "2 * 3 + 4": 10,
            "2 * (3 + 4)": 14,
            "10 / 4": 2.5,
            "-3 + 5": 2,
        }

        @pytest.mark.parametrize("expression, value", CASES.items())
        def test_evaluate(expression, value):
            assert evaluate(expression) == value

        @pytest.mark.parametrize("expression", ["1 +", "(2", "a", ""])
        def test_malformed(expression):
            with pytest.raises(ValueError):
                evaluate(expression)

        def test_division_by_zero():
            with pytest.raises(ZeroDivisionError):
                evaluate("1 / 0")
        """,
        """
        import re

        def evaluate(text):
            tokens = re.findall(r"\\d+\\.?\\d*|\\S", text)

            def factor():
                if not tokens:
                    raise ValueError("unexpected end")
                token = tokens.pop(0)
                if token == "-":
                    return -factor()
                if token == "(":
                    value = expression()
                    if not tokens or tokens.pop(0) != ")":
                        raise ValueError("no closing parenthesis")
                    return value
                return float(token) if "." in token else int(token)

            def term():
                value = factor()
                while tokens and tokens[0] in "*/":
                    value = value * factor() if tokens.pop(0) == "*" else value / factor()
                return value

            def expression():
                value = term()
                while tokens and tokens[0] in "+-":
                    value = value + term() if tokens.pop(0) == "+" else value - term()
                return value

            value = expression()
            if tokens:
                raise ValueError("unexpected rest")
            return value
        """,
        ("value / factor()", "value // factor()"),
        ('raise ValueError("no closing', 'ValueError("no closing'),
        ("return -factor()", "return factor()"),
        cases=10,
    ),
    module(
        "dataclass",
        """
        from solution import Box, bounds

        def test_bounds():
            box = bounds([(1, 5), (3, 2), (0, 4)])
            assert box.low == (0, 2)
            assert box.high == (3, 5)
            assert isinstance(box, Box)

        def test_default():
            assert Box().low == (0, 0)
        """,
        """
        from dataclasses import dataclass

        @dataclass
        class Box:
            low: tuple = (0, 0)
            high: tuple = (0, 0)

        def bounds(points):
            xs, ys = zip(*points)
            return Box((min(xs), min(ys)), (max(xs), max(ys)))
        """,
        ("max(ys)", "min(ys)"),
        ("low: tuple = (0, 0)", "low: tuple = (1, 0)"),
    ),
    module(
        "dates-and-decimals",
        """
        from datetime import date, datetime, timedelta
        from decimal import Decimal
        from fractions import Fraction
        from solution import add_days, total_price, half

        def test_add_days():
            assert add_days("2024-02-28", 2) == date(2024, 3, 1)
            assert add_days("2024-02-28", 2) - date(2024, 2, 28) == timedelta(days=2)

        def test_price():
            assert total_price([Decimal("0.10"), Decimal("0.20")]) == Decimal("0.30")

        def test_half():
            assert half(3) == Fraction(3, 2)
            assert half(4) == 2
        """,
        """
        from datetime import date, timedelta
        from decimal import Decimal
        from fractions import Fraction

        def add_days(text, n):
            return date.fromisoformat(text) + timedelta(days=n)

        def total_price(prices):
            return sum(prices, Decimal(0))

        def half(n):
            return Fraction(n, 2)
        """,
        ("timedelta(days=n)", "timedelta(days=n + 1)"),
        ("Decimal(0)", "Decimal(1)"),
        ("Fraction(n, 2)", "Fraction(n, 3)"),
    ),
    module(
        "counter-closures",
        """
        from solution import make_counter

        def test_counters_are_independent():
            a, b = make_counter(), make_counter(10)
            assert a() == 1
            assert a() == 2
            assert b() == 11
            assert a() == 3
        """,
        """
        def make_counter(start=0):
            n = start
            def count():
                nonlocal n
                n += 1
                return n
            return count
        """,
        ("n += 1", "n += 2"),
    ),
    module(
        "context-manager-and-iterator-protocol",
        """
        import pytest
        from solution import Timer, Countdown

        def test_with():
            with Timer() as t:
                t.tick()
                t.tick()
            assert t.ticks == 2
            assert t.closed

        def test_countdown():
            assert list(Countdown(3)) == [3, 2, 1]
            c = Countdown(1)
            assert next(c) == 1
            with pytest.raises(StopIteration):
                next(c)
        """,
        """
        class Timer:
            def __init__(self):
                self.ticks = 0
                self.closed = False

            def __enter__(self):
                return self

            def tick(self):
                self.ticks += 1

            def __exit__(self, *error):
                self.closed = True

        class Countdown:
            def __init__(self, n):
                self.n = n

            def __iter__(self):
                return self

            def __next__(self):
                if self.n <= 0:
                    raise StopIteration
                self.n -= 1
                return self.n + 1
        """,
        ("self.closed = True", "self.closed = False"),
        ("return self.n + 1", "return self.n"),
    ),
    module(
        "inheritance",
        """
        import math
        import pytest
        from solution import Shape, Square, Disc, total_area

        def test_area():
            assert Square(3).area() == 9
            assert math.isclose(Disc(1).area(), math.pi)

        def test_total():
            assert total_area([Square(1), Square(2)]) == 5

        def test_is_a_shape():
            assert isinstance(Square(1), Shape)
            assert issubclass(Disc, Shape)

        def test_abstract():
            with pytest.raises(NotImplementedError):
                Shape().area()

        def test_names():
            assert type(Square(1)).__name__ == "Square"
            assert Square.__name__ == "Square"
            assert total_area.__name__ == "total_area"
        """,
        """
        import math

        class Shape:
            def area(self):
                raise NotImplementedError

        class Square(Shape):
            def __init__(self, a):
                self.a = a

            def area(self):
                return self.a ** 2

        class Disc(Shape):
            def __init__(self, r):
                self.r = r

            def area(self):
                return math.pi * self.r ** 2

        def total_area(shapes):
            return sum(s.area() for s in shapes)
        """,
        ("self.a ** 2", "self.a * 2"),
        ("raise NotImplementedError", "return 0"),
        ("sum(s.area() for s in shapes)", "shapes[0].area()"),
    ),
    module(
        "graph",
        """
        import pytest
        from solution import Graph, shortest_path

        @pytest.fixture
        def graph():
            g = Graph()
            for a, b, w in [("a", "b", 1), ("b", "c", 2), ("a", "c", 5)]:
                g.add_edge(a, b, w)
            return g

        def test_path(graph):
            assert shortest_path(graph, "a", "c") == (3, ["a", "b", "c"])

        def test_neighbours(graph):
            assert graph.neighbours("a") == {"b": 1, "c": 5}
            assert sorted(graph.nodes()) == ["a", "b", "c"]

        def test_no_path(graph):
            graph.add_node("z")
            assert shortest_path(graph, "a", "z") is None

        def test_unknown(graph):
            with pytest.raises(KeyError):
                shortest_path(graph, "a", "nowhere")
        """,
        """
        import heapq

        class Graph:
            def __init__(self):
                self._edges = {}

            def add_node(self, a):
                self._edges.setdefault(a, {})

            def add_edge(self, a, b, w):
                self.add_node(a)
                self.add_node(b)
                self._edges[a][b] = w

            def neighbours(self, a):
                return self._edges[a]

            def nodes(self):
                return set(self._edges)

        def shortest_path(graph, start, end):
            if end not in graph.nodes():
                raise KeyError(end)
            todo, seen = [(0, start, [start])], set()
            while todo:
                cost, node, path = heapq.heappop(todo)
                if node == end:
                    return cost, path
                if node in seen:
                    continue
                seen.add(node)
                for other, w in graph.neighbours(node).items():
                    heapq.heappush(todo, (cost + w, other, [*path, other]))
            return None
        """,
        ("cost + w", "cost + 1"),
        ("raise KeyError(end)", "return None"),
        ("self._edges[a][b] = w", "self._edges[b][a] = w"),
        cases=4,
    ),
    module(
        "large-and-deep",
        """
        from solution import depth, total

        def test_deep():
            nested = []
            for _ in range(150):
                nested = [nested]
            assert depth(nested) == 151

        def test_large():
            numbers = list(range(100_000))
            assert total(numbers) == sum(numbers)
            assert total(range(10)) == 45
        """,
        """
        def depth(x):
            return 1 + max((depth(y) for y in x), default=0)

        def total(xs):
            return sum(xs)
        """,
        ("default=0", "default=1"),
        ("sum(xs)", "sum(xs) + 1"),
    ),
    module(
        "solution-class",
        """
        from typing import List
        from solution import Solution

        class TestSolution:
            def setup_method(self):
                self.solution = Solution()

            def test_examples(self):
                assert self.solution.twoSum([2, 7, 11, 15], 9) == [0, 1]
                assert self.solution.twoSum([3, 2, 4], 6) == [1, 2]

            def test_same(self):
                assert self.solution.twoSum(nums=[3, 3], target=6) == [0, 1]

        def test_anew():
            assert Solution().twoSum([1, 2], 3) == [0, 1]
        """,
        """
        class Solution:
            def twoSum(self, nums, target):
                seen = {}
                for i, x in enumerate(nums):
                    if target - x in seen:
                        return [seen[target - x], i]
                    seen[x] = i
                return []
        """,
        ("[seen[target - x], i]", "[i, seen[target - x]]"),
        ("seen[x] = i", "seen[x] = i + 1"),
    ),
]

# where the sandbox may have no verdict: a right program is never wrong, and a wrong one never passes
NEVER_WRONG = [
    module(
        "singleton",
        """
        from solution import get_registry

        def test_registry_is_one():
            assert get_registry() is get_registry()

        def test_register():
            get_registry().add("x")
            get_registry().add("y")
            assert get_registry().names == ["x", "y"]
            assert len(get_registry().names) == 2
        """,
        """
        class Registry:
            def __init__(self):
                self.names = []

            def add(self, name):
                self.names.append(name)

        _registry = Registry()

        def get_registry():
            return _registry
        """,
        ("return _registry", "return Registry()"),
        ("self.names.append(name)", "self.names.insert(0, name)"),
    ),
    module(
        "named-tuple",
        """
        from solution import Point

        def test_point():
            p = Point(1, 2)
            assert p == (1, 2)
            assert p.x == 1
            assert p[1] == 2
            x, y = p
            assert (x, y) == (1, 2)
        """,
        """
        from collections import namedtuple

        Point = namedtuple("Point", "x y")
        """,
        ('"x y"', '"y x"'),
    ),
]
