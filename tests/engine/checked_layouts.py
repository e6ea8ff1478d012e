"""What scripts/check_layouts.py finds of some layouts."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def checked(names, out):
    """By name, as it writes them to ``out``."""
    command = [sys.executable, ROOT / "scripts/check_layouts.py", "--only", ",".join(names), "--out", out]
    run = subprocess.run(command, capture_output=True, text=True)
    assert (out / "layouts.json").exists(), run.stdout + run.stderr
    return json.loads((out / "layouts.json").read_text())
