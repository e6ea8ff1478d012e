"""Tests that are Python source: its cases run in the judge, where the program's names stand for what the program defines."""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import functools
import importlib
import random
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from verl_egca.execution import cases as splitting
from verl_egca.execution.exchange import Name, text_of
from verl_egca.execution.given import Given, given_names
from verl_egca.execution.nodes import is_data_class, is_data_definition
from verl_egca.execution.outcome import Answer, ended_as, of_ended, of_load, of_raised, own_error, shown
from verl_egca.execution.raised import Ended, Raised
from verl_egca.execution.remote import Named, Remote, Unsupported, within_test
from verl_egca.execution.sitting import LoadFailed, Sitting
from verl_egca.execution.unroll import ProgramName
from verl_egca.execution.warm import WARM
from verl_egca.execution.watch import Watch

# Names that a test may use without importing them, as it could if the program does: the judge's own, not the program's.
_NAMES = {**given_names(), **{name: importlib.import_module(name) for name in WARM}}
_OF_NODES = ("ListNode", "TreeNode")
_FIXED = frozenset(
    name
    for name, value in _NAMES.items()
    if isinstance(value, ModuleType) or (isinstance(value, type) and name[:1].isupper() and name not in _OF_NODES)
) | {"deque", "defaultdict", "date", "timedelta"}
_SKIPPED = ("Skipped", "SkipTest", "Exit")  # of pytest and unittest
_ENDS_THE_JUDGE = (SystemExit, KeyboardInterrupt, GeneratorExit)


