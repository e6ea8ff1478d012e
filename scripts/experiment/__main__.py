"""``python scripts/experiment``. The folder is a package, so its parent replaces it on the path."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])

from experiment.cli import app  # noqa: E402

app(prog_name="python scripts/experiment")
