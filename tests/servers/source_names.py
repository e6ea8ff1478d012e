"""Which names Python sources import from packages whose sources lie in a folder, and whether they are there; nothing is run."""

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """``name`` of ``module`` (or the module itself), as a file imports it."""

    file: str
    line: int
    module: str
    name: str = ""

    def __str__(self):
        return f"{self.file}:{self.line}: {self.module} {self.name}".rstrip()


def imports_of(folder, packages):
    """All imports of ``packages`` in the files below ``folder``, wherever in a file they stand."""
    for file in sorted(Path(folder).rglob("*.py")):
        at, source = str(file.relative_to(folder)), file.read_bytes()
        if not any(package.encode() in source for package in packages):
            continue  # parsing takes long
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and not node.level and _top(node.module) in packages:
                for alias in node.names:
                    yield Import(at, node.lineno, node.module, alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if _top(alias.name) in packages:
                        yield Import(at, node.lineno, alias.name)


class Sources:
    """Packages as they lie in a folder, such as one that pip installed into."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self._names = {}

    def has(self, wanted):
        """Is what that import wants defined here?"""
        if not self._place(wanted.module):
            return False
        if wanted.name in ("", "*"):
            return True
        return wanted.name in self._defined(wanted.module) or bool(self._place(f"{wanted.module}.{wanted.name}"))

    def fields(self, module, classname):
        """Names that the class annotates, with those of its bases that lie here: a dataclass's fields."""
        tree = ast.parse(self._place(module).read_bytes())
        (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == classname)
        names = {node.target.id for node in found.body if isinstance(node, ast.AnnAssign)}
        bases = {base.id for base in found.bases if isinstance(base, ast.Name)}
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name in bases:
                names |= self.fields(module, node.name)
            elif isinstance(node, ast.ImportFrom):
                origin = node.module if not node.level else _absolute(module, False, node)
                for alias in node.names:
                    if (alias.asname or alias.name) in bases and self._place(origin):
                        names |= self.fields(origin, alias.name)
        return names

    def _place(self, module):
        base = self.folder.joinpath(*module.split("."))
        for place in (base / "__init__.py", base.with_suffix(".py"), base):
            if place.exists():
                return place
        return None

    def _defined(self, module):
        """Names that the module's top level binds, whichever branch is taken."""
        if module not in self._names:
            self._names[module] = names = set()
            place = self._place(module)
            if place and place.is_file():
                self._bind(ast.parse(place.read_bytes()).body, names, module, place.name == "__init__.py")
        return self._names[module]

    def _bind(self, body, names, module, is_package):
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(node.name)
                continue
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if alias.name == "*":
                        names |= self._defined(_absolute(module, is_package, node) if node.level else node.module)
                    names.add(alias.asname or alias.name)
            elif isinstance(node, ast.Import):
                names |= {alias.asname or _top(alias.name) for alias in node.names}
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
            for inner in ("body", "orelse", "finalbody"):
                self._bind(getattr(node, inner, []), names, module, is_package)
            for handler in getattr(node, "handlers", []):
                self._bind(handler.body, names, module, is_package)


def _absolute(module, is_package, node):
    parts = module.split(".") if is_package else module.split(".")[:-1]
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def _top(module):
    return module.split(".")[0]
