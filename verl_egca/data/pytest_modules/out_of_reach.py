"""Refuses tests that need the program's process: the program runs in another one, so right programs would fail them."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from verl_egca.data.pytest_modules.reading import Reading, is_within

_REPLACES = "replaces parts of a program, which runs in a process of its own"
_FILES = "reads or writes files, and the program has none"
_PRINTED = "looks at what a program prints or reads; standard-input tests are wanted for that"
_WARNED = "waits for warnings or log lines, which stay in the program's process"
_STARTS = "starts processes or threads"
_SOURCE = "looks at the program's source or modules"
_SKIPS = "ends a test without a verdict; leave the test out"

_REFUSED = {
    "unittest.mock": _REPLACES,
    "mock": _REPLACES,
    "pytest.MonkeyPatch": _REPLACES,
    "os": _FILES,
    "shutil": _FILES,
    "tempfile": _FILES,
    "glob": _FILES,
    "open": _FILES,
    "io.open": _FILES,
    "sys.stdout": _PRINTED,
    "sys.stderr": _PRINTED,
    "sys.stdin": _PRINTED,
    "sys.argv": _PRINTED,
    "contextlib.redirect_stdout": _PRINTED,
    "contextlib.redirect_stderr": _PRINTED,
    "warnings.catch_warnings": _WARNED,
    "pytest.warns": _WARNED,
    "pytest.deprecated_call": _WARNED,
    "self.assertWarns": _WARNED,
    "self.assertWarnsRegex": _WARNED,
    "self.assertLogs": _WARNED,
    "self.assertNoLogs": _WARNED,
    "subprocess": _STARTS,
    "multiprocessing": _STARTS,
    "threading": _STARTS,
    "concurrent": _STARTS,
    "asyncio": _STARTS,
    "inspect": _SOURCE,
    "importlib": _SOURCE,
    "runpy": _SOURCE,
    "sys.modules": _SOURCE,
    "__import__": _SOURCE,
    "__file__": _FILES,
    "pytest.skip": _SKIPS,
    "pytest.xfail": _SKIPS,
    "pytest.exit": _SKIPS,
    "unittest.SkipTest": _SKIPS,
    "self.skipTest": _SKIPS,
}
_ALLOWED = ("os.path.join", "os.path.basename", "os.path.splitext", "os.sep", "os.linesep", "os.PathLike")
_METHODS_OF_FILES = ("write_text", "read_text", "write_bytes", "read_bytes", "mkdir", "unlink", "touch", "rmdir")

FIXTURES = {
    "capsys": _PRINTED,
    "capfd": _PRINTED,
    "capsysbinary": _PRINTED,
    "tmp_path": _FILES,
    "tmpdir": _FILES,
    "tmp_path_factory": _FILES,
    "monkeypatch": _REPLACES,
    "mocker": _REPLACES,
    "caplog": _WARNED,
    "recwarn": _WARNED,
    "request": "asks pytest about the test itself",
    "benchmark": "measures time, which no verdict rests on",
}


def refuse_out_of_reach(reading: Reading, nodes: Iterable[ast.AST]) -> None:
    """Raises the module's BadInput at the first name out of reach."""
    for statement in nodes:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Name | ast.Attribute):
                continue
            path, root = reading.dotted(node), _root(node)
            if not path or not (reading.is_imported(root) or root in ("self", "open", "__import__", "__file__")):
                continue
            if any(is_within(path, allowed) or allowed.startswith(path) for allowed in _ALLOWED):
                continue
            for name, why in _REFUSED.items():
                if is_within(path, name):
                    raise reading.refusal(node, f"uses {path}, which {why}")
            if isinstance(node, ast.Attribute) and node.attr in _METHODS_OF_FILES:
                raise reading.refusal(node, f"uses {node.attr}, which {_FILES}")


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
