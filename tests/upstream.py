"""What this project relies on inside other packages, found again by file and line."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

FAR = 40  # lines that an upstream release may shift it by before someone has to look


@dataclass(frozen=True)
class Relied:
    """``text`` stands in ``file`` at about ``line``; ``look_at`` says what of ours depends on it."""

    file: str
    line: int
    text: str
    look_at: str

    def __str__(self):
        return f"{self.file}:{self.line}"

    def check(self):
        path = _site_packages(self.file) / self.file
        assert path.exists(), f"{self.file} is gone; look at {self.look_at}"
        lines = path.read_text().splitlines()
        found = [number for number, line in enumerate(lines, 1) if self.text in line]
        assert found, f"{self}: no line holds {self.text!r} any more; look at {self.look_at}"
        nearest = min(found, key=lambda number: abs(number - self.line))
        assert abs(nearest - self.line) <= FAR, f"{self}: {self.text!r} moved to line {nearest}; look at {self.look_at}"


def _site_packages(file):
    package = file.split("/")[0]
    locations = find_spec(package).submodule_search_locations
    return Path(next(iter(locations))).parent
