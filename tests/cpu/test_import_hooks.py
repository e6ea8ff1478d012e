"""Hooks that act at a module's import, whoever imports it."""

import sys
from contextlib import contextmanager

import pytest
from wrapt import register_post_import_hook

from verl_egca.cpu import import_hooks
from verl_egca.cpu.import_hooks import around_import, when_any_imported


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two modules, not imported yet; nothing of it stays."""
    folder = tmp_path / "hooked_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "a.py").write_text("value = 1\nfrom hooked_package import b\n")
    (folder / "b.py").write_text("value = 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    prefixes = list(import_hooks._prefix_hooks)
    yield "hooked_package"
    for name in [name for name in sys.modules if name.startswith("hooked_package")]:
        del sys.modules[name]
    import_hooks._prefix_hooks[:] = prefixes
    import_hooks._around.pop("hooked_package.a", None)


def test_a_prefix_hook_sees_every_module_below_it(package):
    __import__(f"{package}.b")
    seen = []
    when_any_imported(f"{package}.", lambda module: seen.append(module.__name__))
    __import__(f"{package}.a")
    assert seen == [f"{package}.b", f"{package}.a"]


def test_an_import_can_be_surrounded(package):
    log = []

    @contextmanager
    def surroundings():
        log.append("before")
        yield
        log.append("after")

    around_import(f"{package}.a", surroundings)
    when_any_imported(f"{package}.a", lambda module: log.append("prefix"))
    register_post_import_hook(lambda module: log.append("wrapt"), f"{package}.a")
    __import__(f"{package}.a")
    assert log == ["before", "after", "prefix", "wrapt"]


def test_the_source_of_a_hooked_module_can_still_be_read(package):
    import inspect

    when_any_imported(f"{package}.", lambda module: None)
    __import__(f"{package}.a")
    assert "value = 1" in inspect.getsource(sys.modules[f"{package}.a"])


def test_a_module_that_fails_runs_no_hook(package, tmp_path):
    (tmp_path / package / "a.py").write_text("raise KeyError('x')")
    seen = []
    when_any_imported(f"{package}.a", seen.append)
    with pytest.raises(KeyError):
        __import__(f"{package}.a")
    assert seen == []