class Assertions:
    """Cases of assertion source. The tests' own names win over the preamble's, and those over the program's, except the entry
    point.

    As where tests and program share one namespace, all cases of a sitting do.
    """

    def __init__(
        self,
        preamble: str,
        setup: str,
        assertions: tuple[str, ...],
        entry: str | None,
        reference: str | None,
        watch: Watch,
    ) -> None:
        """Raises SyntaxError if the tests are not Python."""
        self._preamble, self._setup = preamble, splitting.with_candidate(setup, entry)
        self._assertions = tuple(splitting.with_candidate(text, entry) for text in assertions)
        self._entry, self._reference, self._watch = entry, reference, watch
        self._namespace: dict[str, Any] = {}
        self._of: tuple[Sitting, int] | None = None
        self._seen: tuple[Any, Any] | None = None

    @functools.cached_property
    def _cases(self) -> tuple[splitting.Case, ...]:
        return splitting.split_assertions(self._setup, self._assertions, self._preamble, self._entry)

    @property
    def count(self) -> int:
        return len(self._cases)

    @functools.cached_property
    def given(self) -> Given:
        own = [node for node in self._parsed if isinstance(node, ast.ClassDef)]
        classes = {node.name for node in own if is_data_definition(node)}
        crossing = tuple(sorted(classes | splitting.classes_of_preamble(self._preamble)))
        return Given(self._preamble, crossing, names="(" in (self._entry or ""), keeps=self._are_of_a_class)

    def judge(self, sitting: Sitting, index: int) -> Answer:
        case = self._cases[index]
        self._seen = None
        answer = self._judge(sitting, case)
        if answer["outcome"] != "passed" and answer["call"] is None and not sitting.is_trial:
            answer["call"] = sitting.shown_call(shown)
        if answer["outcome"] != "passed" and (misused := sitting.misused):
            answer = _unsupported(misused)
        return {"case": case.text, **answer}

    def _judge(self, sitting: Sitting, case: splitting.Case) -> Answer:
        try:
            assert self._packages is not None
            names = sitting.names()
            with self._watch, within_test:
                if self._of != (sitting, sitting.generation):
                    self._set_up(sitting, names)
                self._namespace[splitting.BOUND] = [self._given(value) for value in case.bound]
                random.seed(0)
                exec(case.code, self._namespace)
            return ended_as("passed")
        except LoadFailed as failed:
            return of_load(failed, sitting)
        except Raised as raised:
            return self._of_raised(raised)
        except Ended as ended:
            call = sitting.shown_call(shown)
            sitting.close()
            return of_ended(ended) | {"call": call}
        except Unsupported as error:
            if sitting.is_inside:
                sitting.close()
            return _unsupported(str(error))
        except NameError as error:
            return self._of_name_error(error)
        except AssertionError:
            return ended_as("wrong_value", **self._values())
        except (ImportError, OSError) as error:  # of the test's own imports and files
            return _unsupported(f"the test failed by itself: {type(error).__name__}: {text_of(error)}")
        except Exception as error:  # what came back does not fit what the test does with it
            if type(error).__name__ in _SKIPPED:
                return self._of_ending(error)
            return ended_as("wrong_value", error=own_error(type(error).__name__, text_of(error)), **self._values())
        except BaseException as error:
            return self._of_ending(error)

    # ---------------------------------------------------------------- what the tests run in

    def _set_up(self, sitting: Sitting, names: list[Name]) -> None:
        """A namespace for this process of the program, where the tests' set-up has run.

        The set-up's own failure, a missing package for one, is no failure of the program.
        """

        def compared(left: Any, right: Any, operator: Any) -> Any:
            self._seen = (left, right)
            result = operator(left, right)
            if result is True:
                self._seen = None
            return result

        self._of = None
        self._namespace.clear()  # its functions name it, and would be kept until the collector comes
        namespace: dict[str, Any] = {**self._given_names, "__name__": "tests"}
        namespace |= {splitting.COMPARED: compared, splitting.TYPE: _type_of}
        of_preamble = self._of_preamble()
        namespace |= of_preamble
        exchange = sitting.exchange
        exchange.class_named = lambda name: self._class_of_nodes(namespace, name)
        for name, sort in names:
            is_value = sort not in ("class", "callable", "exception")
            if name != self._entry and (name in of_preamble or not self._is_program_s(name, sitting)):
                continue
            if not is_value or name in self._used:
                namespace[name] = self._stand_in(sitting, name, sort)
        defined = dict(names)
        program_s = namespace.get(self._entry or "")
        if self._setup:
            try:
                with contextlib.redirect_stdout(None):
                    exec(splitting.compile_setup(self._setup), namespace)
            except (Raised, NameError):  # it calls into the program
                raise
            except Exception as error:
                if isinstance(error, AssertionError) and sitting.shown_call(shown) is not None:
                    raise
                raise Unsupported(f"the tests' set-up failed: {type(error).__name__}: {text_of(error)}") from None
        if self._entry in defined:
            namespace[self._entry] = namespace["candidate"] = program_s
        elif self._entry in namespace:  # the judge's own must not stand in for what the program lacks
            del namespace[self._entry]
        elif self._entry is not None and self._entry.partition("(")[0] in defined:
            namespace["candidate"] = Named(sitting, self._entry, "callable", False)
        self._namespace, self._of = namespace, (sitting, sitting.generation)

    def _of_preamble(self) -> dict[str, Any]:
        """Raises Unsupported if it fails here."""
        try:
            return splitting.names_of_preamble(self._preamble)
        except Exception as error:
            raise Unsupported(f"the problem's preamble failed: {type(error).__name__}: {text_of(error)}") from None

    def _is_program_s(self, name: str, sitting: Sitting) -> bool:
        """Whether a name in the tests means the program's, where the judge has one of that name, too.

        It does if the reference defines it. Without a reference it does not if the program only imports it, or if it names a
        built-in function, a module or a class of Python's: a program could win by an ``abs`` of its own.
        """
        if name not in _NAMES and not hasattr(builtins, name):
            return True
        if self._wanted or name in _FIXED or hasattr(builtins, name):
            return name in self._wanted
        defined = rf"^(?:(?:async +)?def|class) +{re.escape(name)}\b|^{re.escape(name)} *[:=]"
        return re.search(defined, sitting.source, re.MULTILINE) is not None

    def _stand_in(self, sitting: Sitting, name: str, sort: str) -> Any:
        if sort == "exception":
            return sitting.exchange.kinds.stand_in(name)
        if sort not in ("class", "callable"):
            return sitting.named(name)
        stand_in = Named(sitting, name, sort, self._is_class(name))
        sitting.exchange.named[name] = stand_in
        return stand_in

    def _is_class(self, name: str) -> bool:
        """Whether the tests want a class of this name. What the program says of it counts for nothing."""
        if name == (self._entry or "").partition("().")[0] != self._entry:
            return True
        if name in self._wanted:
            return isinstance(self._wanted[name], ast.ClassDef)
        return not self._wanted and re.fullmatch("[A-Z]+[a-z]\\w*", name) is not None

    @functools.cached_property
    def _are_of_a_class(self) -> bool:
        """Whether the tests use a class of the program's."""
        imported = {
            (alias.asname or alias.name).partition(".")[0]
            for node in self._nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        known = {*_NAMES, *dir(builtins), *self._own, *imported, *splitting.names_known_in(self._preamble)}
        return any(self._is_class(name) for name in self._used - (known - {self._entry}))

    def _class_of_nodes(self, namespace: dict[str, Any], name: str) -> type | None:
        if name not in self.given.classes and name not in _OF_NODES:
            return None
        found = namespace.get(name)
        return found if isinstance(found, type) and (name not in self._own or is_data_class(found)) else None

    def _given(self, value: Any) -> Any:
        if isinstance(value, ProgramName):
            if value.name not in self._namespace:
                raise NameError(f"name {value.name!r} is not defined", name=value.name)
            return self._namespace[value.name]
        return value if isinstance(value, ModuleType) else copy.deepcopy(value)

    # ---------------------------------------------------------------- what the tests' text says

    @functools.cached_property
    def _parsed(self) -> list[ast.stmt]:
        return ast.parse(self._setup).body

    @functools.cached_property
    def _nodes(self) -> list[ast.AST]:
        trees = [*self._parsed, *(ast.parse(text) for text in self._assertions)]
        return [node for tree in trees for node in ast.walk(tree)]

    @functools.cached_property
    def _used(self) -> frozenset[str]:
        return frozenset(node.id for node in self._nodes if isinstance(node, ast.Name))

    @functools.cached_property
    def _given_names(self) -> dict[str, Any]:
        """Those that the tests use, of the names that they find without importing them."""
        return {name: _NAMES[name] for name in self._used & _NAMES.keys()}

    @functools.cached_property
    def _own(self) -> frozenset[str]:
        """What the tests' set-up defines."""
        defined = {node.name for node in self._parsed if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        stored = {n.id for n in self._nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        return frozenset(defined | stored)

    @functools.cached_property
    def _wanted(self) -> dict[str, ast.stmt]:
        """What the reference defines, for tests to use; nothing where there is none."""
        try:
            tree = ast.parse(self._reference or "")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {}
        found: dict[str, ast.stmt] = {}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found[node.name] = node
            for name in ast.walk(node) if isinstance(node, ast.Assign | ast.AnnAssign) else ():
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    found[name.id] = node
        return found

    @functools.cached_property
    def _packages(self) -> list[ModuleType]:
        """Those that the tests import; imported before any case, since the first time may take longer than a case has."""
        found = []
        for module in _modules_of([*self._nodes, *splitting.nodes_of_preamble(self._preamble)]):
            with contextlib.redirect_stdout(None), contextlib.suppress(Exception):
                found.append(importlib.import_module(module))
        return found

    # ---------------------------------------------------------------- what came of it

    def _of_raised(self, raised: Raised) -> Answer:
        kind = raised.error["error"]
        if kind in ("StopIteration", "StopAsyncIteration") and kind in self._used:
            return _unsupported(f"the test waits for a {kind}, which the program could end the test's own loops with")
        return of_raised(raised)

    def _of_name_error(self, error: NameError) -> Answer:
        """The program has to define the entry point and what the reference defines; all that tests use, where neither is
        known. Else it is the tests that lack a name.
        """
        name = error.name or ""
        if isinstance(error, UnboundLocalError) or name in self._own:  # the test came another way than was meant
            return ended_as("wrong_value", error=own_error(type(error).__name__, text_of(error)), **self._values())
        entry = (self._entry or "").partition("(")[0]
        if name in (entry, "candidate", *self._wanted) or (self._entry is None and not self._wanted):
            name = entry if name == "candidate" else name
            return ended_as("exception", error=own_error("NameError", f"name {name!r} is not defined"))
        return _unsupported(f"the tests use {name!r}, which neither they nor the problem's reference define")

    def _of_ending(self, error: BaseException) -> Answer:
        """pytest's own, which are no Exceptions, and what would end the judge."""
        if type(error).__name__ == "Failed":
            return ended_as("wrong_value", error=own_error("Failed", text_of(error)), **self._values())
        if type(error).__name__ in _SKIPPED or isinstance(error, _ENDS_THE_JUDGE):
            return _unsupported(f"the test ends itself: {type(error).__name__}: {text_of(error)}")
        raise error

    def _values(self) -> Answer:
        if self._seen is None:
            return {}
        got, expected = self._seen
        return {"got": shown(got), "expected": shown(expected)}


def _unsupported(why: str) -> Answer:
    return ended_as("unsupported", error=own_error("unsupported", why))


def _type_of(value: Any) -> Any:
    """``type(value)`` in tests."""
    return value._egca_ask("kind") if isinstance(value, Remote) else type(value)


def _modules_of(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
